// How Sparkplug values look: numbers by their datatype, arrays, data sets, templates.
#include <array>
#include <functional>

#include "base/byte_order.hpp"
#include "base/time.hpp"
#include "payload/sparkplug.hpp"

namespace mqtk {
namespace {

constexpr int max_depth = 32;

constexpr std::array<std::string_view, 35> datatype_names = {"Unknown",      "Int8",
                                                             "Int16",        "Int32",
                                                             "Int64",        "UInt8",
                                                             "UInt16",       "UInt32",
                                                             "UInt64",       "Float",
                                                             "Double",       "Boolean",
                                                             "String",       "DateTime",
                                                             "Text",         "UUID",
                                                             "DataSet",      "Bytes",
                                                             "File",         "Template",
                                                             "PropertySet",  "PropertySetList",
                                                             "Int8Array",    "Int16Array",
                                                             "Int32Array",   "Int64Array",
                                                             "UInt8Array",   "UInt16Array",
                                                             "UInt32Array",  "UInt64Array",
                                                             "FloatArray",   "DoubleArray",
                                                             "BooleanArray", "StringArray",
                                                             "DateTimeArray"};

void append_time(ValueText& to, std::uint64_t milliseconds) {
  constexpr std::uint64_t limit = 9'200'000'000'000;
  if (milliseconds > limit) {
    to.number(milliseconds);
  } else {
    to.text(rfc3339(WallTime{std::chrono::milliseconds{milliseconds}}));
  }
}

void append_text(ValueText& to, Bytes bytes) {
  if (is_utf8(bytes)) {
    to.text(as_text(bytes));
  } else {
    to.bytes(bytes);
  }
}

void append_integer(ValueText& to, std::uint64_t value, std::uint32_t datatype) {
  switch (datatype) {
    case 1: to.number(std::int64_t{static_cast<std::int8_t>(value)}); break;
    case 2: to.number(std::int64_t{static_cast<std::int16_t>(value)}); break;
    case 3: to.number(std::int64_t{static_cast<std::int32_t>(value)}); break;
    case 4: to.number(static_cast<std::int64_t>(value)); break;
    case 11: to.boolean(value != 0); break;
    case 13: append_time(to, value); break;
    default: to.number(value);
  }
}

template <class Raw>
void append_items(ValueText& to, Bytes bytes, const std::function<void(Raw)>& append) {
  to.punctuation("[");
  for (std::size_t at = 0; at + sizeof(Raw) <= bytes.size(); at += sizeof(Raw)) {
    if (at > 0) to.punctuation(",");
    append(load_little_endian<Raw>(bytes.data() + at));
  }
  to.punctuation("]");
}

void append_boolean_array(ValueText& to, Bytes bytes) {
  const std::uint64_t count = bytes.size() < 4 ? 0 : load_little_endian<std::uint32_t>(bytes.data());
  to.punctuation("[");
  for (std::uint64_t i = 0; i < count && 4 + i / 8 < bytes.size(); ++i) {
    if (i > 0) to.punctuation(",");
    to.boolean(((bytes[static_cast<std::size_t>(4 + i / 8)] >> (7 - i % 8)) & 1U) != 0);
  }
  to.punctuation("]");
}

void append_string_array(ValueText& to, Bytes bytes) {
  to.punctuation("[");
  std::string_view rest = as_text(bytes);
  for (bool first = true; !rest.empty(); first = false) {
    if (!first) to.punctuation(",");
    const std::size_t end = std::min(rest.find('\0'), rest.size());
    append_text(to, as_bytes(rest.substr(0, end)));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  to.punctuation("]");
}

void append_array(ValueText& to, Bytes bytes, std::uint32_t datatype) {
  const auto integer = [&](std::uint32_t item_type) {
    return [&to, item_type](auto raw) { append_integer(to, raw, item_type); };
  };
  switch (datatype) {
    case 22: append_items<std::uint8_t>(to, bytes, integer(1)); break;
    case 23: append_items<std::uint16_t>(to, bytes, integer(2)); break;
    case 24: append_items<std::uint32_t>(to, bytes, integer(3)); break;
    case 25: append_items<std::uint64_t>(to, bytes, integer(4)); break;
    case 26: append_items<std::uint8_t>(to, bytes, integer(5)); break;
    case 27: append_items<std::uint16_t>(to, bytes, integer(6)); break;
    case 28: append_items<std::uint32_t>(to, bytes, integer(7)); break;
    case 29: append_items<std::uint64_t>(to, bytes, integer(8)); break;
    case 30:
      append_items<std::uint32_t>(to, bytes, [&](std::uint32_t raw) { to.number(std::bit_cast<float>(raw)); });
      break;
    case 31:
      append_items<std::uint64_t>(to, bytes, [&](std::uint64_t raw) { to.number(std::bit_cast<double>(raw)); });
      break;
    case 32: append_boolean_array(to, bytes); break;
    case 33: append_string_array(to, bytes); break;
    default: append_items<std::uint64_t>(to, bytes, integer(13));
  }
}

// The kinds of value in the order in which metrics have them; other messages begin with other numbers.
enum class Value : std::uint8_t {
  integer,
  long_integer,
  floating,
  double_floating,
  boolean,
  string,
  bytes,
  data_set,
  nested_template
};

void append_field(ValueText& to, Value kind, const ProtobufField& field, std::uint32_t datatype, int depth);

// Fields of a message that hold one value each, as a JSON array.
void append_row(ValueText& to, Bytes row, const std::vector<std::uint32_t>& types, int depth) {
  to.punctuation("[");
  ProtobufReader elements{row};
  std::size_t column = 0;
  while (const auto element = elements.next()) {
    if (element->number != 1) continue;
    if (column > 0) to.punctuation(",");
    const auto value = ProtobufReader{element->bytes}.next();
    if (value && value->number >= 1 && value->number <= 6) {
      append_field(to, static_cast<Value>(value->number - 1), *value, column < types.size() ? types[column] : 0, depth);
    } else {
      to.null();
    }
    ++column;
  }
  to.punctuation("]");
}

void append_data_set(ValueText& to, Bytes message, int depth) {
  std::vector<std::string_view> columns;
  std::vector<std::uint32_t> types;
  std::vector<Bytes> rows;
  ProtobufReader reader{message};
  while (const auto field = reader.next()) {
    const bool is_text = field->type == ProtobufField::Type::bytes;
    if (field->number == 2 && is_text) columns.push_back(as_text(field->bytes));
    if (field->number == 3 && !is_text) types.push_back(static_cast<std::uint32_t>(field->value));
    if (field->number == 4 && is_text) rows.push_back(field->bytes);
  }
  to.punctuation("{\"columns\":[");
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (i > 0) to.punctuation(",");
    append_text(to, as_bytes(columns[i]));
  }
  to.punctuation("],\"rows\":[");
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (i > 0) to.punctuation(",");
    append_row(to, rows[i], types, depth);
  }
  to.punctuation("]}");
}

void append_template(ValueText& to, Bytes message, int depth) {
  to.punctuation("{");
  bool first = true;
  ProtobufReader reader{message};
  while (const auto field = reader.next()) {
    if (field->type != ProtobufField::Type::bytes || field->number == 3) continue;
    if (field->number != 2) {
      if (field->number != 1 && field->number != 4) continue;
      if (!first) to.punctuation(",");
      to.punctuation(field->number == 1 ? "\"(version)\":" : "\"(template)\":");
      append_text(to, field->bytes);
      first = false;
      continue;
    }
    std::string_view name;
    std::uint32_t datatype = 0;
    std::optional<ProtobufField> value;
    ProtobufReader metric{field->bytes};
    while (const auto part = metric.next()) {
      if (part->number == 1 && part->type == ProtobufField::Type::bytes) name = as_text(part->bytes);
      if (part->number == 4) datatype = static_cast<std::uint32_t>(part->value);
      if (part->number >= 10 && part->number <= 18) value = part;
    }
    if (!first) to.punctuation(",");
    first = false;
    to.text(is_utf8(as_bytes(name)) ? name : "(not UTF-8)");
    to.punctuation(":");
    if (value) {
      append_field(to, static_cast<Value>(value->number - 10), *value, datatype, depth);
    } else {
      to.null();
    }
  }
  to.punctuation("}");
}

void append_field(ValueText& to, Value kind, const ProtobufField& field, std::uint32_t datatype, int depth) {
  const bool is_bytes = field.type == ProtobufField::Type::bytes;
  const bool wants_bytes = kind >= Value::string;
  if (depth > max_depth || is_bytes != wants_bytes) {
    to.null();
    return;
  }
  switch (kind) {
    case Value::integer:
    case Value::long_integer: append_integer(to, field.value, datatype); break;
    case Value::floating: to.number(field.as_float()); break;
    case Value::double_floating: to.number(field.as_double()); break;
    case Value::boolean: to.boolean(field.value != 0); break;
    case Value::string: append_text(to, field.bytes); break;
    case Value::bytes:
      if (datatype >= 22 && datatype <= 34) {
        append_array(to, field.bytes, datatype);
      } else {
        to.bytes(field.bytes);
      }
      break;
    case Value::data_set: append_data_set(to, field.bytes, depth + 1); break;
    case Value::nested_template: append_template(to, field.bytes, depth + 1); break;
  }
}

}  // namespace

std::string_view sparkplug_datatype_name(std::uint32_t datatype) {
  return datatype < datatype_names.size() ? datatype_names[datatype] : std::string_view{};
}

void append_sparkplug_value(std::string& out, const SparkplugMetric& metric, std::optional<std::uint32_t> datatype) {
  ValueText to{out, Notation::json};
  if (metric.is_null || !metric.value || metric.value->number > 18) {
    to.null();
  } else {
    append_field(to, static_cast<Value>(metric.value->number - 10), *metric.value, datatype.value_or(0), 0);
  }
}

}  // namespace mqtk
