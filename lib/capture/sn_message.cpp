#include "capture/sn_message.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/byte_order.hpp"
#include "base/utf8.hpp"

namespace mqtk {
namespace {

using Kind = SnField::Kind;

constexpr std::size_t rest = 0;  // of the message

struct FieldRow {
  std::string_view name;
  Kind kind;
  std::size_t size;  // or `rest`
  bool optional = false;
};

struct TypeRow {
  SnType type;
  std::string_view name;
  Role sender;
  std::vector<FieldRow> fields;
};

const std::vector<TypeRow>& table() {
  constexpr FieldRow flags{"Flags", Kind::flags, 1};
  constexpr FieldRow optional_flags{"Flags", Kind::flags, 1, true};
  constexpr FieldRow topic_id{"TopicId", Kind::number, 2};
  constexpr FieldRow msg_id{"MsgId", Kind::number, 2};
  constexpr FieldRow code{"ReturnCode", Kind::number, 1};
  constexpr FieldRow duration{"Duration", Kind::number, 2};
  constexpr FieldRow topic{"TopicName", Kind::text, rest};
  constexpr Role client = Role::client;
  constexpr Role gateway = Role::server;
  constexpr Role both = Role::unknown;
  static const std::vector<TypeRow> rows = {
      {SnType::advertise, "ADVERTISE", gateway, {{"GwId", Kind::number, 1}, duration}},
      {SnType::searchgw, "SEARCHGW", client, {{"Radius", Kind::number, 1}}},
      {SnType::gwinfo, "GWINFO", both, {{"GwId", Kind::number, 1}, {"GwAdd", Kind::bytes, rest, true}}},
      {SnType::connect,
       "CONNECT",
       client,
       {flags, {"ProtocolId", Kind::number, 1}, duration, {"ClientId", Kind::text, rest}}},
      {SnType::connack, "CONNACK", gateway, {code}},
      {SnType::willtopicreq, "WILLTOPICREQ", gateway, {}},
      {SnType::willtopic, "WILLTOPIC", client, {optional_flags, {"WillTopic", Kind::text, rest, true}}},
      {SnType::willmsgreq, "WILLMSGREQ", gateway, {}},
      {SnType::willmsg, "WILLMSG", client, {{"WillMsg", Kind::bytes, rest, true}}},
      {SnType::register_topic, "REGISTER", both, {topic_id, msg_id, topic}},
      {SnType::regack, "REGACK", both, {topic_id, msg_id, code}},
      {SnType::publish, "PUBLISH", both, {flags, topic_id, msg_id, {"Data", Kind::bytes, rest, true}}},
      {SnType::puback, "PUBACK", both, {topic_id, msg_id, code}},
      {SnType::pubcomp, "PUBCOMP", both, {msg_id}},
      {SnType::pubrec, "PUBREC", both, {msg_id}},
      {SnType::pubrel, "PUBREL", both, {msg_id}},
      {SnType::subscribe, "SUBSCRIBE", client, {flags, msg_id, topic}},
      {SnType::suback, "SUBACK", gateway, {flags, topic_id, msg_id, code}},
      {SnType::unsubscribe, "UNSUBSCRIBE", client, {flags, msg_id, topic}},
      {SnType::unsuback, "UNSUBACK", gateway, {msg_id}},
      {SnType::pingreq, "PINGREQ", both, {{"ClientId", Kind::text, rest, true}}},
      {SnType::pingresp, "PINGRESP", both, {}},
      {SnType::disconnect, "DISCONNECT", both, {{"Duration", Kind::number, 2, true}}},
      {SnType::willtopicupd, "WILLTOPICUPD", client, {optional_flags, {"WillTopic", Kind::text, rest, true}}},
      {SnType::willtopicresp, "WILLTOPICRESP", gateway, {code}},
      {SnType::willmsgupd, "WILLMSGUPD", client, {{"WillMsg", Kind::bytes, rest, true}}},
      {SnType::willmsgresp, "WILLMSGRESP", gateway, {code}},
      {SnType::encapsulated,
       "ENCAPSULATED",
       both,
       {{"Ctrl", Kind::number, 1}, {"WirelessNodeId", Kind::bytes, rest, true}}},
  };
  return rows;
}

std::string_view code_text(std::uint32_t code) {
  switch (code) {
    case 0: return "accepted";
    case 1: return "rejected: congestion";
    case 2: return "rejected: invalid topic ID";
    case 3: return "rejected: not supported";
    default: return "reserved";
  }
}

class Reader {
 public:
  explicit Reader(SnMessage& message, std::size_t at) : message_(message), at_(at) {}

  void read(const FieldRow& row);
  void check();
  void finish();

 private:
  void problem(std::size_t offset, std::string text) {
    message_.problems.push_back({static_cast<std::uint32_t>(offset), std::move(text)});
  }
  void check_flags(const SnField& flags);
  void check_topic(const SnField& topic);
  void check_topic_id(const SnField& id);

  SnMessage& message_;
  std::size_t at_;
  bool stopped_ = false;  // nothing is left to read
};

void Reader::read(const FieldRow& row) {
  if (stopped_) return;
  const std::size_t left = message_.bytes.size() - at_;
  const std::size_t size = row.size == rest ? left : row.size;
  if (row.optional && left == 0) return;
  if (size > left) {
    problem(at_, fmt::format("the message ends where {} must be", row.name));
    at_ = message_.bytes.size();
    stopped_ = true;
    return;
  }
  SnField field{row.name, row.kind, static_cast<std::uint32_t>(at_), static_cast<std::uint32_t>(size), 0, {}};
  // SUBSCRIBE and UNSUBSCRIBE have the number of a topic in the place of its name.
  const bool is_predefined = row.name == "TopicName" && message_.topic_id_type() == 1;
  if (is_predefined) {
    field.name = "TopicId";
    field.kind = Kind::number;
    if (size != 2) {
      problem(at_, fmt::format("a predefined TopicId has 2 octets, not {}", size));
      field.kind = Kind::bytes;
    }
  }
  const std::uint8_t* from = message_.bytes.data() + at_;
  if (field.kind == Kind::number || field.kind == Kind::flags) {
    field.value = size == 1 ? from[0] : load_big_endian<std::uint16_t>(from);
  }
  if (row.name == "ReturnCode") field.meaning = code_text(field.value);
  if (field.kind == Kind::text && !is_mqtt_text(message_.bytes.subspan(at_, size))) {
    problem(at_, fmt::format("{} is no valid UTF-8 string", row.name));
  }
  message_.fields.push_back(field);
  at_ += size;
}

void Reader::finish() {
  if (at_ == message_.bytes.size()) return;
  const std::size_t left = message_.bytes.size() - at_;
  problem(at_, fmt::format("{} octet{} left over behind the last field", left, left == 1 ? " is" : "s are"));
  message_.fields.push_back(
      {"(left over)", Kind::bytes, static_cast<std::uint32_t>(at_), static_cast<std::uint32_t>(left), 0, {}});
}

void Reader::check() {
  for (const SnField& field : message_.fields) {
    if (field.name == "Flags") check_flags(field);
    if (field.name == "TopicName") check_topic(field);
    if (field.name == "TopicId") check_topic_id(field);
    if (field.name == "ProtocolId" && field.value != 1) {
      problem(field.offset, fmt::format("the ProtocolId is {}, 1 is MQTT-SN 1.2", field.value));
    }
    if (field.name == "ReturnCode" && field.value > 3) {
      problem(field.offset, fmt::format("the ReturnCode {} is reserved", field.value));
    }
    if (field.name == "ClientId" && message_.type == SnType::connect && (field.length == 0 || field.length > 23)) {
      problem(field.offset, fmt::format("the ClientId has {} characters, 1 to 23 are allowed", field.length));
    }
    if (field.name == "MsgId" && field.value == 0 && message_.type != SnType::publish &&
        message_.type != SnType::puback) {
      problem(field.offset, "the MsgId is 0");
    }
  }
}

void Reader::check_flags(const SnField& flags) {
  if ((flags.value & 3U) == 3) problem(flags.offset, "the TopicIdType 3 is reserved");
  if (message_.type != SnType::publish) return;
  const unsigned qos = (flags.value >> 5U) & 3U;
  const std::uint32_t id = message_.number("MsgId");
  if ((qos == 1 || qos == 2) && id == 0) problem(flags.offset, fmt::format("the MsgId is 0 at QoS {}", qos));
  if (qos == 0 && (flags.value & 0x80U) != 0) problem(flags.offset, "DUP is 1 at QoS 0");
  if (qos == 3 && (flags.value & 3U) == 0) {
    problem(flags.offset, "a PUBLISH of QoS -1 needs a predefined TopicId or a short topic name");
  }
}

void Reader::check_topic(const SnField& topic) {
  if (topic.length == 0) problem(topic.offset, "the TopicName is empty");
  if (message_.topic_id_type() == 2 && topic.length != 2) {
    problem(topic.offset, fmt::format("a short topic name has 2 octets, not {}", topic.length));
  }
  const std::string_view name = as_text(message_.bytes.subspan(topic.offset, topic.length));
  if (message_.type == SnType::register_topic && name.find_first_of("+#") != std::string_view::npos) {
    problem(topic.offset, "the TopicName has a wildcard");
  }
}

void Reader::check_topic_id(const SnField& id) {
  const bool is_short = message_.topic_id_type() == 2;
  if (!is_short && id.value == 0xFFFF) problem(id.offset, "the TopicId 0xFFFF is reserved");
  if (!is_short && id.value == 0 && message_.type == SnType::publish) {
    problem(id.offset, "the TopicId 0x0000 is reserved");
  }
}

}  // namespace

const SnField* SnMessage::find(std::string_view field) const {
  const auto found = std::ranges::find(fields, field, &SnField::name);
  return found == fields.end() ? nullptr : &*found;
}

std::uint32_t SnMessage::number(std::string_view field) const {
  const SnField* found = find(field);
  return found == nullptr ? 0 : found->value;
}

unsigned SnMessage::topic_id_type() const { return number("Flags") & 3U; }

std::string_view SnMessage::text(std::string_view field) const {
  const SnField* found = find(field);
  return found == nullptr ? std::string_view{} : as_text(bytes.subspan(found->offset, found->length));
}

std::optional<std::size_t> sn_length(Bytes ahead) {
  if (ahead.empty()) return std::nullopt;
  if (ahead[0] != 1) return ahead[0] >= 2 ? std::optional<std::size_t>{ahead[0]} : std::nullopt;
  if (ahead.size() < 3) return std::nullopt;
  const std::size_t length = load_big_endian<std::uint16_t>(ahead.data() + 1);
  return length >= 4 ? std::optional{length} : std::nullopt;
}

SnMessage read_sn(Bytes ahead) {
  SnMessage message;
  const auto length = sn_length(ahead);
  const std::size_t header = !ahead.empty() && ahead[0] == 1 ? 4 : 2;
  message.bytes = ahead.first(std::min(ahead.size(), length.value_or(ahead.size())));
  if (!length || message.bytes.size() < header) {
    message.name = "RESERVED";
    message.problems.push_back({0, "this is no header of a message: Length and MsgType"});
    return message;
  }
  message.type = static_cast<SnType>(message.bytes[header - 1]);
  const auto length_size = static_cast<std::uint32_t>(header - 1);
  message.fields.push_back({"Length", Kind::number, 0, length_size, static_cast<std::uint32_t>(*length), {}});
  const auto row = std::ranges::find(table(), message.type, &TypeRow::type);
  const bool is_known = row != table().end();
  message.name = is_known ? row->name : "RESERVED";
  message.fields.push_back({"MsgType", Kind::number, length_size, 1, message.bytes[header - 1], message.name});
  if (*length > ahead.size()) {
    message.problems.push_back({0, fmt::format("the Length is {}, but {} octets are there", *length, ahead.size())});
  }
  if (header == 4 && *length < 256) {
    message.problems.push_back({0, "the Length takes 3 octets although it fits in 1"});
  }
  Reader reader{message, header};
  if (!is_known) {
    message.problems.push_back(
        {length_size, fmt::format("the MsgType 0x{:02X} is reserved", static_cast<unsigned>(message.type))});
    if (message.bytes.size() > header) {
      message.fields.push_back({"Undecoded",
                                Kind::bytes,
                                static_cast<std::uint32_t>(header),
                                static_cast<std::uint32_t>(message.bytes.size() - header),
                                0,
                                {}});
    }
    return message;
  }
  message.sender = row->sender;
  for (const FieldRow& field : row->fields) reader.read(field);
  reader.finish();
  reader.check();
  return message;
}

}  // namespace mqtk
