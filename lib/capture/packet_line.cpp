#include "capture/packet_line.hpp"

#include <algorithm>

#include "base/hex.hpp"
#include "base/quoted_text.hpp"
#include "base/text_writer.hpp"
#include "base/time_text.hpp"
#include "capture/packet_text.hpp"
#include "codec/reason_code.hpp"

namespace mqtk {
namespace {

constexpr std::size_t shown_text_bytes = 64;
constexpr std::size_t shown_binary_bytes = 16;
constexpr std::size_t shown_entries = 8;  // of a list

class Summary {
 public:
  Summary(TextWriter& out, const PacketRecord& record, const PacketLineStyle& style)
      : out_(out), paint_(out, style.paint), record_(record), style_(style) {}

  void operator()(std::monostate) {}
  void operator()(const Connect& p);
  void operator()(const Connack& p);
  void operator()(const Publish& p);
  template <PacketType type>
  void operator()(const Acknowledgement<type>& p) {
    identifier(p.packet_identifier);
    if (v5()) reason(p.reason_code);
    properties(p.properties);
  }
  void operator()(const Subscribe& p);
  void operator()(const Suback& p) { answer(p.packet_identifier, p.reason_codes, p.properties); }
  void operator()(const Unsubscribe& p);
  void operator()(const Unsuback& p) { answer(p.packet_identifier, p.reason_codes, p.properties); }
  void operator()(const Pingreq&) {}
  void operator()(const Pingresp&) {}
  void operator()(const Disconnect& p) { ending(p.reason_code, p.properties); }
  void operator()(const Auth& p) { ending(p.reason_code, p.properties); }

  // Of a packet that could not be decoded.
  void annotations();

 private:
  [[nodiscard]] bool v5() const { return record_.version == Version::v5; }
  void separate();
  void word(std::string_view text);
  void number(std::string_view before, std::uint64_t value, std::string_view after = {}) {
    separate();
    append_number(before, value, after);
  }
  void append_number(std::string_view before, std::uint64_t value, std::string_view after = {});
  void text(std::string_view label, std::string_view value);
  void quoted(Ink ink, Bytes bytes);
  [[nodiscard]] bool quoted_plain(Ink ink, Bytes bytes);
  void payload(Bytes bytes);
  void identifier(PacketIdentifier id) { number("id ", id); }
  void reason(ReasonCode code);
  void answer(PacketIdentifier id, Bytes codes, PropertyBlock block);
  void ending(ReasonCode code, PropertyBlock block) {
    if (v5()) reason(code);
    properties(block);
  }
  void properties(PropertyBlock block);
  void property(const Property& property);
  void more(std::size_t count) {
    if (count > shown_entries) number("", count - shown_entries, " more");
  }

  TextWriter& out_;
  BasicPainter<TextWriter> paint_;
  const PacketRecord& record_;
  const PacketLineStyle& style_;
  std::size_t start_ = out_.written();
};

void Summary::separate() {
  if (out_.written() > start_) out_ += ", ";
}

void Summary::append_number(std::string_view before, std::uint64_t value, std::string_view after) {
  out_ += before;
  out_.number(value);
  out_ += after;
}

void Summary::word(std::string_view text) {
  separate();
  out_ += text;
}

void Summary::quoted(Ink ink, Bytes bytes) {
  if (quoted_plain(ink, bytes)) return;
  std::string text;
  append_quoted(text, bytes, shown_text_bytes);
  paint_(ink, text);
}

// False, and nothing is written, if there is something to escape.
bool Summary::quoted_plain(Ink ink, Bytes bytes) {
  const Bytes shown = bytes.first(std::min(bytes.size(), shown_text_bytes));
  const auto quote = quote_of_plain(shown);
  if (!quote) return false;
  paint_.within(ink, [&] {
    out_ += *quote;
    out_ += as_text(shown);
    out_ += *quote;
    if (shown.size() < bytes.size()) out_ += "...";
  });
  return true;
}

void Summary::text(std::string_view label, std::string_view value) {
  separate();
  if (!label.empty()) {
    out_ += label;
    out_ += ' ';
  }
  quoted(Ink::text, as_bytes(value));
}

void Summary::payload(Bytes bytes) {
  number("", bytes.size(), bytes.size() == 1 ? " byte" : " bytes");
  if (bytes.empty()) return;
  out_ += ' ';
  if (quoted_plain(Ink::binary, bytes)) return;
  const Bytes shown = bytes.first(std::min(bytes.size(), shown_text_bytes));
  if (is_readable(bytes.size() > shown_text_bytes ? shown : bytes)) {
    quoted(Ink::binary, bytes);
    return;
  }
  paint_(Ink::binary, to_hex(bytes.first(std::min(bytes.size(), shown_binary_bytes)), " "));
  if (bytes.size() > shown_binary_bytes) out_ += "...";
}

void Summary::reason(ReasonCode code) {
  separate();
  const auto number = static_cast<unsigned>(code);
  const bool failed = v5() ? is_failure(code) : code != ReasonCode::success && record_.type == PacketType::connack;
  constexpr std::string_view digits = "0123456789ABCDEF";
  paint_.within(failed ? Ink::failure : Ink::plain, [&] {
    out_ += code_meaning(code, record_.type, record_.version);
    out_ += " (0x";
    out_ += digits[number >> 4U];
    out_ += digits[number & 0x0FU];
    out_ += ')';
  });
}

void Summary::operator()(const Connect& p) {
  word("MQTT ");
  out_ += version_text(p.version);
  text("client", p.client_identifier);
  if (p.clean_start) word(p.version == Version::v5 ? "clean start" : "clean session");
  number("keep alive ", p.keep_alive, " s");
  if (p.bridge) word("bridge");
  if (p.will) {
    text("will", p.will->topic);
    append_number(" QoS ", static_cast<unsigned>(p.will->qos), p.will->retain ? " retain" : "");
    payload(p.will->payload);
    properties(p.will->properties);
  }
  if (p.user_name) text("user", *p.user_name);
  if (p.password) {
    if (style_.secrets == Secrets::hidden) {
      word("password ***");
    } else {
      word("password ");
      quoted(Ink::binary, *p.password);
    }
  }
  properties(p.properties);
}

void Summary::operator()(const Connack& p) {
  reason(p.reason_code);
  if (p.session_present) word("session present");
  properties(p.properties);
}

void Summary::operator()(const Publish& p) {
  // A struct cannot hold a reserved QoS; the first byte can.
  const unsigned qos = record_.bytes.empty() ? static_cast<unsigned>(p.qos) : (record_.bytes[0] >> 1U) & 3U;
  text("", p.topic_name);
  number("QoS ", qos);
  if (qos != 0) identifier(p.packet_identifier);
  if (p.dup) word("dup");
  if (p.retain) word("retain");
  payload(p.payload);
  properties(p.properties);
}

void Summary::operator()(const Subscribe& p) {
  identifier(p.packet_identifier);
  std::size_t count = 0;
  for (const Subscription& subscription : p.subscriptions) {
    if (++count > shown_entries) continue;
    text("", subscription.topic_filter);
    append_number(" QoS ", static_cast<unsigned>(subscription.qos));
    if (subscription.no_local) out_ += " no local";
    if (subscription.retain_as_published) out_ += " retain as published";
    if (subscription.retain_handling != RetainHandling::send) {
      append_number(" retain handling ", static_cast<unsigned>(subscription.retain_handling));
    }
  }
  more(count);
  properties(p.properties);
}

void Summary::operator()(const Unsubscribe& p) {
  identifier(p.packet_identifier);
  std::size_t count = 0;
  for (const std::string_view filter : p.topic_filters) {
    if (++count <= shown_entries) text("", filter);
  }
  more(count);
  properties(p.properties);
}

void Summary::answer(PacketIdentifier id, Bytes codes, PropertyBlock block) {
  identifier(id);
  for (std::size_t i = 0; i < std::min(codes.size(), shown_entries); ++i) reason(static_cast<ReasonCode>(codes[i]));
  more(codes.size());
  properties(block);
}

void Summary::properties(PropertyBlock block) {
  if (block.empty()) return;
  separate();
  paint_(Ink::property, "{");
  std::size_t count = 0;
  for (const Property& each : block) {
    if (++count > shown_entries) continue;
    if (count > 1) out_ += ' ';
    property(each);
  }
  if (count > shown_entries) append_number(" ", count - shown_entries, " more");
  paint_(Ink::property, "}");
}

void Summary::property(const Property& property) {
  const PropertyInfo& info = *find_property(static_cast<std::uint32_t>(property.id));
  paint_(Ink::property, info.snake_name);
  out_ += '=';
  if (info.id == PropertyId::authentication_data && style_.secrets == Secrets::hidden) {
    out_ += "***";
  } else if (info.type == PropertyType::utf8_string_pair) {
    quoted(Ink::text, as_bytes(property.name));
    out_ += ':';
    quoted(Ink::text, as_bytes(property.text));
  } else if (info.type == PropertyType::utf8_string || info.type == PropertyType::binary) {
    quoted(info.type == PropertyType::binary ? Ink::binary : Ink::text, as_bytes(property.text));
  } else {
    append_number("", property.number);
  }
}

void Summary::annotations() {
  std::string_view property_name;
  std::size_t count = 0;
  for (const Annotation& field : record_.annotations) {
    if (field.kind == FieldKind::property) property_name = field.name;
    const bool wanted = field.kind == FieldKind::text || field.kind == FieldKind::binary ||
                        field.kind == FieldKind::integer || field.kind == FieldKind::reason_code;
    if (!wanted || ++count > shown_entries) continue;
    separate();
    const std::string_view name = field.name == "Value" ? property_name : field.name;
    paint_(name == "Undecoded" ? Ink::failure : Ink::plain, name);
    out_ += ' ';
    const Bytes bytes = record_.bytes.subspan(field.offset, field.length);
    if (style_.secrets == Secrets::hidden && is_secret(field, property_name, record_.type)) {
      out_ += "***";
    } else if (field.kind == FieldKind::text) {
      quoted(Ink::text, bytes);
    } else if (field.kind == FieldKind::binary) {
      paint_(Ink::binary, to_hex(bytes.first(std::min(bytes.size(), shown_binary_bytes)), " "));
      if (bytes.size() > shown_binary_bytes) out_ += "...";
    } else {
      out_ += field.value;
    }
  }
  more(count);
}

}  // namespace

namespace {

void append_summary(TextWriter& out, const PacketRecord& record, const PacketLineStyle& style) {
  Summary summary{out, record, style};
  if (record.decoded && record.packet != nullptr) {
    std::visit(summary, *record.packet);
  } else {
    summary.annotations();
  }
}

// What stands before the summary, with room up to where the next column starts.
void append_place(TextWriter& out, const PacketRecord& record, Paint ink) {
  constexpr std::size_t offset_width = 8;
  constexpr std::size_t length_width = 6;
  BasicPainter<TextWriter>{out, ink}.within(Ink::faint, [&] {
    if (record.stream > 1) {
      out.number(record.stream);
      out += ':';
    }
    const std::size_t from = out.written();
    out.number(record.offset);
    const std::size_t width = out.written() - from;
    if (width < offset_width) out.append(offset_width - width, ' ');
  });
  const std::size_t length = record.bytes.size();
  std::size_t digits = 1;
  for (std::size_t rest = length; rest >= 10; rest /= 10) ++digits;
  out.append(digits < length_width ? length_width - digits : 1, ' ');
  out.number(length);
  out += record.sender == Role::client   ? std::string_view{"  C>S  "}
         : record.sender == Role::server ? std::string_view{"  S>C  "}
                                         : std::string_view{"       "};
}

}  // namespace

void append_packet_summary(std::string& out, const PacketRecord& record, const PacketLineStyle& style) {
  TextWriter writer{out};
  append_summary(writer, record, style);
}

void append_packet_line(std::string& out, const PacketRecord& record, const PacketLineStyle& style) {
  const bool clean = record.problems.empty() && record.missing_bytes == 0;
  {
    TextWriter line{out};
    if (record.time) {
      const Rfc3339Text time = rfc3339_text(*record.time);
      line += std::string_view{time.data(), time.size()};
      line += "  ";
    }
    append_place(line, record, style.paint);
    constexpr std::size_t type_width = 13;
    const std::string_view name = packet_type_name(record.type);
    BasicPainter<TextWriter>{line, style.paint}(clean ? Ink::title : Ink::failure, name);
    line.append(type_width - name.size(), ' ');
    const std::size_t start = line.written();
    append_summary(line, record, style);
    if (line.written() == start) line.take_back(type_width - name.size());
    line += '\n';
  }
  if (!clean) append_problem_lines(out, record, 2, style.paint);
}

}  // namespace mqtk
