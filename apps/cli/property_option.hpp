// --property PACKET NAME VALUE: one property of MQTT 5.0 as people write it.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "codec/property.hpp"

namespace mqtk::cli {

struct PropertyWords {
  PropertyScope scope{};
  Property property;  // its texts are views of the words
};

// How many words follow PACKET: two, or three for a user property, which has a name of its own.
[[nodiscard]] std::size_t property_word_count(const std::vector<std::string>& following);

// `words` is what the parser hands to the setter. PACKET is connect, publish, subscribe, unsubscribe, disconnect or
// will; NAME is the specification's name in small letters with dashes, such as message-expiry-interval. Numbers are
// checked against the range of the property, texts for being UTF-8. Refused is also what only a broker may send.
[[nodiscard]] std::expected<PropertyWords, std::string> parse_property(std::string_view words);

// "connect", "publish" … of the scopes above.
[[nodiscard]] std::string_view scope_word(PropertyScope scope);

}  // namespace mqtk::cli
