#include "capture/sparkplug_schema.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <initializer_list>

namespace mqtk::mcap {
namespace {

// Numbers of descriptor.proto.
enum class Type : std::uint8_t {
  real = 1,
  single = 2,
  uint64 = 4,
  flag = 8,
  text = 9,
  message = 11,
  bytes = 12,
  uint32 = 13
};
enum class Label : std::uint8_t { optional = 1, repeated = 3 };

struct Field {
  std::string_view name;
  std::uint8_t number;
  Type type;
  std::string_view message = {};  // its name within Payload
  Label label = Label::optional;
};

void put_varint(std::string& out, std::uint64_t number) {
  for (; number >= 0x80; number >>= 7U) out += static_cast<char>(number | 0x80U);
  out += static_cast<char>(number);
}

void put_number(std::string& out, unsigned field, std::uint64_t number) {
  put_varint(out, std::uint64_t{field} << 3U);
  put_varint(out, number);
}

void put_text(std::string& out, unsigned field, std::string_view text) {
  put_varint(out, std::uint64_t{field} << 3U | 2U);
  put_varint(out, text.size());
  out += text;
}

// A FieldDescriptorProto.
std::string description_of(const Field& field, bool is_in_oneof) {
  std::string out;
  put_text(out, 1, field.name);
  put_number(out, 3, field.number);
  put_number(out, 4, static_cast<std::uint64_t>(field.label));
  put_number(out, 5, static_cast<std::uint64_t>(field.type));
  if (!field.message.empty()) put_text(out, 6, "." + std::string{sparkplug_schema_name} + std::string{field.message});
  if (is_in_oneof) put_number(out, 9, 0);
  return out;
}

using Fields = std::initializer_list<Field>;

// A DescriptorProto. `values`, if any, are those of "oneof value".
std::string message(std::string_view name, Fields fields, Fields values = {},
                    std::initializer_list<std::string> nested = {}) {
  std::string out;
  put_text(out, 1, name);
  for (const Field& field : fields) put_text(out, 2, description_of(field, false));
  for (const Field& field : values) put_text(out, 2, description_of(field, true));
  for (const std::string& each : nested) put_text(out, 3, each);
  std::string oneof;
  put_text(oneof, 1, "value");
  if (values.size() > 0) put_text(out, 8, oneof);
  return out;
}

std::string template_message() {
  const std::string parameter = message("Parameter", {{"name", 1, Type::text}, {"type", 2, Type::uint32}},
                                        {{"int_value", 3, Type::uint32},
                                         {"long_value", 4, Type::uint64},
                                         {"float_value", 5, Type::single},
                                         {"double_value", 6, Type::real},
                                         {"boolean_value", 7, Type::flag},
                                         {"string_value", 8, Type::text}});
  return message("Template",
                 {{"version", 1, Type::text},
                  {"metrics", 2, Type::message, ".Metric", Label::repeated},
                  {"parameters", 3, Type::message, ".Template.Parameter", Label::repeated},
                  {"template_ref", 4, Type::text},
                  {"is_definition", 5, Type::flag}},
                 {}, {parameter});
}

std::string data_set_message() {
  const std::string value = message("DataSetValue", {},
                                    {{"int_value", 1, Type::uint32},
                                     {"long_value", 2, Type::uint64},
                                     {"float_value", 3, Type::single},
                                     {"double_value", 4, Type::real},
                                     {"boolean_value", 5, Type::flag},
                                     {"string_value", 6, Type::text}});
  const std::string row = message("Row", {{"elements", 1, Type::message, ".DataSet.DataSetValue", Label::repeated}});
  return message("DataSet",
                 {{"num_of_columns", 1, Type::uint64},
                  {"columns", 2, Type::text, {}, Label::repeated},
                  {"types", 3, Type::uint32, {}, Label::repeated},
                  {"rows", 4, Type::message, ".DataSet.Row", Label::repeated}},
                 {}, {value, row});
}

std::string property_value_message() {
  return message("PropertyValue", {{"type", 1, Type::uint32}, {"is_null", 2, Type::flag}},
                 {{"int_value", 3, Type::uint32},
                  {"long_value", 4, Type::uint64},
                  {"float_value", 5, Type::single},
                  {"double_value", 6, Type::real},
                  {"boolean_value", 7, Type::flag},
                  {"string_value", 8, Type::text},
                  {"propertyset_value", 9, Type::message, ".PropertySet"},
                  {"propertysets_value", 10, Type::message, ".PropertySetList"}});
}

std::string property_set_message() {
  return message("PropertySet", {{"keys", 1, Type::text, {}, Label::repeated},
                                 {"values", 2, Type::message, ".PropertyValue", Label::repeated}});
}

std::string property_set_list_message() {
  return message("PropertySetList", {{"propertyset", 1, Type::message, ".PropertySet", Label::repeated}});
}

std::string meta_data_message() {
  return message("MetaData", {{"is_multi_part", 1, Type::flag},
                              {"content_type", 2, Type::text},
                              {"size", 3, Type::uint64},
                              {"seq", 4, Type::uint64},
                              {"file_name", 5, Type::text},
                              {"file_type", 6, Type::text},
                              {"md5", 7, Type::text},
                              {"description", 8, Type::text}});
}

std::string metric_message() {
  return message("Metric",
                 {{"name", 1, Type::text},
                  {"alias", 2, Type::uint64},
                  {"timestamp", 3, Type::uint64},
                  {"datatype", 4, Type::uint32},
                  {"is_historical", 5, Type::flag},
                  {"is_transient", 6, Type::flag},
                  {"is_null", 7, Type::flag},
                  {"metadata", 8, Type::message, ".MetaData"},
                  {"properties", 9, Type::message, ".PropertySet"}},
                 {{"int_value", 10, Type::uint32},
                  {"long_value", 11, Type::uint64},
                  {"float_value", 12, Type::single},
                  {"double_value", 13, Type::real},
                  {"boolean_value", 14, Type::flag},
                  {"string_value", 15, Type::text},
                  {"bytes_value", 16, Type::bytes},
                  {"dataset_value", 17, Type::message, ".DataSet"},
                  {"template_value", 18, Type::message, ".Template"}});
}

}  // namespace

bool has_sparkplug_payload(std::string_view topic) {
  constexpr std::string_view first_level = "spBv1.0/";
  constexpr std::array<std::string_view, 8> types = {"NBIRTH", "NDEATH", "DBIRTH", "DDEATH",
                                                     "NDATA",  "DDATA",  "NCMD",   "DCMD"};
  if (!topic.starts_with(first_level)) return false;
  topic.remove_prefix(first_level.size());
  topic.remove_prefix(std::min(topic.find('/'), topic.size()));
  if (topic.empty()) return false;
  topic.remove_prefix(1);
  const std::size_t end = topic.find('/');
  return end != std::string_view::npos && std::ranges::find(types, topic.substr(0, end)) != types.end();
}

std::string sparkplug_descriptors() {
  const std::string payload =
      message("Payload",
              {{"timestamp", 1, Type::uint64},
               {"metrics", 2, Type::message, ".Metric", Label::repeated},
               {"seq", 3, Type::uint64},
               {"uuid", 4, Type::text},
               {"body", 5, Type::bytes}},
              {},
              {template_message(), data_set_message(), property_value_message(), property_set_message(),
               property_set_list_message(), meta_data_message(), metric_message()});
  std::string file;
  put_text(file, 1, "sparkplug_b.proto");
  put_text(file, 2, sparkplug_schema_name.substr(0, sparkplug_schema_name.rfind('.')));
  put_text(file, 4, payload);
  std::string set;
  put_text(set, 1, file);
  return set;
}

}  // namespace mqtk::mcap
