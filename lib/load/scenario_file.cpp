#include "load/scenario_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <utility>

#include "codec/types.hpp"
#include "load/message_stamp.hpp"
#include "load/scenario_check.hpp"

namespace mqtk {
namespace {

using Json = nlohmann::json;

constexpr double most_rate = 1e8;
constexpr std::uint64_t most_clients = 1'000'000;
constexpr std::uint64_t most_messages = 4'000'000'000;
constexpr std::uint64_t most_payload_bytes = 100'000'000;
constexpr std::uint64_t most_steps = 1000;

// The first thing that is wrong, and where.
struct Complaint {
  std::string text;
  void note(const std::string& path, std::string_view what) {
    if (text.empty()) text = path.empty() ? std::string{what} : fmt::format("{}: {}", path, what);
  }
};

// The members of one object. A member that is not there leaves its variable as it was; one that nobody asked for is a
// mistake.
class Fields {
 public:
  Fields(const Json& object, std::string path, Complaint& complaint)
      : object_(object), path_(std::move(path)), complaint_(complaint) {
    if (!object.is_object()) complain({}, "not an object");
  }
  Fields(const Fields&) = delete;
  Fields& operator=(const Fields&) = delete;
  // Only memory that runs out throws here.
  ~Fields() {  // NOLINT(bugprone-exception-escape)
    if (!object_.is_object()) return;
    for (const auto& [key, value] : object_.items()) {
      if (!known_.contains(key)) complain({}, fmt::format("no member is called '{}'", key));
    }
  }

  [[nodiscard]] const Json* find(const std::string& key) {
    known_.insert(key);
    if (!object_.is_object()) return nullptr;
    const auto found = object_.find(key);
    return found == object_.end() ? nullptr : &*found;
  }
  [[nodiscard]] std::string path(const std::string& key) const { return path_.empty() ? key : path_ + "." + key; }
  void complain(const std::string& key, std::string_view what) const {
    complaint_.note(key.empty() ? path_ : path(key), what);
  }
  [[nodiscard]] Complaint& complaint() const { return complaint_; }

  bool text(const std::string& key, std::string& target) {
    const Json* value = find(key);
    if (value == nullptr) return false;
    if (!value->is_string()) return complain(key, "not a text"), false;
    target = value->get<std::string>();
    return true;
  }

  bool flag(const std::string& key, bool& target) {
    const Json* value = find(key);
    if (value == nullptr) return false;
    if (!value->is_boolean()) return complain(key, "neither true nor false"), false;
    target = value->get<bool>();
    return true;
  }

  template <class T>
  bool number(const std::string& key, T& target, std::uint64_t least, std::uint64_t most) {
    const Json* value = find(key);
    if (value == nullptr) return false;
    const bool is_whole = value->is_number_unsigned();
    const std::uint64_t read = is_whole ? value->get<std::uint64_t>() : 0;
    if (!is_whole || read < least || read > most) {
      return complain(key, fmt::format("not a number from {} to {}", least, most)), false;
    }
    target = static_cast<T>(read);
    return true;
  }

  bool real(const std::string& key, double& target, double least, double most) {
    const Json* value = find(key);
    if (value == nullptr) return false;
    const double read = value->is_number() ? value->get<double>() : -1;
    if (!value->is_number() || !(read >= least) || !(read <= most)) {
      return complain(key, fmt::format("not a number from {} to {}", least, most)), false;
    }
    target = read;
    return true;
  }

  bool duration(const std::string& key, Duration& target) {
    const Json* value = find(key);
    if (value == nullptr) return false;
    std::optional<Duration> read;
    if (value->is_string()) read = parse_duration(value->get<std::string>());
    if (value->is_number_unsigned()) read = parse_duration(value->dump());
    if (!read || *read < Duration{0} || *read > std::chrono::hours{24 * 30}) {
      return complain(key, "not a duration of at most 30 days, such as \"500ms\", \"10s\" or 2 (seconds)"), false;
    }
    target = *read;
    return true;
  }

  bool text_template(const std::string& key, TextTemplate& target, const ValueTable* table) {
    std::string read;
    if (!text(key, read)) return false;
    auto parsed = TextTemplate::parse(read, TextTemplate::Braces::are_places, table);
    if (!parsed) return complain(key, parsed.error()), false;
    target = std::move(*parsed);
    return true;
  }

  template <class T>
  bool choice(const std::string& key, T& target, std::initializer_list<std::pair<std::string_view, T>> choices) {
    std::string read;
    if (!text(key, read)) return false;
    std::string words;
    for (const auto& [word, value] : choices) {
      if (word == read) return target = value, true;
      words += (words.empty() ? "" : ", ") + std::string{word};
    }
    return complain(key, "not one of " + words), false;
  }

 private:
  const Json& object_;
  std::string path_;
  Complaint& complaint_;
  std::set<std::string> known_;
};

// Calls `each(element, path)` for what is in a list.
template <class Each>
void each_element(Fields& fields, const std::string& key, Each each) {
  const Json* list = fields.find(key);
  if (list == nullptr) return;
  if (!list->is_array()) return fields.complain(key, "not a list");
  for (std::size_t i = 0; i < list->size(); ++i) each((*list)[i], fmt::format("{}[{}]", fields.path(key), i));
}

class ScenarioReader {
 public:
  ScenarioReader(const ConnectOptions& defaults, const ReadNamedFile& read_file)
      : defaults_(defaults), read_file_(read_file) {}

  std::expected<ScenarioFile, std::string> read(const Json& root) {
    read_root(root);
    if (!complaint_.text.empty()) return std::unexpected(complaint_.text);
    if (auto checked = check_scenario(file_.scenario); !checked) return std::unexpected(checked.error());
    return std::move(file_);
  }

 private:
  void read_root(const Json& root) {
    Fields fields{root, {}, complaint_};
    Scenario& scenario = file_.scenario;
    std::string ignored;
    fields.text("$schema", ignored);
    fields.text("description", ignored);
    fields.text("name", scenario.name);
    fields.number("pending", scenario.most_pending, 1, 100'000);
    fields.number("threads", scenario.threads, 1, 256);
    fields.duration("drain", scenario.drain);
    std::string csv;
    if (fields.text("csv", csv)) read_table(fields, csv);
    each_element(fields, "assert", [&](const Json& value, const std::string& path) {
      if (!value.is_string()) return complaint_.note(path, "not a text");
      file_.thresholds.push_back(value.get<std::string>());
    });
    each_element(fields, "phases", [&](const Json& value, const std::string& path) { read_phase(value, path); });
    if (scenario.phases.empty()) scenario.phases = {{.name = "hold", .length = std::chrono::seconds{10}}};
    each_element(fields, "groups", [&](const Json& value, const std::string& path) { read_group(value, path); });
  }

  void read_table(Fields& fields, const std::string& name) {
    const auto content = read_file_(name);
    if (!content) return fields.complain("csv", content.error());
    auto table = ValueTable::parse_csv(*content);
    if (!table) return fields.complain("csv", table.error());
    file_.scenario.table = std::move(*table);
  }
  [[nodiscard]] const ValueTable* table() const {
    return file_.scenario.table.rows() > 0 ? &file_.scenario.table : nullptr;
  }

  // scenario_file.cpp, in the order of the schema
  void read_phase(const Json& value, const std::string& path);
  void read_group(const Json& value, const std::string& path);
  void read_connection(Fields& fields, ClientGroup& group);
  void read_will(const Json& value, const std::string& path, ClientGroup& group);
  void read_reconnect(const Json& value, const std::string& path, ClientGroup& group);
  void read_publish(const Json& value, const std::string& path, ClientGroup& group);
  void read_pace(Fields& fields, ClientGroup& group);
  void read_payload(const Json& value, const std::string& path, ClientGroup& group);
  void read_storm(const Json& value, const std::string& path, ClientGroup& group);

  const ConnectOptions& defaults_;
  const ReadNamedFile& read_file_;
  Complaint complaint_;
  ScenarioFile file_;
};

void ScenarioReader::read_phase(const Json& value, const std::string& path) {
  enum class Kind : std::uint8_t { warm_up, ramp, hold, step, spike, cool_down };
  Fields fields{value, path, complaint_};
  Kind kind = Kind::hold;
  if (!fields.choice<Kind>("phase", kind,
                           {{"warm_up", Kind::warm_up},
                            {"ramp", Kind::ramp},
                            {"hold", Kind::hold},
                            {"step", Kind::step},
                            {"spike", Kind::spike},
                            {"cool_down", Kind::cool_down}})) {
    return fields.complain("phase", "give warm_up, ramp, hold, step, spike or cool_down");
  }
  LoadPhase phase{.name = value["phase"].get<std::string>()};
  if (!fields.duration("duration", phase.length)) fields.complain("duration", "missing");
  const bool moves = kind == Kind::ramp || kind == Kind::step || kind == Kind::cool_down;
  if (moves) {
    phase.from = kind == Kind::cool_down ? 1 : 0;
    phase.to = kind == Kind::cool_down ? 0 : 1;
    fields.real("from", phase.from, 0, most_rate);
    fields.real("to", phase.to, 0, most_rate);
  } else {
    if (!fields.real("rate", phase.from, 0, most_rate) && kind == Kind::spike) phase.from = 5;
    phase.to = phase.from;
  }
  phase.is_measured = kind == Kind::hold || kind == Kind::step || kind == Kind::spike;
  fields.flag("measured", phase.is_measured);
  std::vector<LoadPhase>& phases = file_.scenario.phases;
  if (kind != Kind::step) return phases.push_back(phase);
  std::uint32_t steps = 5;
  fields.number("steps", steps, 2, most_steps);
  const LoadPhase whole = phase;
  for (std::uint32_t i = 0; i < steps; ++i) {
    phase.from = phase.to = whole.from + (whole.to - whole.from) * i / (steps - 1);
    phase.length = whole.length / steps;
    phases.push_back(phase);
  }
}

void ScenarioReader::read_group(const Json& value, const std::string& path) {
  Fields fields{value, path, complaint_};
  ClientGroup group;
  group.connect = defaults_;
  group.name = fmt::format("group {}", file_.scenario.groups.size());
  fields.text("name", group.name);
  fields.number("count", group.count, 1, most_clients);
  read_connection(fields, group);
  if (const Json* publish = fields.find("publish")) read_publish(*publish, fields.path("publish"), group);
  each_element(fields, "subscribe", [&](const Json& each, const std::string& place) {
    Fields subscription{each, place, complaint_};
    LoadSubscription read;
    if (!subscription.text_template("filter", read.filter, table())) subscription.complain("filter", "missing");
    subscription.number("qos", read.qos, 0, 2);
    group.subscriptions.push_back(std::move(read));
  });
  fields.flag("responds", group.responds);
  fields.real("receive_rate", group.receive_rate, 0.001, most_rate);
  if (const Json* storm = fields.find("storm")) read_storm(*storm, fields.path("storm"), group);
  file_.scenario.groups.push_back(std::move(group));
}

void ScenarioReader::read_connection(Fields& fields, ClientGroup& group) {
  ConnectOptions& connect = group.connect;
  fields.choice<Version>("version", connect.version,
                         {{"5", Version::v5}, {"3.1.1", Version::v3_1_1}, {"3.1", Version::v3_1}});
  if (connect.version != Version::v5) connect.properties = {};
  // Templates, checked like others and then kept as text.
  const auto place_text = [&](const std::string& key, std::string& target) {
    TextTemplate parsed;
    if (!fields.text_template(key, parsed, table())) return false;
    target = parsed.source();
    return true;
  };
  place_text("client_id", connect.client_identifier);
  std::string text;
  if (place_text("user_name", text)) connect.user_name = text;
  if (fields.text("password", text)) connect.password.emplace(text.begin(), text.end());
  Duration keep_alive{};
  if (fields.duration("keep_alive", keep_alive)) {
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(keep_alive).count();
    if (seconds > 65'535) fields.complain("keep_alive", "more than 65535 seconds");
    connect.keep_alive_seconds = static_cast<std::uint16_t>(std::min<std::int64_t>(seconds, 65'535));
  }
  bool persistent = false;
  if (fields.flag("persistent_session", persistent) && persistent) {
    connect.clean_start = false;
    Duration expiry = std::chrono::hours{1};
    fields.duration("session_expiry", expiry);
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(expiry).count();
    if (connect.version == Version::v5) {
      connect.properties.add(PropertyId::session_expiry_interval, static_cast<std::uint32_t>(seconds));
    }
  }
  fields.real("connect_rate", group.connect_rate, 0.001, most_rate);
  Duration after{};
  if (fields.duration("joins_after", after)) group.joins_after = after;
  if (const Json* will = fields.find("will")) read_will(*will, fields.path("will"), group);
  if (const Json* policy = fields.find("reconnect")) read_reconnect(*policy, fields.path("reconnect"), group);
}

void ScenarioReader::read_will(const Json& value, const std::string& path, ClientGroup& group) {
  Fields fields{value, path, complaint_};
  WillOptions will;
  TextTemplate topic;
  if (!fields.text_template("topic", topic, table())) fields.complain("topic", "missing");
  will.topic = topic.source();
  std::string payload;
  fields.text("payload", payload);
  will.payload.assign(payload.begin(), payload.end());
  fields.number("qos", will.qos, 0, 2);
  fields.flag("retain", will.retain);
  group.connect.will = std::move(will);
}

void ScenarioReader::read_reconnect(const Json& value, const std::string& path, ClientGroup& group) {
  Fields fields{value, path, complaint_};
  ReconnectPolicy& policy = group.connect.reconnect;
  policy.attempts = ReconnectPolicy::forever;
  fields.number("attempts", policy.attempts, 0, ReconnectPolicy::forever);
  fields.duration("delay", policy.shortest_delay);
  policy.longest_delay = std::max(policy.longest_delay, policy.shortest_delay);
  fields.duration("longest_delay", policy.longest_delay);
}

void ScenarioReader::read_publish(const Json& value, const std::string& path, ClientGroup& group) {
  Fields fields{value, path, complaint_};
  if (!fields.text_template("topic", group.topic, table())) fields.complain("topic", "missing");
  fields.text_template("response_topic", group.response_topic, table());
  fields.number("qos", group.qos, 0, 2);
  fields.flag("retain", group.retain);
  if (const Json* payload = fields.find("payload")) read_payload(*payload, fields.path("payload"), group);
  read_pace(fields, group);
  std::uint64_t messages = 0;
  if (fields.number("messages", messages, 1, most_messages)) group.messages = messages;
}

void ScenarioReader::read_pace(Fields& fields, ClientGroup& group) {
  int paces = 0;
  if (fields.real("rate", group.rate, 0.001, most_rate)) ++paces;
  double each = 0;
  if (fields.real("rate_per_client", each, 0.000001, most_rate)) {
    group.rate = each * group.count;
    ++paces;
  }
  if (fields.number("closed", group.in_flight, 1, 65'535)) {
    group.pacing = Pacing::closed_loop;
    ++paces;
  }
  bool unlimited = false;
  if (fields.flag("max", unlimited) && unlimited) {
    group.pacing = Pacing::unlimited;
    ++paces;
  }
  if (paces > 1) fields.complain({}, "rate, rate_per_client, closed and max exclude each other; give one");
  if (fields.number("max_in_flight", group.in_flight, 1, 65'535) && group.pacing == Pacing::closed_loop) {
    fields.complain("max_in_flight", "closed says how many are in flight");
  }
  fields.duration("think_time", group.think_time);
  if (fields.choice<Arrivals>("arrivals", group.arrivals,
                              {{"fixed", Arrivals::fixed}, {"poisson", Arrivals::poisson}}) &&
      group.pacing != Pacing::open_loop) {
    fields.complain("arrivals", "needs a rate");
  }
}

void ScenarioReader::read_payload(const Json& value, const std::string& path, ClientGroup& group) {
  Fields fields{value, path, complaint_};
  LoadPayload& payload = group.payload;
  int kinds = 0;
  if (fields.number("size", payload.size_bytes, MessageStamp::size_bytes, most_payload_bytes)) ++kinds;
  const auto add_file = [&](const std::string& name, const std::string& place) {
    const auto content = read_file_(name);
    if (!content) return complaint_.note(place, content.error());
    payload.files.emplace_back(content->begin(), content->end());
  };
  std::string name;
  if (fields.text("file", name)) {
    add_file(name, fields.path("file"));
    ++kinds;
  }
  if (fields.find("files") != nullptr) ++kinds;
  each_element(fields, "files", [&](const Json& each, const std::string& place) {
    if (!each.is_string()) return complaint_.note(place, "not the name of a file");
    add_file(each.get<std::string>(), place);
  });
  if (const Json* text = fields.find("template")) {
    const std::string source = text->is_string() ? text->get<std::string>() : text->dump();
    auto parsed = TextTemplate::parse(source, TextTemplate::Braces::are_text_or_json, table());
    if (!parsed) return fields.complain("template", parsed.error());
    payload.text = std::move(*parsed);
    ++kinds;
  }
  if (kinds != 1) fields.complain({}, "give one of size, file, files and template");
}

void ScenarioReader::read_storm(const Json& value, const std::string& path, ClientGroup& group) {
  Fields fields{value, path, complaint_};
  LoadStorm storm;
  fields.duration("after", storm.after);
  Duration every{};
  if (fields.duration("every", every)) {
    if (every < std::chrono::milliseconds{1}) fields.complain("every", "less than 1ms");
    storm.every = every;
  }
  fields.real("share", storm.share, 0, 1);
  fields.duration("away", storm.away);
  fields.choice<LoadStorm::How>("how", storm.how,
                                {{"disconnect", LoadStorm::How::disconnect}, {"cut", LoadStorm::How::cut}});
  group.storm = storm;
}

}  // namespace

std::expected<ScenarioFile, std::string> parse_scenario(std::string_view json, const ConnectOptions& defaults,
                                                        const ReadNamedFile& read_file) {
  Json root;
  try {
    root = Json::parse(json);
  } catch (const Json::exception& error) {
    return std::unexpected(fmt::format("no JSON: {}", error.what()));
  }
  return ScenarioReader{defaults, read_file}.read(root);
}

}  // namespace mqtk
