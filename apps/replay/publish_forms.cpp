#include "replay/publish_forms.hpp"

#include <cstring>
#include <string_view>

namespace mqtk::replay {
namespace {

// Of the length, both ends and the middle, in which topics differ: what is alike there just takes the other's place.
std::uint64_t number_of(std::string_view topic) {
  std::uint64_t front = 0;
  std::uint64_t middle = 0;
  std::uint64_t back = 0;
  if (topic.size() >= sizeof front) {
    std::memcpy(&front, topic.data(), sizeof front);
    const std::size_t last = topic.size() - sizeof back;
    std::memcpy(&middle, topic.data() + last / 2, sizeof middle);
    std::memcpy(&back, topic.data() + last, sizeof back);
  } else {
    for (const char letter : topic) front = front << 8U | static_cast<std::uint8_t>(letter);
  }
  constexpr std::uint64_t odd = 0x9E37'79B9'7F4A'7C15;
  // Multiplying spreads what differs to higher bits only, and the lower ones are wanted.
  const auto mix = [](std::uint64_t number) { return (number ^ number >> 32U) * odd; };
  const std::uint64_t mixed = mix(mix(mix(front + topic.size()) ^ middle) ^ back);
  return mixed ^ mixed >> 32U;
}

}  // namespace

const PublishForm* PublishForms::find(const Publish& message, Version version) {
  if (places_.empty()) places_.resize(places);
  const std::uint64_t topic = number_of(message.topic_name);
  Place& place = places_[topic % places];
  if (place.form.version() == version && place.form.fits(message)) {
    place.unused = 0;
    return &place.form;
  }
  if (place.topic != topic) {
    place.topic = topic;
    place.unused = 0;
    return nullptr;
  }
  if (place.unused == patience || !place.form.build(message, version)) return nullptr;
  ++place.unused;
  return &place.form;
}

}  // namespace mqtk::replay
