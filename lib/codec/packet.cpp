#include "codec/packet.hpp"

namespace mqtk {
namespace {

std::string_view text_at(Bytes bytes, std::size_t at) {
  return as_text(bytes.subspan(at + 2, static_cast<std::size_t>(bytes[at]) << 8U | bytes[at + 1]));
}

void append_text(std::vector<std::uint8_t>& bytes, std::string_view text) {
  text = text.substr(0, 0xFFFF);
  bytes.push_back(static_cast<std::uint8_t>(text.size() >> 8U));
  bytes.push_back(static_cast<std::uint8_t>(text.size()));
  bytes.insert(bytes.end(), text.begin(), text.end());
}

template <class List>
std::size_t length_of(const List& list) {
  std::size_t count = 0;
  for (auto it = list.begin(); it != list.end(); ++it) ++count;
  return count;
}

}  // namespace

std::size_t SubscriptionList::count() const { return length_of(*this); }

void SubscriptionList::Iterator::read() {
  if (at_ >= bytes_.size()) {
    at_ = bytes_.size();
    return;
  }
  subscription_.topic_filter = text_at(bytes_, at_);
  const std::uint8_t options = bytes_[at_ + 2 + subscription_.topic_filter.size()] & option_bits_;
  subscription_.qos = static_cast<QoS>(options & 3U);
  subscription_.no_local = (options & 4U) != 0;
  subscription_.retain_as_published = (options & 8U) != 0;
  subscription_.retain_handling = static_cast<RetainHandling>((options >> 4U) & 3U);
}

SubscriptionWriter& SubscriptionWriter::add(const Subscription& subscription) {
  append_text(bytes_, subscription.topic_filter);
  bytes_.push_back(static_cast<std::uint8_t>(
      static_cast<unsigned>(subscription.qos) | (subscription.no_local ? 4U : 0U) |
      (subscription.retain_as_published ? 8U : 0U) | static_cast<unsigned>(subscription.retain_handling) << 4U));
  return *this;
}

std::size_t TopicFilterList::count() const { return length_of(*this); }

void TopicFilterList::Iterator::read() {
  if (at_ >= bytes_.size()) {
    at_ = bytes_.size();
    return;
  }
  filter_ = text_at(bytes_, at_);
}

TopicFilterWriter& TopicFilterWriter::add(std::string_view topic_filter) {
  append_text(bytes_, topic_filter);
  return *this;
}

}  // namespace mqtk
