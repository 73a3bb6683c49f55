#include "pub/confirmation.hpp"

#include <functional>

namespace mqtk::pub {
namespace {

std::uint64_t hash_of(const Publish& message) {
  constexpr std::uint64_t golden_ratio = 0x9E37'79B9'7F4A'7C15;
  const std::hash<std::string_view> hash;
  return hash(message.topic_name) * golden_ratio ^ hash(as_text(message.payload));
}

}  // namespace

Confirmation::Listening Confirmation::listening(std::string_view topic) const {
  const auto found = topics_.find(topic);
  return found == topics_.end() ? Listening::no : found->second;
}

void Confirmation::granted() {
  for (auto& [topic, listening] : topics_) listening = Listening::yes;
}

void Confirmation::published(const Publish& message) {
  ++messages_[hash_of(message)];
  ++outstanding_;
}

void Confirmation::came_back(const Publish& message) {
  // As retained it is from before: what was published since we listen comes without the flag.
  const auto found = message.retain ? messages_.end() : messages_.find(hash_of(message));
  if (found == messages_.end()) return;
  --outstanding_;
  if (--found->second == 0) messages_.erase(found);
}

}  // namespace mqtk::pub
