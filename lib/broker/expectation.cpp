#include "broker/expectation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <nlohmann/json.hpp>

#include "base/base64.hpp"
#include "codec/topic.hpp"

namespace mqtk {
namespace {

using Json = nlohmann::json;

constexpr std::uint64_t most_messages = 1'000'000'000;

std::string messages_text(std::uint64_t count) {
  return fmt::format("{} {}", count, count == 1 ? "message" : "messages");
}

}  // namespace

// Reads the file and keeps the first thing that is wrong.
class Expectation::Reader {
 public:
  explicit Reader(Expectation& into) : into_(into) {}

  void read(const Json& root) {
    if (!root.is_object()) return complain("not a JSON object");
    only(root, "", {"within", "in_order", "messages"});
    if (const Json* within = member(root, "within")) read_within(*within);
    if (const Json* in_order = member(root, "in_order")) into_.in_order_ = flag(*in_order, "in_order");
    const Json* messages = member(root, "messages");
    if (messages == nullptr || !messages->is_array() || messages->empty()) {
      return complain("messages: a list with at least one message is needed");
    }
    for (std::size_t i = 0; i < messages->size() && complaint_.empty(); ++i) {
      read_message((*messages)[i], fmt::format("messages[{}]", i));
    }
  }
  [[nodiscard]] std::string& complaint() { return complaint_; }

 private:
  void complain(std::string text) {
    if (complaint_.empty()) complaint_ = std::move(text);
  }
  static const Json* member(const Json& object, const char* name) {
    const auto found = object.find(name);
    return found == object.end() ? nullptr : &*found;
  }
  void only(const Json& object, const std::string& path, std::initializer_list<std::string_view> names) {
    for (const auto& [key, value] : object.items()) {
      if (std::ranges::find(names, std::string_view{key}) != names.end()) continue;
      complain(fmt::format("{}no member is called '{}'", path.empty() ? "" : path + ": ", key));
    }
  }
  bool flag(const Json& value, const std::string& path) {
    if (!value.is_boolean()) complain(path + ": neither true nor false");
    return value.is_boolean() && value.get<bool>();
  }
  std::string text(const Json& value, const std::string& path) {
    if (!value.is_string()) complain(path + ": not a text");
    return value.is_string() ? value.get<std::string>() : std::string{};
  }
  std::uint64_t number(const Json& value, const std::string& path, std::uint64_t most) {
    const std::uint64_t read = value.is_number_unsigned() ? value.get<std::uint64_t>() : most + 1;
    if (read > most) complain(fmt::format("{}: not a number from 0 to {}", path, most));
    return read;
  }

  void read_within(const Json& value) {
    std::optional<Duration> read;
    if (value.is_string()) read = parse_duration(value.get<std::string>());
    if (value.is_number_unsigned()) read = parse_duration(value.dump());
    if (!read || *read <= Duration::zero()) return complain("within: not a time such as \"10s\"");
    into_.within_ = *read;
  }

  void read_message(const Json& object, const std::string& path) {
    if (!object.is_object()) return complain(path + ": not a JSON object");
    only(object, path,
         {"topic", "payload", "payload_base64", "qos", "retain", "client_identifier", "count", "at_least", "at_most"});
    Entry entry;
    if (const Json* topic = member(object, "topic")) entry.topic_filter = text(*topic, path + ".topic");
    if (TopicFilter::check(entry.topic_filter, Version::v3_1_1))
      return complain(path + ".topic: a Topic Filter is needed");
    read_payload(object, path, entry);
    if (const Json* qos = member(object, "qos")) entry.qos = static_cast<QoS>(number(*qos, path + ".qos", 2) & 3U);
    if (const Json* retain = member(object, "retain")) entry.retain = flag(*retain, path + ".retain");
    if (const Json* client = member(object, "client_identifier")) {
      entry.client_identifier = text(*client, path + ".client_identifier");
    }
    read_counts(object, path, entry);
    into_.entries_.push_back(std::move(entry));
  }

  void read_payload(const Json& object, const std::string& path, Entry& entry) {
    const Json* plain = member(object, "payload");
    const Json* encoded = member(object, "payload_base64");
    if (plain != nullptr && encoded != nullptr)
      return complain(path + ": payload and payload_base64 exclude each other");
    if (plain != nullptr) {
      const std::string value = text(*plain, path + ".payload");
      entry.payload.emplace(value.begin(), value.end());
    }
    if (encoded == nullptr) return;
    auto decoded = from_base64(text(*encoded, path + ".payload_base64"));
    if (!decoded) return complain(path + ".payload_base64: not base64");
    entry.payload = std::move(*decoded);
  }

  void read_counts(const Json& object, const std::string& path, Entry& entry) {
    const Json* count = member(object, "count");
    const Json* at_least = member(object, "at_least");
    const Json* at_most = member(object, "at_most");
    if (count != nullptr && (at_least != nullptr || at_most != nullptr)) {
      return complain(path + ": count excludes at_least and at_most");
    }
    if (count != nullptr) entry.at_least = entry.at_most = number(*count, path + ".count", most_messages);
    if (at_most != nullptr) {
      entry.at_most = number(*at_most, path + ".at_most", most_messages);
      entry.at_least = 0;
    }
    if (at_least != nullptr) entry.at_least = number(*at_least, path + ".at_least", most_messages);
    if (entry.at_least > entry.at_most) complain(path + ": at_least is above at_most");
  }

  Expectation& into_;
  std::string complaint_;
};

std::expected<Expectation, std::string> Expectation::parse(std::string_view json) {
  const Json root = Json::parse(json, nullptr, false);
  if (root.is_discarded()) return std::unexpected("not JSON");
  Expectation expectation;
  Reader reader{expectation};
  reader.read(root);
  if (!reader.complaint().empty()) return std::unexpected(std::move(reader.complaint()));
  return expectation;
}

bool Expectation::Entry::matches(std::string_view client, const Publish& publish) const {
  return topic_matches(topic_filter, publish.topic_name) && (!qos || *qos == publish.qos) &&
         (!retain || *retain == publish.retain) && (!client_identifier || *client_identifier == client) &&
         (!payload || std::ranges::equal(*payload, publish.payload));
}

std::string Expectation::Entry::wanted() const {
  std::string text = at_least == at_most    ? messages_text(at_least)
                     : at_most == unlimited ? fmt::format("at least {}", messages_text(at_least))
                     : at_least == 0        ? fmt::format("at most {}", messages_text(at_most))
                                            : fmt::format("{} to {}", at_least, messages_text(at_most));
  text += fmt::format(" to '{}'", topic_filter);
  if (payload) text += fmt::format(" with a certain payload of {} bytes", payload->size());
  if (qos) text += fmt::format(" at QoS {}", static_cast<unsigned>(*qos));
  if (retain) text += *retain ? " with RETAIN" : " without RETAIN";
  if (client_identifier) text += fmt::format(" from '{}'", *client_identifier);
  return text;
}

void Expectation::on_message(std::string_view client_identifier, const Publish& publish) {
  ++messages_;
  for (Entry& entry : entries_) {
    if (!entry.matches(client_identifier, publish)) continue;
    if (++entry.came == 1) entry.first = messages_;
  }
}

// An entry that nothing is to come for has no place in the order.
bool Expectation::out_of_order(std::size_t entry) const {
  if (!in_order_ || entries_[entry].first == 0) return false;
  const auto earlier = std::span{entries_}.first(entry);
  return std::ranges::any_of(earlier, [&](const Entry& other) {
    return other.at_least > 0 && (other.first == 0 || other.first > entries_[entry].first);
  });
}

bool Expectation::fulfilled() const { return complaints().empty(); }

bool Expectation::settled() const {
  return fulfilled() && std::ranges::all_of(entries_, [](const Entry& entry) { return entry.at_most == unlimited; });
}

bool Expectation::hopeless() const {
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    if (entries_[i].came > entries_[i].at_most || out_of_order(i)) return true;
  }
  return false;
}

std::vector<std::string> Expectation::complaints() const {
  std::vector<std::string> all;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    const Entry& entry = entries_[i];
    if (entry.came < entry.at_least || entry.came > entry.at_most) {
      all.push_back(fmt::format("expected {}, {} came", entry.wanted(), entry.came));
    } else if (out_of_order(i)) {
      all.push_back(fmt::format("expected {} only after those before it in the list", entry.wanted()));
    }
  }
  return all;
}

}  // namespace mqtk
