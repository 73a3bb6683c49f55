// Messages as JSON Lines: one object per line, the same in every program that prints or reads messages.
//
// Nothing is ever lost: what is written reads back as the same bytes.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "capture/message_record.hpp"

namespace mqtk {

// `beside` adds the member payload_json where the payload is JSON: its own text, numbers character for character, with
// line breaks between its tokens turned into spaces.
enum class PayloadJson : std::uint8_t { left_out, beside };

// Appends one object and a line feed. `packet_identifier` stands only where it is known; behind `dup` stand
// `retained_at_subscribe` where it is true and `client` where it is known.
void append_message_json(std::string& out, const MessageRecord& message,
                         PayloadJson payload_json = PayloadJson::left_out);

// Reads one line; members may stand in any order. The error names the member and what it may be. An unknown member is
// an error, too: a typing error in it would be lost otherwise. payload_json is passed over.
[[nodiscard]] std::expected<StoredMessage, std::string> parse_message_json(std::string_view line);

}  // namespace mqtk
