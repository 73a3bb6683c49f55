#include "session/sender_flow.hpp"

#include <algorithm>

namespace mqtk {
namespace {

constexpr std::uint32_t identifiers = 65'535;  // 1 to 65,535

PacketIdentifier add(PacketIdentifier id, std::uint32_t count) {
  return static_cast<PacketIdentifier>((id - 1U + count) % identifiers + 1U);
}

}  // namespace

PacketIdentifier SenderFlow::next_identifier() const {
  return ring_.size() == identifiers ? PacketIdentifier{0} : identifier_at(ring_.size());
}

PacketIdentifier SenderFlow::identifier_at(std::uint32_t index) const { return add(first_, index); }

PacketIdentifier SenderFlow::start(InFlight entry) {
  const PacketIdentifier id = next_identifier();
  if (id == 0) return 0;
  const bool was_resending = resending();
  ring_.push_back(std::move(entry));
  if (!was_resending) resend_at_ = ring_.size();
  ++unfinished_;
  return id;
}

InFlight* SenderFlow::find(PacketIdentifier id) {
  if (id == 0) return nullptr;
  const std::uint32_t index = (id + identifiers - first_) % identifiers;
  if (index >= ring_.size() || ring_[index].state == InFlight::State::done) return nullptr;
  return &ring_[index];
}

void SenderFlow::finish(PacketIdentifier id) {
  InFlight* entry = find(id);
  if (entry == nullptr) return;
  *entry = InFlight{};
  --unfinished_;
  drop_done();
}

void SenderFlow::drop_done() {
  while (!ring_.empty() && ring_.front().state == InFlight::State::done) {
    ring_.pop_front();
    first_ = add(first_, 1);
    if (resend_at_ > 0) --resend_at_;
  }
}

void SenderFlow::resume() {
  for (std::uint32_t i = 0; i < ring_.size(); ++i) {
    InFlight& entry = ring_[i];
    if (entry.state == InFlight::State::publish_sent || entry.state == InFlight::State::publish_refused) {
      entry.state = InFlight::State::publish_to_resend;
    } else if (entry.state == InFlight::State::subscribe_sent || entry.state == InFlight::State::unsubscribe_sent) {
      entry = InFlight{};
      --unfinished_;
    }
  }
  resend_at_ = 0;
  drop_done();
}

InFlight* SenderFlow::next_to_resend(PacketIdentifier& id) {
  for (; resend_at_ < ring_.size(); ++resend_at_) {
    if (ring_[resend_at_].state != InFlight::State::publish_to_resend) continue;
    id = identifier_at(resend_at_);
    return &ring_[resend_at_];
  }
  return nullptr;
}

bool SenderFlow::restore(PacketIdentifier id, InFlight entry) {
  if (id == 0) return false;
  if (ring_.empty()) first_ = id;
  const std::uint32_t index = (id + identifiers - first_) % identifiers;
  if (index < ring_.size()) return false;
  while (ring_.size() < index) ring_.push_back({});
  ring_.push_back(std::move(entry));
  ++unfinished_;
  resend_at_ = 0;
  return true;
}

void SenderFlow::clear() {
  first_ = add(first_, ring_.size());
  ring_.clear();
  unfinished_ = resend_at_ = 0;
}

}  // namespace mqtk
