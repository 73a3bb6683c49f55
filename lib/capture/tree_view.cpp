#include "capture/tree_view.hpp"

#include <algorithm>

#include "base/quoted_text.hpp"
#include "capture/packet_line.hpp"
#include "capture/packet_text.hpp"

namespace mqtk {
namespace {

constexpr std::size_t shown_bytes = 72;

// Length prefixes say nothing that the field behind them does not.
bool is_shown(const Annotation& field) {
  if (field.kind == FieldKind::length || field.name == "Property Identifier") return false;
  return field.kind != FieldKind::bits || field.name != "Reserved";
}

void append_content(std::string& out, const Annotation& field, const PacketRecord& record, bool is_masked,
                    const AnnotatedViewStyle& style) {
  const Bytes bytes = record.bytes.subspan(field.offset, field.length);
  const std::size_t shown = style.folding == Folding::full ? bytes.size() : shown_bytes;
  if (field.has_children) return;
  out += ": ";
  if (is_masked) {
    out += "***";
  } else if (field.kind == FieldKind::text || field.kind == FieldKind::binary) {
    append_quoted(out, bytes, shown);
    if (bytes.size() > shown) out += " (" + count_bytes(bytes.size()) + ")";
  } else {
    out += field.value;
    if (!field.meaning.empty()) out += " (" + field.meaning + ")";
  }
}

}  // namespace

void append_tree_view(std::string& out, const PacketRecord& record, const AnnotatedViewStyle& style) {
  PacketRecord head = record;
  head.problems = {};
  head.missing_bytes = 0;
  append_packet_line(out, head, {style.paint, style.secrets});
  Painter paint{out, style.paint};
  std::string_view property;
  for (const Annotation& field : record.annotations) {
    if (field.kind == FieldKind::property) property = field.name;
    if (!is_shown(field)) continue;
    const bool is_masked = style.secrets == Secrets::hidden && is_secret(field, property, record.type);
    paint.spaces(4U + 2U * field.depth);
    paint(field.has_children ? Ink::property : Ink::plain, field.name);
    append_content(out, field, record, is_masked, style);
    out += '\n';
  }
  append_problem_lines(out, record, 2, style.paint);
  out += '\n';
}

}  // namespace mqtk
