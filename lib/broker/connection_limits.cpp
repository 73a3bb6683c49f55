#include "broker/connection_limits.hpp"

namespace mqtk {
namespace {

// So many more of an address are told why they are refused; beyond they are only closed.
constexpr std::uint32_t waiting_room = 16;

}  // namespace

ConnectionLimits::Verdict ConnectionLimits::opened(std::string_view peer_address, TimePoint now) {
  Verdict verdict;
  if (rate_.exists() && !rate_.try_take(now)) verdict.reason_code = ReasonCode::connection_rate_exceeded;
  const std::size_t colon = peer_address.rfind(':');  // the port's; a Unix socket has none
  if (per_address_ == 0 || colon == std::string_view::npos) return verdict;
  const std::string address{peer_address.substr(0, colon)};
  std::uint32_t& open = open_[address];
  if (open >= per_address_ + waiting_room) {
    return {.reason_code = ReasonCode::quota_exceeded, .close_at_once = true};
  }
  if (open >= per_address_) verdict.reason_code = ReasonCode::quota_exceeded;
  ++open;
  verdict.address = address;
  return verdict;
}

void ConnectionLimits::closed(std::string_view address) {
  const auto found = address.empty() ? open_.end() : open_.find(std::string{address});
  if (found != open_.end() && --found->second == 0) open_.erase(found);
}

}  // namespace mqtk
