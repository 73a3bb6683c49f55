#include "cli/print_config.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/json_text.hpp"
#include "base/utf8.hpp"
#include "net/endpoint.hpp"

namespace mqtk::cli {
namespace {

std::string json(std::string_view text) {
  std::string out;
  if (is_mqtt_text(as_bytes(text))) {
    append_json_string(out, text);
  } else {
    append_json_string(out, "(not UTF-8)");
  }
  return out;
}

std::string value_json(const Option& option, const std::string& value) {
  if (option.value.empty()) return "true";
  std::string shown = masked_value(option, value);
  std::ranges::replace(shown, word_separator, ' ');
  return json(shown);
}

std::string setting_json(const Option& option, const std::vector<TakenSetting>& taken) {
  std::vector<std::string> values;
  std::string from = "default";
  for (const TakenSetting& setting : taken) {
    if (setting.option != &option) continue;
    if (!option.repeatable) values.clear();
    values.push_back(value_json(option, setting.value));
    from = setting.from;
  }
  if (values.empty() && option.value.empty()) {
    values.emplace_back("false");
  } else if (values.empty() && !option.default_text.empty()) {
    values.push_back(json(option.default_text));
  }
  std::string list;
  for (const std::string& value : values) list.append(list.empty() ? "" : ",").append(value);
  if (option.repeatable && !option.value.empty()) {
    list = "[" + list + "]";
  } else if (list.empty()) {
    list = "null";
  }
  return fmt::format("{}:{{\"value\":{},\"from\":{}}}", json(option.long_name), list, json(from));
}

}  // namespace

std::string masked_value(const Option& option, const std::string& value) {
  if (option.secret) {
    // Of a field such as "Authorization: ..." the name is no secret.
    const std::size_t colon = option.value == "NAME: VALUE" ? value.find(':') : std::string::npos;
    return (colon == std::string::npos ? "" : value.substr(0, colon) + ": ") + "***";
  }
  // A command may hold secrets of its own.
  if (value.starts_with("command:")) return "command:***";
  const bool may_hold_password = option.value.starts_with("URL") || option.value.starts_with("HOST");
  if (!may_hold_password || !value.contains('@')) return value;
  const auto endpoint = parse_endpoint(value);
  return endpoint ? to_text(*endpoint, Credentials::masked) : "***";
}

std::string config_text(const OptionTable& table, const std::vector<TakenSetting>& taken) {
  std::string text = "{\"settings\":{";
  bool first = true;
  for (const Option& option : table.options()) {
    if (option.visibility != Visibility::shown || option.group == "General") continue;
    text.append(first ? "\n  " : ",\n  ").append(setting_json(option, taken));
    first = false;
  }
  text += "\n},\"result\":{";
  first = true;
  for (const auto& [name, value] : table.result()) {
    text.append(first ? "\n  " : ",\n  ").append(json(name)).append(":").append(json(value));
    first = false;
  }
  return text + "\n}}\n";
}

}  // namespace mqtk::cli
