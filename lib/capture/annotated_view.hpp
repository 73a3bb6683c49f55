// A packet byte by byte: what each field is, what its bytes are, what they say, and what is wrong.
#pragma once

#include <cstdint>
#include <string>

#include "capture/packet_record.hpp"
#include "capture/paint.hpp"
#include "capture/properties_json.hpp"

namespace mqtk {

enum class Folding : std::uint8_t { folded, full };

struct AnnotatedViewStyle {
  Paint paint = Paint::plain;
  Secrets secrets = Secrets::hidden;
  Folding folding = Folding::folded;  // of fields longer than four rows, and of long text
};

// Appends a title line, one row per field (offset in the packet, its bytes, name, value, meaning; bits as a pattern
// below their byte), the problems, and an empty line. Rows with a problem begin with '!'. The record must have
// annotations. Fields are shown so that nothing in them can steer a terminal.
void append_annotated_view(std::string& out, const PacketRecord& record, const AnnotatedViewStyle& style);

}  // namespace mqtk
