#include "retained/home_assistant.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>

#include "codec/topic.hpp"

namespace mqtk::retained {
namespace {

using Json = nlohmann::json;

// An entity that lacks one of these members is not set up. Abbreviation and name are alike to Home Assistant.
struct Member {
  std::string_view name;
  std::string_view abbreviation;
};
constexpr Member state_topic = {"state_topic", "stat_t"};
constexpr Member command_topic = {"command_topic", "cmd_t"};
constexpr Member plain_topic = {"topic", "t"};
constexpr Member unique_id = {"unique_id", "uniq_id"};
constexpr Member device = {"device", "dev"};
constexpr Member availability = {"availability", "avty"};

struct Component {
  std::string_view name;
  std::vector<Member> required = {};
};

const std::vector<Component>& components() {
  static const std::vector<Component> all = {
      {"alarm_control_panel", {state_topic, command_topic}},
      {"binary_sensor", {state_topic}},
      {"button", {command_topic}},
      {"camera", {plain_topic}},
      {"climate"},
      {"cover"},
      {"device_automation", {{"automation_type", "atype"}, plain_topic, {"type", "type"}, {"subtype", "stype"}}},
      {"device_tracker"},
      {"event", {state_topic, {"event_types", "evt_typ"}}},
      {"fan", {command_topic}},
      {"humidifier", {command_topic, {"target_humidity_command_topic", "hum_cmd_t"}}},
      {"image"},
      {"lawn_mower"},
      {"light", {command_topic}},
      {"lock", {command_topic}},
      {"notify", {command_topic}},
      {"number", {command_topic}},
      {"scene", {command_topic}},
      {"select", {command_topic, {"options", "ops"}}},
      {"sensor", {state_topic}},
      {"siren", {command_topic}},
      {"switch", {command_topic}},
      {"tag", {plain_topic}},
      {"text", {command_topic}},
      {"update"},
      {"vacuum"},
      {"valve"},
      {"water_heater"},
  };
  return all;
}

const Component* find_component(std::string_view name) {
  const auto found = std::ranges::find(components(), name, &Component::name);
  return found == components().end() ? nullptr : &*found;
}

const Json* find(const Json& object, Member member) {
  for (const std::string_view name : {member.name, member.abbreviation}) {
    if (const auto found = object.find(name); found != object.end()) return &*found;
  }
  return nullptr;
}

// PREFIX/COMPONENT/[NODE/]OBJECT/config without its first and last level.
std::vector<std::string_view> inner_levels(std::string_view topic, std::size_t prefix_size) {
  topic.remove_prefix(prefix_size + 1);
  std::vector<std::string_view> levels;
  for (std::size_t end = topic.find('/'); end != std::string_view::npos; end = topic.find('/')) {
    levels.push_back(topic.substr(0, end));
    topic.remove_prefix(end + 1);
  }
  return levels;
}

bool is_identifier(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

// Home Assistant listens there; to the other topics it publishes.
bool names_state(std::string_view member) {
  const bool names_topic = member.ends_with("_topic") || member.ends_with("_t");
  const bool is_command = member.contains("command") || member.contains("cmd") || member.starts_with("set_");
  return names_topic && !is_command;
}

}  // namespace

class DiscoveryLint::Document {
 public:
  Document(DiscoveryLint& lint, std::string_view topic) : lint_(lint), topic_(topic) {}

  void check(std::string_view payload) {
    const std::vector<std::string_view> levels = inner_levels(topic_, lint_.prefix_.size());
    const bool right_depth = levels.size() == 2 || (levels.size() == 3 && levels[0] != "device");
    if (!right_depth) return error("not PREFIX/COMPONENT/[NODE/]OBJECT/config: it is passed over");
    for (const std::string_view level : levels) {
      if (!is_identifier(level)) error(fmt::format("'{}' in the topic is not of letters, digits, _ and -", level));
    }
    const Json document = Json::parse(payload, nullptr, false);
    if (!document.is_object()) return error("the payload is no JSON object");
    if (levels[0] == "device") return check_device_document(document);
    check_entity(document, levels[0], document, "");
  }

 private:
  void add(Severity severity, std::string text) { lint_.problems_.push_back({severity, topic_, std::move(text)}); }
  void error(std::string text) { add(Severity::error, std::move(text)); }
  void warning(std::string text) { add(Severity::warning, std::move(text)); }

  void check_device_document(const Json& document) {
    if (find(document, device) == nullptr) error("no device (dev)");
    const Json* origin = find(document, {"origin", "o"});
    if (origin == nullptr || !origin->is_object() || !origin->contains("name")) error("no origin (o) with a name");
    check_device(document);
    const Json* entities = find(document, {"components", "cmps"});
    if (entities == nullptr || !entities->is_object()) return error("no components (cmps)");
    for (const auto& [name, entity] : entities->items()) {
      const std::string where = fmt::format("component '{}': ", name);
      const Json* platform = entity.is_object() ? find(entity, {"platform", "p"}) : nullptr;
      if (platform == nullptr || !platform->is_string()) {
        error(where + "no platform (p)");
        continue;
      }
      if (entity.size() == 1) continue;  // removes the entity
      if (find(entity, unique_id) == nullptr) error(where + "no unique_id: it is passed over");
      check_entity(entity, platform->get_ref<const std::string&>(), document, where);
    }
    note_topics(document, base_of(document), "");
  }

  // `shared` holds what an entity takes from its device's document: itself where there is none.
  void check_entity(const Json& entity, std::string_view name, const Json& shared, const std::string& where) {
    const Component* component = find_component(name);
    if (component == nullptr)
      return error(fmt::format("{}'{}' is no component that MQTT discovery knows", where, name));
    for (const Member& member : component->required) {
      if (find(entity, member) != nullptr || find(shared, member) != nullptr) continue;
      error(fmt::format("{}no {} ({}), which a {} needs", where, member.name, member.abbreviation, name));
    }
    const bool alone = &entity == &shared;
    if (alone) check_device(entity);
    check_unique_id(entity, name, alone, where);
    std::string base = base_of(entity);
    if (base.empty()) base = base_of(shared);
    note_topics(entity, base, where);
  }

  void check_unique_id(const Json& entity, std::string_view name, bool alone, const std::string& where) {
    const Json* id = find(entity, unique_id);
    const bool has_none = name == "device_automation" || name == "tag";
    if (id == nullptr) {
      if (alone && !has_none) warning("no unique_id: the entity cannot be changed in Home Assistant");
      return;
    }
    if (!id->is_string()) return error(where + "unique_id is no string");
    const std::string key = fmt::format("{}/{}", name, id->get_ref<const std::string&>());
    const auto [known, is_new] = lint_.unique_ids_.emplace(key, topic_);
    if (!is_new) error(fmt::format("{}its unique_id is also that of {}", where, known->second));
  }

  void check_device(const Json& document) {
    const Json* description = find(document, device);
    if (description == nullptr) return;
    if (!description->is_object()) return error("device (dev) is no object");
    const bool known_by = find(*description, {"identifiers", "ids"}) || find(*description, {"connections", "cns"});
    if (!known_by) error("device (dev) has neither identifiers (ids) nor connections (cns)");
  }

  static std::string base_of(const Json& object) {
    const auto found = object.find("~");
    return found != object.end() && found->is_string() ? found->get<std::string>() : "";
  }

  void note_topics(const Json& object, const std::string& base, const std::string& where) {
    for (const auto& [name, value] : object.items()) {
      if (value.is_string() && (name.ends_with("_topic") || name.ends_with("_t"))) {
        note_topic(name, value.get_ref<const std::string&>(), base, where);
      }
    }
    const Json* list = find(object, availability);
    if (list == nullptr) return;
    const Json as_list = list->is_array() ? *list : Json::array({*list});
    for (const Json& one : as_list) {
      const Json* topic = one.is_object() ? find(one, plain_topic) : nullptr;
      if (topic == nullptr || !topic->is_string()) {
        error(where + "availability (avty) without topic (t)");
      } else {
        note_topic("availability_topic", topic->get_ref<const std::string&>(), base, where);
      }
    }
  }

  void note_topic(std::string_view member, std::string topic, const std::string& base, const std::string& where) {
    const bool in_front = topic.starts_with('~');
    const bool behind = !in_front && topic.ends_with('~');
    if ((in_front || behind) && base.empty()) return error(fmt::format("{}{}: there is no ~ to put in", where, member));
    if (in_front) topic.replace(0, 1, base);
    if (behind) topic.replace(topic.size() - 1, 1, base);
    const bool is_state = names_state(member);
    if (is_state ? static_cast<bool>(TopicFilter::check(topic, Version::v5))
                 : static_cast<bool>(TopicName::check(topic))) {
      return error(fmt::format("{}{} '{}' is no topic", where, member, topic));
    }
    if (is_state) lint_.state_topics_.emplace(std::move(topic), topic_);
  }

  DiscoveryLint& lint_;
  std::string topic_;
};

bool DiscoveryLint::is_document(std::string_view topic) const {
  return topic.size() > prefix_.size() && topic.starts_with(prefix_) && topic[prefix_.size()] == '/' &&
         topic.ends_with("/config");
}

void DiscoveryLint::check(std::string_view topic, std::string_view payload) {
  ++documents_;
  Document(*this, topic).check(payload);
}

void DiscoveryLint::not_retained(std::string_view topic) {
  problems_.push_back({Severity::error, std::string{topic},
                       "published without RETAIN: the entity is gone when Home Assistant starts again"});
}

void DiscoveryLint::is_silent(const std::string& topic) {
  problems_.push_back({Severity::warning, state_topics_.at(topic),
                       fmt::format("the broker keeps nothing at '{}' and nothing came there", topic)});
}

}  // namespace mqtk::retained
