// The forms of the topics that a replay goes through again and again, so that what their messages share is checked and
// encoded once.
#pragma once

#include <cstdint>
#include <vector>

#include "session/publish_form.hpp"

namespace mqtk::replay {

class PublishForms {
 public:
  // The form that `message` fits, or null: so far none like it came, or those of its topic are not worth a form. Valid
  // until the next call.
  [[nodiscard]] const PublishForm* find(const Publish& message, Version version);

 private:
  // Topics take the places of others: what is not worth a form costs a comparison.
  static constexpr std::size_t places = 4096;
  // So many forms in a row that no message fitted: those of this topic differ from one to the next.
  static constexpr std::uint8_t patience = 4;

  struct Place {
    PublishForm form;
    std::uint64_t topic = 0;  // of the last message: its hash
    std::uint8_t unused = 0;
  };

  std::vector<Place> places_;
};

}  // namespace mqtk::replay
