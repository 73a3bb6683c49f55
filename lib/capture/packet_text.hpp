// What the text views share: problems as lines, directions as words, secrets found among the fields.
#pragma once

#include <string>
#include <string_view>

#include "capture/packet_record.hpp"
#include "capture/paint.hpp"

namespace mqtk {

// "client to server", "server to client", "direction unknown"
[[nodiscard]] std::string_view direction_text(Role sender);

// "1 byte", "2 bytes"
[[nodiscard]] std::string count_bytes(std::uint64_t count);

// "the input ends inside the packet: 12 of 20 bytes are missing"
[[nodiscard]] std::string incomplete_text(const PacketRecord& record);

// One line per problem, each with a line break, `indent` spaces and "! " before it.
void append_problem_lines(std::string& out, const PacketRecord& record, std::size_t indent, Paint paint);

// Whether a field is to be masked: Password, the value of Authentication Data, and what could not be decoded of a
// CONNECT, because a Password may be in it. `property` is the name of the property that the field is part of.
[[nodiscard]] bool is_secret(const Annotation& field, std::string_view property, PacketType packet);

}  // namespace mqtk
