#include "capture/sn_view.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/append_format.hpp"
#include "base/hex.hpp"
#include "base/json_text.hpp"
#include "base/quoted_text.hpp"

namespace mqtk {
namespace {

constexpr std::size_t shown_bytes = 64;

Bytes bytes_of(const SnRecord& record, const SnField& field) {
  return record.message->bytes.subspan(field.offset, field.length);
}

std::string_view arrow(Role sender) { return sender == Role::client ? "C>G" : sender == Role::server ? "G>C" : "   "; }

std::string flags_text(const SnMessage& message, std::uint32_t flags) {
  const unsigned qos = (flags >> 5U) & 3U;
  const bool has_session = message.type == SnType::connect;
  std::string text;
  const auto add = [&text](std::string_view word) { text.append(text.empty() ? "" : ", ").append(word); };
  if (!has_session) add(qos == 3 ? "QoS -1" : fmt::format("QoS {}", qos));
  if ((flags & 0x80U) != 0) add("dup");
  if ((flags & 0x10U) != 0) add("retain");
  if ((flags & 0x08U) != 0) add("will");
  if ((flags & 0x04U) != 0) add("clean session");
  constexpr std::string_view types[] = {"", "predefined id", "short name", "reserved id type"};
  if ((flags & 3U) != 0) add(types[flags & 3U]);
  return text.empty() ? "none" : text;
}

// What stands for the field where people read it.
std::string value_text(const SnRecord& record, const SnField& field) {
  const Bytes bytes = bytes_of(record, field);
  std::string text;
  switch (field.kind) {
    case SnField::Kind::number:
      text = fmt::format("{}", field.value);
      if (!field.meaning.empty()) text.append(" ").append(field.meaning);
      return text;
    case SnField::Kind::flags: return flags_text(*record.message, field.value);
    case SnField::Kind::text: append_quoted(text, bytes, shown_bytes); return text;
    case SnField::Kind::bytes: break;
  }
  if (is_readable(bytes)) {
    append_quoted(text, bytes, shown_bytes);
    return text;
  }
  return to_hex(bytes.first(std::min(bytes.size(), shown_bytes)), " ") + (bytes.size() > shown_bytes ? "..." : "");
}

// "TopicId" to "topic_id"
std::string snake_case(std::string_view name) {
  std::string out;
  for (const char c : name) {
    const bool is_upper = c >= 'A' && c <= 'Z';
    if (is_upper && !out.empty()) out += '_';
    if (c != '(' && c != ')') out += is_upper ? static_cast<char>(c - 'A' + 'a') : c == ' ' ? '_' : c;
  }
  return out;
}

void append_problems(std::string& out, const SnRecord& record) {
  for (const SnProblem& problem : record.message->problems) {
    append_format(out, "  ! {}, byte {}: {}\n", record.message->name, problem.offset, problem.text);
  }
}

std::string heading(const SnRecord& record) {
  std::string out;
  if (record.time) out += rfc3339(*record.time) + "  ";
  if (record.stream > 1) out += fmt::format("{}:", record.stream);
  return fmt::format("{}{:>6}  {}  {}", out, record.message->bytes.size(), arrow(record.sender), record.message->name);
}

constexpr std::size_t entry_bytes = 96;  // beside the bytes of a name

}  // namespace

void SnTopics::set(std::map<std::uint32_t, std::string>& names, std::uint32_t id, std::string_view name) {
  const auto [entry, is_new] = names.try_emplace(id);
  held_bytes_ += name.size() - entry->second.size() + (is_new ? entry_bytes : 0);
  entry->second = name;
}

void SnTopics::learn(const SnMessage& message) {
  const std::uint32_t id = message.number("TopicId");
  const std::uint32_t number = message.number("MsgId");
  if (names_.size() >= max_topics || waiting_.size() >= max_topics) return;
  switch (message.type) {
    case SnType::register_topic:
      // A gateway has chosen the id already.
      if (id != 0) set(names_, id, message.text("TopicName"));
      set(waiting_, number, message.text("TopicName"));
      break;
    case SnType::subscribe:
      if (message.topic_id_type() == 0) set(waiting_, number, message.text("TopicName"));
      break;
    case SnType::regack:
    case SnType::suback: {
      const auto found = waiting_.find(number);
      if (found == waiting_.end()) break;
      if (id != 0 && message.number("ReturnCode") == 0) set(names_, id, found->second);
      held_bytes_ -= found->second.size() + entry_bytes;
      waiting_.erase(found);
      break;
    }
    default: break;
  }
}

std::string SnTopics::topic_of(const SnMessage& message) const {
  if (message.type != SnType::publish) return {};
  if (message.topic_id_type() == 2) return std::string{message.text("TopicId")};
  if (message.topic_id_type() != 0) return {};
  const auto found = names_.find(message.number("TopicId"));
  return found == names_.end() ? std::string{} : found->second;
}

void append_sn_line(std::string& out, const SnRecord& record) {
  out += heading(record);
  bool first = true;
  for (const SnField& field : record.message->fields) {
    if (field.name == "Length" || field.name == "MsgType") continue;
    out += first ? "  " : ", ";
    first = false;
    const bool is_short_name = field.name == "TopicId" && record.message->topic_id_type() == 2;
    if (is_short_name) {
      append_quoted(out, bytes_of(record, field));
      continue;
    }
    if (field.kind != SnField::Kind::flags) out.append(field.name).append(" ");
    out += value_text(record, field);
    if (field.name == "TopicId" && !record.topic.empty()) {
      out += ' ';
      append_quoted(out, as_bytes(record.topic));
    }
  }
  out += '\n';
  append_problems(out, record);
}

void append_sn_fields(std::string& out, const SnRecord& record) {
  out += heading(record) + "\n";
  for (const SnField& field : record.message->fields) {
    const Bytes bytes = bytes_of(record, field);
    const std::size_t shown = std::min<std::size_t>(bytes.size(), 8);
    append_format(out, "  {:04x}  {:<25} {:<14} {}", field.offset,
                  to_hex(bytes.first(shown), " ") + (bytes.size() > shown ? ".." : ""), field.name,
                  value_text(record, field));
    if (field.name == "TopicId" && !record.topic.empty()) {
      out += ' ';
      append_quoted(out, as_bytes(record.topic));
    }
    out += '\n';
  }
  append_problems(out, record);
  out += '\n';
}

void append_sn_json(std::string& out, const SnRecord& record) {
  const std::string_view direction = record.sender == Role::client   ? "\"client_to_gateway\""
                                     : record.sender == Role::server ? "\"gateway_to_client\""
                                                                     : "null";
  append_format(out, R"({{"index":{},"length":{},"type":"{}","time":)", record.index, record.message->bytes.size(),
                record.message->name);
  out += record.time ? '"' + rfc3339(*record.time) + '"' : "null";
  append_format(out, R"(,"direction":{},"stream":{},"protocol":"MQTT-SN 1.2","fields":{{)", direction, record.stream);
  for (const SnField& field : record.message->fields) {
    if (field.name == "Length" || field.name == "MsgType") continue;
    if (out.back() != '{') out += ',';
    const std::string name = snake_case(field.name);
    if (field.kind == SnField::Kind::number || field.kind == SnField::Kind::flags) {
      append_format(out, R"("{}":{})", name, field.value);
    } else {
      append_json_text_or_base64(out, name, bytes_of(record, field));
    }
  }
  if (!record.topic.empty()) {
    out += ',';
    append_json_text_or_base64(out, "topic", as_bytes(record.topic));
  }
  out += "},\"problems\":[";
  for (const SnProblem& problem : record.message->problems) {
    if (out.back() != '[') out += ',';
    append_format(out, R"({{"severity":"error","offset":{},"message":)", problem.offset);
    append_json_string(out, problem.text);
    out += '}';
  }
  out += "]}\n";
}

}  // namespace mqtk
