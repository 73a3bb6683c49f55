// Tells several listeners what one broker tells one.
#pragma once

#include <vector>

#include "broker/broker_listener.hpp"

namespace mqtk::broker_program {

class EventRelay final : public BrokerListener {
 public:
  // `listener` outlives the relay's use.
  void add(BrokerListener& listener) { listeners_.push_back(&listener); }

  void on_event(const BrokerEvent& event) override {
    for (BrokerListener* listener : listeners_) listener->on_event(event);
  }
  [[nodiscard]] bool wants_packets() const override {
    for (const BrokerListener* listener : listeners_) {
      if (listener->wants_packets()) return true;
    }
    return false;
  }
  void on_packet(const PassingPacket& packet) override {
    for (BrokerListener* listener : listeners_) {
      if (listener->wants_packets()) listener->on_packet(packet);
    }
  }
  void on_connection_closed(std::uint64_t connection) override {
    for (BrokerListener* listener : listeners_) listener->on_connection_closed(connection);
  }
  [[nodiscard]] bool wants_messages() const override {
    for (const BrokerListener* listener : listeners_) {
      if (listener->wants_messages()) return true;
    }
    return false;
  }
  void on_message(std::string_view client_identifier, const Publish& publish) override {
    for (BrokerListener* listener : listeners_) {
      if (listener->wants_messages()) listener->on_message(client_identifier, publish);
    }
  }

 private:
  std::vector<BrokerListener*> listeners_;
};

}  // namespace mqtk::broker_program
