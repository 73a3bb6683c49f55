#include "replay/publish_forms.hpp"

#include "base/text_hash.hpp"

namespace mqtk::replay {

const PublishForm* PublishForms::find(const Publish& message, Version version) {
  if (places_.empty()) places_.resize(places);
  const std::uint64_t topic = TextHash{}(message.topic_name);
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
