#include "capture/properties_json.hpp"

#include <fmt/format.h>

#include <array>

#include "base/base64.hpp"
#include "base/json_text.hpp"
#include "base/utf8.hpp"

namespace mqtk {
namespace {

constexpr std::size_t id_limit = 43;  // identifiers are below

void append_number(std::string& out, std::uint32_t number) {
  const fmt::format_int text{number};
  out.append(text.data(), text.size());
}

void append_single(std::string& out, const PropertyInfo& info, const Property& property, Secrets secrets) {
  if (info.id == PropertyId::authentication_data && secrets == Secrets::hidden) {
    out += "\"authentication_data\":\"***\"";
  } else if (info.type == PropertyType::utf8_string || info.type == PropertyType::binary) {
    append_json_text_or_base64(out, info.snake_name, as_bytes(property.text));
  } else {
    out += '"';
    out += info.snake_name;
    out += "\":";
    append_number(out, property.number);
  }
}

void append_subscription_identifiers(std::string& out, PropertyBlock properties) {
  out += "\"subscription_identifiers\":[";
  for (const Property& property : properties) {
    if (property.id != PropertyId::subscription_identifier) continue;
    append_number(out, property.number);
    out += ',';
  }
  out.back() = ']';
}

void append_user_properties(std::string& out, PropertyBlock properties) {
  out += "\"user_properties\":[";
  for (const Property& property : properties) {
    if (property.id != PropertyId::user_property) continue;
    out += '[';
    append_json_element(out, property.name);
    out += ',';
    append_json_element(out, property.text);
    out += "],";
  }
  out.back() = ']';
}

}  // namespace

void append_json_element(std::string& out, std::string_view text) {
  if (is_mqtt_text(as_bytes(text))) {
    append_json_string(out, text);
  } else {
    out += "{\"base64\":\"";
    out += to_base64(as_bytes(text));
    out += "\"}";
  }
}

void append_properties_json(std::string& out, PropertyBlock properties, Secrets secrets) {
  std::array<const PropertyInfo*, id_limit> found{};
  std::array<Property, id_limit> first;
  for (const Property& property : properties) {
    const auto id = static_cast<std::size_t>(property.id);
    if (found[id] != nullptr) continue;
    found[id] = find_property(static_cast<std::uint32_t>(id));
    first[id] = property;
  }
  out += '{';
  for (std::size_t id = 0; id < id_limit; ++id) {
    if (found[id] == nullptr) continue;
    if (out.back() != '{') out += ',';
    if (found[id]->id == PropertyId::subscription_identifier) {
      append_subscription_identifiers(out, properties);
    } else if (found[id]->id == PropertyId::user_property) {
      append_user_properties(out, properties);
    } else {
      append_single(out, *found[id], first[id], secrets);
    }
  }
  out += '}';
}

}  // namespace mqtk
