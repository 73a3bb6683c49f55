#include "session/client_session.hpp"

namespace mqtk {

void ClientSession::connection_closed(TimePoint now) {
  if (expiry_interval == 0) {
    end();
  } else if (expiry_interval != never_expires) {
    ends_at_ = now + std::chrono::seconds{expiry_interval};
  }
}

void ClientSession::before_connect(TimePoint now) {
  if (now >= ends_at_) end();
  ends_at_ = TimePoint::max();
}

void ClientSession::end() {
  for (std::uint32_t i = 0; i < state.sender.span(); ++i) {
    if (state.sender.at(i).is_publish()) abandoned.push_back(std::move(state.sender.at(i)));
  }
  state.clear();
  exists = false;
}

}  // namespace mqtk
