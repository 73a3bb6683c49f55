// Fragments of IP packets, put together again. In any order, twice or never whole.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "capture/tcp_segment.hpp"

namespace mqtk {

class IpFragments {
 public:
  // Beyond these the packet that was begun first is given up.
  static constexpr std::size_t max_packets = 256;
  static constexpr std::size_t max_bytes = 2U * 1024 * 1024;  // with what each fragment takes beside its payload

  // A segment of Kind::fragment. What it completes, which views memory that lives until the next call.
  [[nodiscard]] std::optional<Segment> take(const Segment& fragment);

  // Fragments that are not part of a whole packet, given up or still waiting.
  [[nodiscard]] std::uint64_t left_over() const { return given_up_ + waiting_; }

 private:
  struct Key {
    SocketEnd source;
    SocketEnd destination;
    std::uint32_t id = 0;
    std::uint8_t protocol = 0;
    friend auto operator<=>(const Key&, const Key&) = default;
  };
  struct Partial {
    std::map<std::uint32_t, std::vector<std::uint8_t>> parts;  // by offset
    std::optional<std::uint32_t> size;                         // known from the last fragment
    std::uint64_t fragments = 0;
    std::size_t bytes = 0;
    std::uint64_t number = 0;  // counts the packets that were begun
  };

  [[nodiscard]] bool is_whole(const Partial& partial) const;
  void give_up_oldest();
  void forget(std::map<Key, Partial>::iterator entry);

  std::map<Key, Partial> partial_;
  std::vector<std::uint8_t> whole_;
  std::size_t bytes_ = 0;
  std::uint64_t begun_ = 0;
  std::uint64_t waiting_ = 0;
  std::uint64_t given_up_ = 0;
};

}  // namespace mqtk
