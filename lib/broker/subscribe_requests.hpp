// Answers SUBSCRIBE and UNSUBSCRIBE.
#pragma once

#include <vector>

#include "broker/broker_state.hpp"

namespace mqtk {

class SubscribeRequests {
 public:
  explicit SubscribeRequests(BrokerState& state) : state_(state) {}

  void on_subscribe(BrokerConnection& connection, Session& session, const Subscribe& subscribe);
  void on_unsubscribe(BrokerConnection& connection, Session& session, const Unsubscribe& unsubscribe);

 private:
  [[nodiscard]] ReasonCode subscribe_to(const Subscription& subscription, Version version, std::uint32_t identifier,
                                        Session& session);
  [[nodiscard]] ReasonCode check(const Subscribe& subscribe, const BrokerConnection& connection) const;
  [[nodiscard]] ReasonCode check(const TopicFilter& filter, const Session& session) const;

  BrokerState& state_;
  std::vector<std::uint8_t> reason_codes_;
};

}  // namespace mqtk
