#include "capture/packet_line.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/hex.hpp"
#include "base/quoted_text.hpp"
#include "capture/packet_text.hpp"
#include "codec/reason_code.hpp"

namespace mqtk {
namespace {

constexpr std::size_t shown_text_bytes = 64;
constexpr std::size_t shown_binary_bytes = 16;
constexpr std::size_t shown_entries = 8;  // of a list

class Summary {
 public:
  Summary(std::string& out, const PacketRecord& record, const PacketLineStyle& style)
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
  template <class... Args>
  void number(fmt::format_string<Args...> format, Args&&... args) {
    separate();
    fmt::format_to(std::back_inserter(out_), format, std::forward<Args>(args)...);
  }
  void text(std::string_view label, std::string_view value);
  void quoted(Ink ink, Bytes bytes);
  void payload(Bytes bytes);
  void identifier(PacketIdentifier id) { number("id {}", id); }
  void reason(ReasonCode code);
  void answer(PacketIdentifier id, Bytes codes, PropertyBlock block);
  void ending(ReasonCode code, PropertyBlock block) {
    if (v5()) reason(code);
    properties(block);
  }
  void properties(PropertyBlock block);
  void property(const Property& property);
  void more(std::size_t count) {
    if (count > shown_entries) number("{} more", count - shown_entries);
  }

  std::string& out_;
  Painter paint_;
  const PacketRecord& record_;
  const PacketLineStyle& style_;
  std::size_t start_ = out_.size();
};

void Summary::separate() {
  if (out_.size() > start_) out_ += ", ";
}

void Summary::word(std::string_view text) {
  separate();
  out_ += text;
}

void Summary::quoted(Ink ink, Bytes bytes) {
  std::string quote;
  append_quoted(quote, bytes, shown_text_bytes);
  paint_(ink, quote);
}

void Summary::text(std::string_view label, std::string_view value) {
  separate();
  out_ += label;
  if (!label.empty()) out_ += ' ';
  quoted(Ink::text, as_bytes(value));
}

void Summary::payload(Bytes bytes) {
  word(count_bytes(bytes.size()));
  if (bytes.empty()) return;
  out_ += ' ';
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
  const std::string name{code_meaning(code, record_.type, record_.version)};
  const bool failed = v5() ? is_failure(code) : code != ReasonCode::success && record_.type == PacketType::connack;
  paint_(failed ? Ink::failure : Ink::plain, fmt::format("{} (0x{:02X})", name, number));
}

void Summary::operator()(const Connect& p) {
  number("MQTT {}", version_text(p.version));
  text("client", p.client_identifier);
  if (p.clean_start) word(p.version == Version::v5 ? "clean start" : "clean session");
  number("keep alive {} s", p.keep_alive);
  if (p.bridge) word("bridge");
  if (p.will) {
    text("will", p.will->topic);
    fmt::format_to(std::back_inserter(out_), " QoS {}{}", static_cast<unsigned>(p.will->qos),
                   p.will->retain ? " retain" : "");
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
  number("QoS {}", qos);
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
    fmt::format_to(std::back_inserter(out_), " QoS {}", static_cast<unsigned>(subscription.qos));
    if (subscription.no_local) out_ += " no local";
    if (subscription.retain_as_published) out_ += " retain as published";
    if (subscription.retain_handling != RetainHandling::send) {
      fmt::format_to(std::back_inserter(out_), " retain handling {}",
                     static_cast<unsigned>(subscription.retain_handling));
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
  if (count > shown_entries) fmt::format_to(std::back_inserter(out_), " {} more", count - shown_entries);
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
    fmt::format_to(std::back_inserter(out_), "{}", property.number);
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

void append_packet_summary(std::string& out, const PacketRecord& record, const PacketLineStyle& style) {
  Summary summary{out, record, style};
  if (record.decoded && record.packet != nullptr) {
    std::visit(summary, *record.packet);
  } else {
    summary.annotations();
  }
}

void append_packet_line(std::string& out, const PacketRecord& record, const PacketLineStyle& style) {
  Painter paint{out, style.paint};
  if (record.time) {
    out += rfc3339(*record.time);
    out += "  ";
  }
  paint(Ink::faint, record.stream > 1 ? fmt::format("{}:{:<8}", record.stream, record.offset)
                                      : fmt::format("{:<8}", record.offset));
  const std::string_view way = record.sender == Role::client ? "C>S" : record.sender == Role::server ? "S>C" : "   ";
  fmt::format_to(std::back_inserter(out), " {:>5}  {}  ", record.bytes.size(), way);
  const bool clean = record.problems.empty() && record.missing_bytes == 0;
  std::string summary;
  append_packet_summary(summary, record, style);
  const std::string_view name = packet_type_name(record.type);
  if (summary.empty()) {
    paint(clean ? Ink::title : Ink::failure, name);
  } else {
    paint(clean ? Ink::title : Ink::failure, fmt::format("{:<11}", name));
    out += "  ";
    out += summary;
  }
  out += '\n';
  append_problem_lines(out, record, 2, style.paint);
}

}  // namespace mqtk
