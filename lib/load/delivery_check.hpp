// What one subscriber received of each stream (one publisher and one topic): in order, again, late, or not at all.
//
// In-order traffic costs nothing but a number per stream. What is missing is kept as gaps, at most `most_gaps` of
// them per stream; beyond that the oldest gap counts as lost for good.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

namespace mqtk {

class DeliveryCheck {
 public:
  static constexpr std::size_t most_gaps = 1024;

  enum class Begins : std::uint8_t {
    at_zero,           // the subscriber was there before the first message
    at_first_message,  // what came before the first message that is seen is not missed
  };
  explicit DeliveryCheck(Begins begins) : begins_(begins) {}

  enum class Verdict : std::uint8_t {
    in_order,    // also after a gap
    reordered,   // fills a gap: an earlier message came after a later one
    duplicated,  // had come before
    undecided,   // from a gap that was given up: late or again, nobody knows
  };
  Verdict received(std::uint32_t stream, std::uint32_t sequence);

  // Different messages of the stream that came.
  [[nodiscard]] std::uint64_t distinct(std::uint32_t stream) const;
  // Messages missing between those that came, in all streams.
  [[nodiscard]] std::uint64_t missing() const;

  // Calls `each(stream, distinct)` for every stream of which something came.
  template <class Each>
  void for_each(Each each) const {
    for (const auto& [number, stream] : streams_) each(number, stream.distinct);
  }

 private:
  struct Gap {
    std::uint32_t first;
    std::uint32_t last;
  };
  struct Stream {
    std::uint64_t next = 0;  // the sequence after the highest that came
    std::uint64_t distinct = 0;
    std::uint64_t missing = 0;
    std::uint64_t decided_from = 0;  // below, gaps were given up
    std::vector<Gap> gaps;           // rising
  };
  Stream& at(std::uint32_t stream, std::uint32_t sequence);
  static void add_gap(Stream& stream, std::uint32_t first, std::uint32_t last);
  static void bound(Stream& stream);
  static Verdict received_late(Stream& stream, std::uint32_t sequence);

  std::unordered_map<std::uint32_t, Stream> streams_;
  Stream* latest_ = nullptr;
  std::uint32_t latest_number_ = 0;
  Begins begins_;
};

}  // namespace mqtk
