// How many connections one address may have, and how many all may open in a second.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/time.hpp"
#include "broker/broker_options.hpp"
#include "broker/rate_limit.hpp"
#include "codec/reason_code.hpp"

namespace mqtk {

class ConnectionLimits {
 public:
  explicit ConnectionLimits(const BrokerOptions& options)
      : per_address_(options.max_connections_per_address), rate_(options.max_connections_per_second) {}

  struct Verdict {
    ReasonCode reason_code = ReasonCode::success;  // or what the CONNECT is to be refused with
    bool close_at_once = false;                    // there are too many to hear them all out
    std::string address = {};                      // for closed(); empty: not counted
  };
  // `peer_address` as NetworkConnection tells it.
  [[nodiscard]] Verdict opened(std::string_view peer_address, TimePoint now);
  void closed(std::string_view address);

 private:
  std::uint32_t per_address_;
  RateLimit rate_;
  std::unordered_map<std::string, std::uint32_t> open_;
};

}  // namespace mqtk
