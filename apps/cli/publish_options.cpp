#include "cli/publish_options.hpp"

#include "base/utf8.hpp"
#include "cli/payload_encoding.hpp"
#include "cli/setters.hpp"
#include "codec/topic.hpp"

namespace mqtk::cli {
namespace {

Accepted once(ConnectionOptions& options, PropertyId id) {
  options.typed.property_given = true;
  if (options.publish_properties.block().find(id)) {
    return std::unexpected("given twice; only user properties may be repeated");
  }
  return {};
}

Setter text_property(ConnectionOptions& options, PropertyId id) {
  return [&options, id](std::string_view text) -> Accepted {
    if (const Accepted first = once(options, id); !first) return first;
    constexpr std::size_t longest = 65'535;
    if (text.size() > longest || !is_mqtt_text(as_bytes(text))) {
      return std::unexpected("not a text in UTF-8 of at most 65535 bytes");
    }
    if (id == PropertyId::response_topic) {
      if (const Fault fault = TopicName::check(text)) return std::unexpected(std::string{rule_info(fault.rule).text});
    }
    options.publish_properties.add(id, text);
    return {};
  };
}

Setter number_property(ConnectionOptions& options, PropertyId id, std::uint64_t least, std::uint64_t most) {
  return [&options, id, least, most](std::string_view text) -> Accepted {
    if (const Accepted first = once(options, id); !first) return first;
    const auto number = parse_number(text, least, most);
    if (!number) return std::unexpected(number.error());
    options.publish_properties.add(id, static_cast<std::uint32_t>(*number));
    return {};
  };
}

Accepted set_expiry(ConnectionOptions& options, std::string_view text) {
  if (const Accepted first = once(options, PropertyId::message_expiry_interval); !first) return first;
  const auto duration = parse_duration(text);
  const auto seconds = duration ? std::chrono::ceil<std::chrono::seconds>(*duration).count() : -1;
  if (seconds < 0 || seconds > 0xFFFF'FFFF) {
    return std::unexpected("not a duration such as 90s, 5m or 1d, or 0 to 4294967295 seconds");
  }
  options.publish_properties.add(PropertyId::message_expiry_interval, static_cast<std::uint32_t>(seconds));
  return {};
}

Accepted set_correlation_data(ConnectionOptions& options, std::string_view text) {
  if (const Accepted first = once(options, PropertyId::correlation_data); !first) return first;
  const auto bytes = parse_binary(text);
  if (!bytes) return std::unexpected(bytes.error());
  options.publish_properties.add(PropertyId::correlation_data, as_text(*bytes));
  return {};
}

Accepted add_user_property(ConnectionOptions& options, std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos || !is_mqtt_text(as_bytes(text))) {
    return std::unexpected("not of the form NAME=VALUE in UTF-8");
  }
  options.typed.property_given = true;
  options.publish_properties.add_user_property(text.substr(0, equals), text.substr(equals + 1));
  return {};
}

}  // namespace

void add_publish_property_options(OptionTable& table, ConnectionOptions& options, PublishProperties which) {
  table.add({.long_name = "content-type",
             .value = "TYPE",
             .help = "Content Type of the message, such as application/json",
             .set = text_property(options, PropertyId::content_type)});
  table.add({.long_name = "message-expiry",
             .value = "DURATION",
             .help = "The broker drops the message when it could not deliver it for so long",
             .aliases = {"message-expiry-interval"},
             .set = [&options](std::string_view text) { return set_expiry(options, text); }});
  table.add({.long_name = "payload-format-indicator",
             .value = "NUMBER",
             .help = "1: the payload is UTF-8 text; 0: bytes",
             .completion = Completion::choice,
             .choices = {"0", "1"},
             .set = number_property(options, PropertyId::payload_format_indicator, 0, 1)});
  table.add({.long_name = "user-property",
             .value = "NAME=VALUE",
             .help = "Add a user property to the message",
             .repeatable = true,
             .set = [&options](std::string_view text) { return add_user_property(options, text); }});
  if (which == PublishProperties::of_request) return;
  table.add({.long_name = "response-topic",
             .value = "TOPIC",
             .help = "Ask for an answer at this topic",
             .completion = Completion::topic,
             .set = text_property(options, PropertyId::response_topic)});
  table.add({.long_name = "correlation-data",
             .value = "DATA",
             .help = "What an answer has to repeat: a text, hex:DIGITS or base64:TEXT",
             .set = [&options](std::string_view text) { return set_correlation_data(options, text); }});
  table.add({.long_name = "topic-alias",
             .value = "NUMBER",
             .help = "Topic Alias to set with the first message; --auto-topic-alias does it for all",
             .set = number_property(options, PropertyId::topic_alias, 1, 65'535)});
}

}  // namespace mqtk::cli
