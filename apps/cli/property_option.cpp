#include "cli/property_option.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/utf8.hpp"
#include "cli/option_table.hpp"
#include "cli/setters.hpp"
#include "cli/suggestion.hpp"

namespace mqtk::cli {

namespace {

constexpr std::array<std::pair<std::string_view, PropertyScope>, 6> scopes = {{
    {"connect", PropertyScope::connect},
    {"publish", PropertyScope::publish},
    {"subscribe", PropertyScope::subscribe},
    {"unsubscribe", PropertyScope::unsubscribe},
    {"disconnect", PropertyScope::disconnect},
    {"will", PropertyScope::will},
}};

std::string lower_case(std::string_view text) {
  std::string lower{text};
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

std::string with_dashes(std::string_view snake_name) {
  std::string name{snake_name};
  std::ranges::replace(name, '_', '-');
  return name;
}

bool sent_by_client(const PropertyInfo& info, PropertyScope scope) {
  const bool names_subscription = info.id == PropertyId::subscription_identifier && scope == PropertyScope::publish;
  return info.allowed_in(scope) && !names_subscription;
}

std::vector<std::string_view> split(std::string_view words) {
  std::vector<std::string_view> parts;
  // A profile holds them as one text with blanks; there the last word is all that is left.
  const bool is_text = words.find(word_separator) == std::string_view::npos;
  while (true) {
    const bool is_pair = parts.size() > 1 && lower_case(parts[1]) == "user-property";
    const bool is_last = is_text && parts.size() == (is_pair ? 3U : 2U);
    const std::size_t end = is_last ? std::string_view::npos : words.find(is_text ? ' ' : word_separator);
    parts.push_back(words.substr(0, end));
    if (end == std::string_view::npos) return parts;
    words.remove_prefix(end + 1);
  }
}

std::string unknown_property(std::string_view typed, PropertyScope scope) {
  std::vector<std::string> names;
  for (const PropertyInfo& info : all_properties()) {
    if (sent_by_client(info, scope)) names.push_back(with_dashes(info.snake_name));
  }
  const auto near = nearest(typed, names);
  return near ? fmt::format("no such property; did you mean '{}'?", *near)
              : fmt::format("no such property of {}; {}", scope_word(scope), not_one_of(names));
}

std::pair<std::uint64_t, std::uint64_t> number_range(const PropertyInfo& info) {
  switch (info.id) {
    case PropertyId::receive_maximum:
    case PropertyId::topic_alias: return {1, 65'535};
    case PropertyId::maximum_packet_size: return {1, 0xFFFF'FFFF};
    case PropertyId::subscription_identifier: return {1, max_variable_byte_integer};
    default: break;
  }
  switch (info.type) {
    case PropertyType::byte: return {0, 1};
    case PropertyType::two_byte_integer: return {0, 65'535};
    default: return {0, 0xFFFF'FFFF};
  }
}

std::expected<std::string_view, std::string> checked_text(std::string_view text, PropertyType type) {
  constexpr std::size_t longest = 65'535;
  if (text.size() > longest) return std::unexpected(fmt::format("longer than {} bytes", longest));
  if (type != PropertyType::binary && !is_mqtt_text(as_bytes(text))) return std::unexpected("not valid UTF-8");
  return text;
}

}  // namespace

std::size_t property_word_count(const std::vector<std::string>& following) {
  return !following.empty() && lower_case(following.front()) == "user-property" ? 3 : 2;
}

std::string_view scope_word(PropertyScope scope) {
  const auto* found = std::ranges::find(scopes, scope, &std::pair<std::string_view, PropertyScope>::second);
  return found == scopes.end() ? "" : found->first;
}

std::expected<PropertyWords, std::string> parse_property(std::string_view words) {
  const std::vector<std::string_view> parts = split(words);
  const std::string packet = lower_case(parts.front());
  const auto* scope = std::ranges::find(scopes, packet, &std::pair<std::string_view, PropertyScope>::first);
  if (scope == scopes.end()) {
    return std::unexpected("no such packet; PACKET is connect, publish, subscribe, unsubscribe, disconnect or will");
  }
  if (parts.size() < 2) return std::unexpected("the property's name and value are missing");

  std::string name = lower_case(parts[1]);
  std::ranges::replace(name, '-', '_');
  const PropertyInfo* info = find_property(name);
  if (info == nullptr) return std::unexpected(unknown_property(parts[1], scope->second));
  if (!sent_by_client(*info, scope->second)) {
    return std::unexpected(fmt::format("a client sends no {} in {}", info->name, scope->first));
  }

  PropertyWords result{.scope = scope->second, .property = {}};
  result.property.id = info->id;
  const bool pair = info->type == PropertyType::utf8_string_pair;
  if (parts.size() != (pair ? 4 : 3)) {
    return std::unexpected(pair ? "a user property needs a name and a value" : "the property's value is missing");
  }
  for (std::size_t i = 2; i < parts.size(); ++i) {
    if (info->type == PropertyType::utf8_string || info->type == PropertyType::binary || pair) {
      const auto text = checked_text(parts[i], info->type);
      if (!text) return std::unexpected(text.error());
      (pair && i == 2 ? result.property.name : result.property.text) = *text;
      continue;
    }
    const auto [least, most] = number_range(*info);
    const auto number = parse_number(parts[i], least, most);
    if (!number) return std::unexpected(number.error());
    result.property.number = static_cast<std::uint32_t>(*number);
  }
  return result;
}

}  // namespace mqtk::cli
