// Tells messages that come back from those of others, where the broker cannot be asked to keep them (No Local): before
// 5.0 it sends a bridge what the bridge itself has published.
//
// It compares topic and payload. Of two equal messages, one ours and one of another client, one is taken for the echo:
// which of them does not matter, as they are equal.
#pragma once

#include <cstdint>
#include <deque>
#include <string_view>
#include <unordered_map>

#include "base/bytes.hpp"
#include "base/time.hpp"

namespace mqtk {

class EchoMemory {
 public:
  explicit EchoMemory(std::uint64_t seed) : seed_(seed) {}

  // A message was sent, which will come back.
  void sent(std::string_view topic, Bytes payload, TimePoint now);
  // Whether this one is such a message that comes back; each counts once.
  [[nodiscard]] bool is_echo(std::string_view topic, Bytes payload, TimePoint now);

  [[nodiscard]] std::size_t size() const { return order_.size(); }  // of what is remembered, come back or not

 private:
  // One that has not come back by then has been lost, and must not swallow another's for ever.
  static constexpr Duration longest_way = std::chrono::seconds{30};
  static constexpr std::size_t most = 100'000;

  [[nodiscard]] std::uint64_t fingerprint(std::string_view topic, Bytes payload) const;
  void forget_old(TimePoint now);

  struct Sent {
    std::uint64_t fingerprint;
    TimePoint at;
  };
  struct Due {
    std::uint32_t count = 0;
    TimePoint latest{};  // when the last of them was sent
  };
  std::uint64_t seed_;
  std::deque<Sent> order_;
  std::unordered_map<std::uint64_t, Due> due_;
};

}  // namespace mqtk
