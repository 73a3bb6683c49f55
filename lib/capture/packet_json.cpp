#include "capture/packet_json.hpp"

#include <fmt/format.h>

#include "base/json_text.hpp"
#include "capture/packet_text.hpp"
#include "codec/reason_code.hpp"

namespace mqtk {
namespace {

// Writes the members of one object. Which fields of a broken packet were read is asked of its annotations.
class FieldsWriter {
 public:
  FieldsWriter(std::string& out, const PacketRecord& record, Secrets secrets)
      : out_(out), record_(record), secrets_(secrets) {}

  void operator()(std::monostate) {}
  void operator()(const Connect& p);
  void operator()(const Connack& p);
  void operator()(const Publish& p);
  template <PacketType type>
  void operator()(const Acknowledgement<type>& p) {
    packet_identifier(p.packet_identifier);
    if (v5()) reason(p.reason_code);
    properties(p.properties);
  }
  void operator()(const Subscribe& p);
  void operator()(const Suback& p) { answer(p.packet_identifier, p.properties, p.reason_codes); }
  void operator()(const Unsubscribe& p);
  void operator()(const Unsuback& p) { answer(p.packet_identifier, p.properties, p.reason_codes); }
  void operator()(const Pingreq&) {}
  void operator()(const Pingresp&) {}
  void operator()(const Disconnect& p) { reason_and_properties(p); }
  void operator()(const Auth& p) { reason_and_properties(p); }

 private:
  [[nodiscard]] bool v5() const { return record_.version == Version::v5; }
  [[nodiscard]] const Annotation* find(std::string_view name, FieldKind kind) const;
  [[nodiscard]] bool has(std::string_view name) const;
  // Whether a list was begun: a decoded packet may have an empty one.
  [[nodiscard]] bool read(Bytes list) const { return record_.decoded || !list.empty(); }
  // The number on the wire: a struct cannot hold a reserved QoS.
  [[nodiscard]] unsigned wire_bits(std::string_view name, unsigned decoded) const;

  void key(std::string_view name);
  void number(std::string_view name, std::uint64_t value);
  void boolean(std::string_view name, bool value);
  void string(std::string_view name, std::string_view value);
  void text(std::string_view name, std::string_view value);

  void protocol(const Connect& p);
  void will(const Will& p);
  void packet_identifier(PacketIdentifier id);
  void reason(ReasonCode code);
  void properties(PropertyBlock block);
  void answer(PacketIdentifier id, PropertyBlock block, Bytes reason_codes);
  template <class P>
  void reason_and_properties(const P& p) {
    if (v5()) reason(p.reason_code);
    properties(p.properties);
  }

  std::string& out_;
  const PacketRecord& record_;
  Secrets secrets_;
};

const Annotation* FieldsWriter::find(std::string_view name, FieldKind kind) const {
  for (const Annotation& note : record_.annotations) {
    if (note.name == name && note.kind == kind) return &note;
  }
  return nullptr;
}

bool FieldsWriter::has(std::string_view name) const {
  if (record_.decoded) return true;
  for (const Annotation& note : record_.annotations) {
    if (note.name == name) return true;
  }
  return false;
}

unsigned FieldsWriter::wire_bits(std::string_view name, unsigned decoded) const {
  const Annotation* note = record_.problems.empty() ? nullptr : find(name, FieldKind::bits);
  if (note == nullptr) return decoded;
  return (static_cast<unsigned>(record_.bytes[note->offset]) >> note->bit_first) & ((1U << note->bit_count) - 1U);
}

void FieldsWriter::key(std::string_view name) {
  if (out_.back() != '{') out_ += ',';
  out_ += '"';
  out_ += name;
  out_ += "\":";
}

void FieldsWriter::number(std::string_view name, std::uint64_t value) {
  key(name);
  const fmt::format_int digits{value};
  out_.append(digits.data(), digits.size());
}

void FieldsWriter::boolean(std::string_view name, bool value) {
  key(name);
  out_ += value ? "true" : "false";
}

void FieldsWriter::string(std::string_view name, std::string_view value) {
  key(name);
  append_json_string(out_, value);
}

void FieldsWriter::text(std::string_view name, std::string_view value) {
  if (out_.back() != '{') out_ += ',';
  append_json_text_or_base64(out_, name, as_bytes(value));
}

void FieldsWriter::operator()(const Connect& p) {
  protocol(p);
  const bool v5_connect = p.version == Version::v5;
  if (has(v5_connect ? "Clean Start" : "Clean Session")) boolean("clean_start", p.clean_start);
  if (has("Keep Alive")) number("keep_alive", p.keep_alive);
  if (has("Client Identifier")) text("client_identifier", p.client_identifier);
  if (p.will) will(*p.will);
  if (p.user_name && has("User Name")) text("user_name", *p.user_name);
  if (p.password && has("Password")) {
    if (secrets_ == Secrets::hidden) {
      string("password", "***");
    } else {
      text("password", as_text(*p.password));
    }
  }
  properties(p.properties);
}

// Read from the notes if the packet is broken, because it may claim another protocol than the struct can say.
void FieldsWriter::protocol(const Connect& p) {
  if (record_.decoded) {
    string("protocol_name", p.version == Version::v3_1 ? "MQIsdp" : "MQTT");
    number("protocol_level", static_cast<unsigned>(p.version) | (p.bridge ? 0x80U : 0U));
    return;
  }
  if (find("Protocol Name", FieldKind::length) != nullptr) {
    const Annotation* name = find("Protocol Name", FieldKind::text);
    text("protocol_name",
         name == nullptr ? std::string_view{} : as_text(record_.bytes.subspan(name->offset, name->length)));
  }
  const Annotation* level = find("Protocol Version", FieldKind::integer);
  if (level != nullptr) number("protocol_level", record_.bytes[level->offset]);
}

void FieldsWriter::will(const Will& p) {
  key("will");
  out_ += '{';
  if (has("Will Topic")) text("topic", p.topic);
  number("qos", wire_bits("Will QoS", static_cast<unsigned>(p.qos)));
  boolean("retain", p.retain);
  if (has("Will Payload")) text("payload", as_text(p.payload));
  properties(p.properties);
  out_ += '}';
}

void FieldsWriter::operator()(const Connack& p) {
  // 3.1 has a reserved byte where later versions have Session Present.
  if (record_.version != Version::v3_1 && has("Session Present")) boolean("session_present", p.session_present);
  reason(p.reason_code);
  properties(p.properties);
}

void FieldsWriter::operator()(const Publish& p) {
  const unsigned qos = wire_bits("QoS", static_cast<unsigned>(p.qos));
  boolean("dup", p.dup);
  number("qos", qos);
  boolean("retain", p.retain);
  if (has("Topic Name")) text("topic_name", p.topic_name);
  if (qos != 0) packet_identifier(p.packet_identifier);
  if (has("Payload")) text("payload", as_text(p.payload));
  properties(p.properties);
}

void FieldsWriter::operator()(const Subscribe& p) {
  packet_identifier(p.packet_identifier);
  properties(p.properties);
  if (!read(p.subscriptions.bytes())) return;
  key("subscriptions");
  out_ += '[';
  for (const Subscription& subscription : p.subscriptions) {
    if (out_.back() != '[') out_ += ',';
    out_ += '{';
    text("topic_filter", subscription.topic_filter);
    number("qos", static_cast<unsigned>(subscription.qos));
    if (v5()) {
      boolean("no_local", subscription.no_local);
      boolean("retain_as_published", subscription.retain_as_published);
      number("retain_handling", static_cast<unsigned>(subscription.retain_handling));
    }
    out_ += '}';
  }
  out_ += ']';
}

void FieldsWriter::operator()(const Unsubscribe& p) {
  packet_identifier(p.packet_identifier);
  properties(p.properties);
  if (!read(p.topic_filters.bytes())) return;
  key("topic_filters");
  out_ += '[';
  for (const std::string_view filter : p.topic_filters) {
    if (out_.back() != '[') out_ += ',';
    append_json_element(out_, filter);
  }
  out_ += ']';
}

void FieldsWriter::answer(PacketIdentifier id, PropertyBlock block, Bytes reason_codes) {
  packet_identifier(id);
  properties(block);
  if (!read(reason_codes) || (record_.type == PacketType::unsuback && !v5())) return;
  key("reason_codes");
  out_ += '[';
  for (const std::uint8_t code : reason_codes) {
    if (out_.back() != '[') out_ += ',';
    const fmt::format_int digits{code};
    out_.append(digits.data(), digits.size());
  }
  out_ += "],\"reason_names\":[";
  for (const std::uint8_t code : reason_codes) {
    if (out_.back() != '[') out_ += ',';
    append_json_string(out_, code_meaning(static_cast<ReasonCode>(code), record_.type, record_.version));
  }
  out_ += ']';
}

void FieldsWriter::packet_identifier(PacketIdentifier id) {
  if (has("Packet Identifier")) number("packet_identifier", id);
}

void FieldsWriter::reason(ReasonCode code) {
  if (!has(v5() ? "Reason Code" : "Return Code")) return;
  number("reason_code", static_cast<unsigned>(code));
  string("reason_name", code_meaning(code, record_.type, record_.version));
}

void FieldsWriter::properties(PropertyBlock block) {
  if (block.empty()) return;
  key("properties");
  append_properties_json(out_, block, secrets_);
}

void append_number(std::string& out, std::uint64_t number) {
  const fmt::format_int digits{number};
  out.append(digits.data(), digits.size());
}

std::string_view direction(Role sender) {
  switch (sender) {
    case Role::client: return "\"client_to_server\"";
    case Role::server: return "\"server_to_client\"";
    case Role::unknown: break;
  }
  return "null";
}

void append_problem(std::string& out, const Problem& problem, const PacketRecord& record) {
  const RuleInfo& info = rule_info(problem.fault.rule);
  out += info.rule_class == RuleClass::advice ? "{\"severity\":\"warning\"" : "{\"severity\":\"error\"";
  out += ",\"class\":\"";
  out += rule_class_name(info.rule_class);
  out += "\",\"rule\":\"";
  out += info.name;
  out += "\",\"statement\":";
  const std::string_view id = statement(problem.fault.rule, record.version);
  if (id.empty()) {
    out += "null";
  } else {
    append_json_string(out, id);
  }
  out += ",\"offset\":";
  append_number(out, problem.fault.offset);
  out += ",\"length\":";
  append_number(out, problem.length);
  out += ",\"reason_code\":";
  unsigned code = static_cast<unsigned>(info.reason_code);
  if (record.version != Version::v5) {
    code = record.type == PacketType::connect ? connack_return_code(info.reason_code) : 255U;
  }
  const bool is_advice = info.rule_class == RuleClass::advice && info.reason_code == ReasonCode::success;
  if (code == 255 || is_advice) {
    out += "null";
  } else {
    append_number(out, code);
  }
  out += ",\"message\":";
  if (problem.detail.empty()) {
    append_json_string(out, info.text);
  } else {
    append_json_string(out, fmt::format("{}: {}", info.text, problem.detail));
  }
  out += '}';
}

void append_incomplete(std::string& out, const PacketRecord& record) {
  out += record.left_out ? R"({"severity":"warning","class":"advice","rule":"packet_left_out")"
                         : R"({"severity":"error","class":"malformed_packet","rule":"packet_incomplete")";
  out += R"(,"statement":null,"offset":)";
  append_number(out, record.bytes.size());
  out += R"(,"length":0,"reason_code":null,"message":)";
  append_json_string(out, incomplete_text(record));
  out += '}';
}

}  // namespace

void append_packet_json(std::string& out, const PacketRecord& record, Secrets secrets, std::string_view more_members) {
  out += "{\"index\":";
  append_number(out, record.index);
  out += ",\"offset\":";
  append_number(out, record.offset);
  out += ",\"length\":";
  append_number(out, record.bytes.size());
  out += ",\"type\":\"";
  out += packet_type_name(record.type);
  out += "\",\"time\":";
  if (record.time) {
    append_json_string(out, rfc3339(*record.time));
  } else {
    out += "null";
  }
  out += ",\"direction\":";
  out += direction(record.sender);
  out += ",\"stream\":";
  append_number(out, record.stream);
  out += ",\"protocol_version\":";
  append_number(out, static_cast<unsigned>(record.version));
  out += ",\"fields\":{";
  if (record.packet != nullptr) std::visit(FieldsWriter{out, record, secrets}, *record.packet);
  out += "},\"problems\":[";
  for (const Problem& problem : record.problems) {
    if (out.back() != '[') out += ',';
    append_problem(out, problem, record);
  }
  if (record.missing_bytes > 0) {
    if (out.back() != '[') out += ',';
    append_incomplete(out, record);
  }
  out += ']';
  if (!more_members.empty()) {
    out += ',';
    out += more_members;
  }
  out += '}';
}

}  // namespace mqtk
