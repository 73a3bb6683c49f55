// How many QoS 1 and 2 PUBLISH packets may still be sent (5.0 section 4.9). Both sides count alike: the sender to keep
// within the peer's Receive Maximum, the receiver to see that it is kept.
#pragma once

#include <cstdint>

namespace mqtk {

class SendQuota {
 public:
  void begin(std::uint16_t maximum) { left_ = maximum_ = maximum; }

  [[nodiscard]] std::uint16_t left() const { return left_; }
  [[nodiscard]] std::uint16_t taken() const { return static_cast<std::uint16_t>(maximum_ - left_); }

  // PUBLISH. False at zero: it must not be sent.
  bool take() {
    if (left_ == 0) return false;
    --left_;
    return true;
  }

  // PUBACK, PUBCOMP, or PUBREC with a failure. Never above the start: a PUBCOMP may end a PUBLISH of an earlier
  // connection, which took nothing here.
  void give_back() {
    if (left_ < maximum_) ++left_;
  }

 private:
  std::uint16_t left_ = 0;
  std::uint16_t maximum_ = 0;
};

}  // namespace mqtk
