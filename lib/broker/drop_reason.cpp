#include "broker/drop_reason.hpp"

namespace mqtk {

std::string_view drop_reason_name(DropReason reason) {
  switch (reason) {
    case DropReason::slow_receiver: return "slow_receiver";
    case DropReason::queue_full: return "queue_full";
    case DropReason::too_large: return "too_large";
    case DropReason::expired: return "expired";
    case DropReason::session_ended: return "session_ended";
    case DropReason::refused: return "refused";
  }
  return "";
}

std::string_view drop_reason_text(DropReason reason) {
  switch (reason) {
    case DropReason::slow_receiver: return "the client takes its messages too slowly";
    case DropReason::queue_full: return "the queue of the client is full";
    case DropReason::too_large: return "larger than the client's Maximum Packet Size";
    case DropReason::expired: return "the Message Expiry Interval ran out";
    case DropReason::session_ended: return "the Session ended first";
    case DropReason::refused: return "refused by the broker";
  }
  return "";
}

}  // namespace mqtk
