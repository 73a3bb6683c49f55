// A packet in one line, for traces and logs.
#pragma once

#include <string>

#include "capture/packet_record.hpp"
#include "capture/paint.hpp"
#include "capture/properties_json.hpp"

namespace mqtk {

struct PacketLineStyle {
  Paint paint = Paint::plain;
  Secrets secrets = Secrets::hidden;
};

// What the packet holds, without its type and without a line break: `"a/b", QoS 1, id 10, 4 bytes "21.5"`. Long text,
// lists and payloads are cut. Of a packet that could not be decoded: the fields that the annotations tell of.
void append_packet_summary(std::string& out, const PacketRecord& record, const PacketLineStyle& style);

// One line: stream and offset, length, direction (C>S, S>C), type, summary. Then a line for each problem.
void append_packet_line(std::string& out, const PacketRecord& record, const PacketLineStyle& style);

}  // namespace mqtk
