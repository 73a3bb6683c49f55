#include "capture/packet_text.hpp"

#include <fmt/format.h>

#include "codec/fault_text.hpp"
#include "codec/frame.hpp"

namespace mqtk {

std::string_view direction_text(Role sender) {
  switch (sender) {
    case Role::client: return "client to server";
    case Role::server: return "server to client";
    case Role::unknown: break;
  }
  return "direction unknown";
}

std::string count_bytes(std::uint64_t count) { return fmt::format("{} byte{}", count, count == 1 ? "" : "s"); }

std::string incomplete_text(const PacketRecord& record) {
  if (record.left_out) {
    return fmt::format("the packet is too long to be kept: {} left out", count_bytes(record.missing_bytes));
  }
  if (find_frame(record.bytes).state == Frame::State::need_header) return "the input ends inside the fixed header";
  const std::uint64_t size = record.bytes.size() + record.missing_bytes;
  return fmt::format("the input ends inside the packet: {} of {} {} missing", record.missing_bytes, count_bytes(size),
                     record.missing_bytes == 1 ? "is" : "are");
}

void append_problem_lines(std::string& out, const PacketRecord& record, std::size_t indent, Paint paint) {
  Painter painter{out, paint};
  const auto line = [&](Ink ink, const std::string& text) {
    painter.spaces(indent);
    painter(ink, "! " + text);
    out += '\n';
  };
  for (const Problem& problem : record.problems) {
    const bool advice = rule_info(problem.fault.rule).rule_class == RuleClass::advice;
    std::string text = fault_text(problem.fault, record.type, record.version);
    if (!problem.detail.empty()) text += " (" + problem.detail + ")";
    line(advice ? Ink::caution : Ink::failure, text);
  }
  if (record.problems.size() >= AnnotatedPacket::max_problems) {
    line(Ink::failure, "too many problems: the rest of the packet was not read");
  }
  if (record.missing_bytes > 0) {
    line(record.left_out ? Ink::caution : Ink::failure,
         fmt::format("{}, byte {}: {}", packet_type_name(record.type), record.bytes.size(), incomplete_text(record)));
  }
}

bool is_secret(const Annotation& field, std::string_view property, PacketType packet) {
  if (field.kind != FieldKind::binary) return false;
  if (field.name == "Password" || (field.name == "Value" && property == "Authentication Data")) return true;
  return packet == PacketType::connect && field.name == "Undecoded";
}

}  // namespace mqtk
