// The properties of a packet as a JSON object, in the form that message and packet JSON share.
#pragma once

#include <cstdint>
#include <string>

#include "codec/property.hpp"

namespace mqtk {

// What a packet holds that nobody should paste into a bug report: Password and Authentication Data.
enum class Secrets : std::uint8_t { hidden, shown };

// Appends `{"message_expiry_interval":60,…,"user_properties":[["name","value"]]}`. Members stand in the order of the
// property identifiers, whatever the order on the wire; User Properties keep theirs. Numbers are numbers, text is
// text, and bytes that are no text become a member whose name ends in `_base64`. In `user_properties` such bytes are
// the object {"base64":"…"}. Hidden Authentication Data is "***". Of a single property that occurs twice, which no
// valid packet has, the first is kept.
void append_properties_json(std::string& out, PropertyBlock properties, Secrets secrets);

// One string of a JSON array; {"base64":"…"} where it is no text.
void append_json_element(std::string& out, std::string_view text);

}  // namespace mqtk
