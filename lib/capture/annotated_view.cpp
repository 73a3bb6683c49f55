#include "capture/annotated_view.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/append_format.hpp"
#include "base/quoted_text.hpp"
#include "capture/packet_text.hpp"

namespace mqtk {
namespace {

constexpr std::size_t bytes_per_row = 8;
constexpr std::size_t hex_width = bytes_per_row * 3 - 1;
constexpr std::size_t unfolded_rows = 4;  // a field with more shows one row less and a count
constexpr std::size_t shown_text_bytes = 72;

// What one row says beside offset and bytes.
struct Row {
  const Annotation* field = nullptr;
  Ink ink = Ink::plain;
  bool has_problem = false;
  bool is_masked = false;
  std::string name;  // indented
  std::string value;
  std::string meaning;
};

std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

Ink ink_of(const Annotation& field) {
  switch (field.kind) {
    case FieldKind::header: return Ink::header;
    case FieldKind::flags:
    case FieldKind::bits: return Ink::flags;
    case FieldKind::integer: return Ink::number;
    case FieldKind::length: return Ink::length;
    case FieldKind::text: return Ink::text;
    case FieldKind::binary: return field.name == "Undecoded" ? Ink::failure : Ink::binary;
    case FieldKind::reason_code: return Ink::success;
    case FieldKind::property: return Ink::property;
    case FieldKind::group: return Ink::title;
  }
  return Ink::plain;
}

bool ends_with_any(std::string_view text, std::initializer_list<std::string_view> ends) {
  return std::ranges::any_of(ends, [&](std::string_view end) { return text.ends_with(end); });
}

// The unit of a number, or what it stands for. `name` is that of the field, or of the property it is the value of.
std::string_view number_meaning(std::string_view name, std::string_view value) {
  const bool zero = value == "0";
  if (name == "Protocol Version") {
    return value == "5" ? "MQTT 5.0" : value == "4" ? "MQTT 3.1.1" : value == "3" ? "MQTT 3.1" : "";
  }
  if (name == "Session Expiry Interval" && value == "4294967295") return "never expires";
  if (name == "Keep Alive" && zero) return "off";
  if (ends_with_any(name, {"Interval", "Keep Alive"})) return value == "1" ? "second" : "seconds";
  if (name == "Maximum Packet Size") return "bytes";
  if (name == "Payload Format Indicator") return zero ? "any bytes" : "UTF-8 text";
  if (name.ends_with("Available") || name.starts_with("Request ")) return zero ? "no" : "yes";
  return {};
}

class AnnotatedView {
 public:
  AnnotatedView(std::string& out, const PacketRecord& record, const AnnotatedViewStyle& style)
      : out_(out), paint_(out, style.paint), record_(record), style_(style) {}

  void append() {
    title();
    collect();
    for (const Row& row : rows_) show(row);
    append_problem_lines(out_, record_, 2, style_.paint);
    out_ += '\n';
  }

 private:
  void title();
  void collect();
  [[nodiscard]] Row row_of(const Annotation& field) const;
  [[nodiscard]] bool has_problem(const Annotation& field) const;
  void set_content(Row& row) const;
  void show(const Row& row);
  void show_text(const Row& row);
  [[nodiscard]] std::string hex_row(const Row& row, std::size_t first) const;

  std::string& out_;
  Painter paint_;
  const PacketRecord& record_;
  const AnnotatedViewStyle& style_;
  std::string_view property_;  // that the fields being collected are part of
  std::vector<Row> rows_;
  std::size_t name_width_ = 0;
  std::size_t value_width_ = 0;
};

void AnnotatedView::title() {
  const bool reserved = packet_type_name(record_.type) == "RESERVED";
  paint_(record_.problems.empty() && record_.missing_bytes == 0 ? Ink::title : Ink::failure,
         packet_type_name(record_.type));
  if (reserved) append_format(out_, " (type {})", static_cast<unsigned>(record_.type));
  if (record_.time) append_format(out_, "  {}", rfc3339(*record_.time));
  paint_(Ink::faint,
         fmt::format("  MQTT {}, {}, packet {}, {} at offset {}", version_text(record_.version),
                     direction_text(record_.sender), record_.index, count_bytes(record_.bytes.size()), record_.offset));
  if (record_.stream > 1) paint_(Ink::faint, fmt::format(" of stream {}", record_.stream));
  out_ += '\n';
}

void AnnotatedView::collect() {
  for (const Annotation& field : record_.annotations) {
    if (field.kind == FieldKind::property) property_ = field.name;
    rows_.push_back(row_of(field));
    const Row& row = rows_.back();
    name_width_ = std::max(name_width_, width_of(row.name));
    if (!row.meaning.empty()) value_width_ = std::max(value_width_, std::min<std::size_t>(width_of(row.value), 16));
  }
}

Row AnnotatedView::row_of(const Annotation& field) const {
  Row row;
  row.field = &field;
  row.ink = ink_of(field);
  row.has_problem = has_problem(field);
  row.name = std::string(2U * field.depth, ' ').append(field.name);
  if (field.kind == FieldKind::length && !field.name.ends_with("Length")) row.name += " Length";
  row.is_masked = style_.secrets == Secrets::hidden && is_secret(field, property_, record_.type);
  row.meaning = field.meaning;
  set_content(row);
  return row;
}

void AnnotatedView::set_content(Row& row) const {
  const Annotation& field = *row.field;
  const Bytes bytes = record_.bytes.subspan(field.offset, field.length);
  const std::size_t shown = style_.folding == Folding::full ? bytes.size() : shown_text_bytes;
  if (row.is_masked) {
    row.value = "***";
    row.meaning = count_bytes(bytes.size()) + ", hidden";
  } else if (field.has_children && field.kind != FieldKind::flags) {
    row.meaning = count_bytes(bytes.size());
  } else if (field.kind == FieldKind::text) {
    append_quoted(row.value, bytes, shown);
    if (bytes.size() > shown) row.meaning = count_bytes(bytes.size());
  } else if (field.kind == FieldKind::binary && is_readable(bytes)) {
    append_quoted(row.value, bytes, shown);
    row.meaning = count_bytes(bytes.size());
  } else if (field.kind == FieldKind::binary) {
    row.value = count_bytes(bytes.size());
  } else {
    row.value = field.value;
    if (field.kind == FieldKind::integer && row.meaning.empty()) {
      row.meaning = number_meaning(field.name == "Value" ? property_ : field.name, row.value);
    }
  }
  if (field.kind == FieldKind::reason_code && bytes[0] >= 0x80) row.ink = Ink::failure;
}

bool AnnotatedView::has_problem(const Annotation& field) const {
  if (field.kind == FieldKind::bits || (field.has_children && field.kind != FieldKind::flags)) return false;
  return std::ranges::any_of(record_.problems, [&](const Problem& problem) {
    const std::size_t from = problem.fault.offset;
    const std::size_t end = from + std::max<std::size_t>(problem.length, 1);
    return from < std::size_t{field.offset} + field.length && end > field.offset;
  });
}

std::string AnnotatedView::hex_row(const Row& row, std::size_t first) const {
  constexpr std::string_view digits = "0123456789abcdef";
  const Annotation& field = *row.field;
  std::string text;
  for (std::size_t i = first; i < std::min<std::size_t>(first + bytes_per_row, field.length); ++i) {
    if (i > first) text += ' ';
    const std::uint8_t byte = record_.bytes[field.offset + i];
    text += row.is_masked ? '*' : digits[byte >> 4U];
    text += row.is_masked ? '*' : digits[byte & 0x0FU];
  }
  return text;
}

std::string bit_pattern(const Annotation& field, std::uint8_t byte) {
  std::string text;
  for (unsigned bit = 8; bit-- > 0;) {
    const bool mine = bit >= field.bit_first && bit < static_cast<unsigned>(field.bit_first) + field.bit_count;
    text += !mine ? '.' : ((static_cast<unsigned>(byte) >> bit) & 1U) != 0 ? '1' : '0';
    if (bit == 4) text += ' ';
  }
  return text;
}

void AnnotatedView::show(const Row& row) {
  const Annotation& field = *row.field;
  paint_(Ink::failure, row.has_problem ? "!" : "");
  if (!row.has_problem) out_ += ' ';
  const bool is_bits = field.kind == FieldKind::bits;
  const bool is_heading = field.has_children && field.kind != FieldKind::flags;
  paint_(Ink::faint, is_bits ? "      " : fmt::format("{:>6}", field.offset));
  out_ += "  ";
  const std::string first = is_bits      ? bit_pattern(field, record_.bytes[field.offset])
                            : is_heading ? std::string{}
                                         : hex_row(row, 0);
  paint_(row.ink, first);
  paint_.spaces(hex_width - first.size());
  out_ += "  ";
  show_text(row);
  if (is_bits || is_heading) return;

  const std::size_t row_count = (field.length + bytes_per_row - 1) / bytes_per_row;
  const bool folded = style_.folding == Folding::folded && row_count > unfolded_rows;
  const std::size_t shown = folded ? unfolded_rows - 1 : row_count;
  for (std::size_t i = 1; i < shown; ++i) {
    paint_.spaces(9);
    paint_(row.ink, hex_row(row, i * bytes_per_row));
    out_ += '\n';
  }
  if (folded) {
    paint_.spaces(9);
    paint_(Ink::faint, fmt::format("... {} more", count_bytes(field.length - shown * bytes_per_row)));
    out_ += '\n';
  }
}

void AnnotatedView::show_text(const Row& row) {
  const bool is_heading = row.field->kind == FieldKind::group || row.field->kind == FieldKind::property;
  paint_(is_heading ? row.ink : Ink::plain, row.name);
  if (!row.value.empty()) {
    paint_.spaces(name_width_ - width_of(row.name) + 2);
    paint_(row.ink, row.value);
  }
  if (!row.meaning.empty()) {
    const std::size_t width = width_of(row.value);
    paint_.spaces((row.value.empty() ? name_width_ - width_of(row.name) + 2 : 0) +
                  (value_width_ > width ? value_width_ - width : 0) + 2);
    paint_(Ink::faint, row.meaning);
  }
  out_ += '\n';
}

}  // namespace

void append_annotated_view(std::string& out, const PacketRecord& record, const AnnotatedViewStyle& style) {
  AnnotatedView{out, record, style}.append();
}

}  // namespace mqtk
