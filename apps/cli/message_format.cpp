#include "cli/message_format.hpp"

#include "base/base64.hpp"
#include "base/hex.hpp"
#include "capture/ndjson.hpp"
#include "cli/setters.hpp"

namespace mqtk::cli {
namespace {

template <class T>
Setter set_to(T& target, T value) {
  return [&target, value](std::string_view) -> Accepted {
    target = value;
    return {};
  };
}

void add_encoding_options(OptionTable& table, MessageFormat& format) {
  table.add({.long_name = "hex",
             .help = "Print payloads as hex digits",
             .set = set_to(format.payload, MessageFormat::Payload::hex)});
  table.add({.long_name = "base64",
             .help = "Print payloads in base64",
             .set = set_to(format.payload, MessageFormat::Payload::base64)});
}

void add_payload_options(OptionTable& table, MessageFormat& format) {
  table.add(
      {.long_name = "pretty",
       .help = "Print JSON, CBOR, MessagePack and Sparkplug B payloads as JSON over several lines",
       .manual =
           "CBOR and MessagePack are known by the Content Type, Sparkplug B by topics below spBv1.0/. What cannot "
           "be decoded is printed in hex with the reason; other payloads as they are.",
       .set = set_to(format.payload, MessageFormat::Payload::pretty)});
  table.add({.long_name = "color",
             .value = "WHEN",
             .help = "Color the topics of -v: auto (on a terminal), always or never",
             .completion = Completion::choice,
             .choices = {"auto", "always", "never"},
             .default_text = "auto",
             .set = store_choice<ColorChoice>(
                 format.color,
                 {{"auto", ColorChoice::automatic}, {"always", ColorChoice::always}, {"never", ColorChoice::never}})});
}

}  // namespace

void add_message_format_options(OptionTable& table, MessageFormat& format, PayloadOptions payload_options) {
  table.group("Output");
  table.add({.long_name = "verbose",
             .short_letter = 'v',
             .help = "Print topic, a space and payload",
             .set = [&format](std::string_view) -> Accepted {
               // JSON and templates say more.
               if (format.form == MessageFormat::Form::payload) format.form = MessageFormat::Form::topic_and_payload;
               return {};
             }});
  table.add({.long_name = "json",
             .help = "Print each message as a JSON object on a line of its own",
             .set = [&format](std::string_view) -> Accepted {
               if (format.message_template) return std::unexpected("does not go with --format; give one");
               format.form = MessageFormat::Form::json;
               return {};
             }});
  table.add({.long_name = "payload-json",
             .help = "With --json: add payload_json where the payload is JSON",
             .set = set_true(format.payload_json)});
  table.add({.long_name = "format",
             .short_letter = 'F',
             .value = "TEMPLATE",
             .help = "Print by a template such as '%I %t %p'",
             .manual =
                 "%t topic, %p payload, %x payload in hex, %l its length, %q QoS, %r retain, %m packet identifier, %I "
                 "time, %U time in seconds, %C content type, %R response topic, %D correlation data, %E message expiry "
                 "interval, %F payload format indicator, %P user properties, %S subscription identifiers, %f and %d "
                 "payload as float or double, %j all as JSON with the payload as text, %J with a payload that is JSON. "
                 "%10p and %-10p pad, %.5t cuts. @Y and so on go to strftime(3).",
             .set = [&format](std::string_view text) -> Accepted {
               if (format.form == MessageFormat::Form::json)
                 return std::unexpected("does not go with --json; give one");
               auto parsed = MessageTemplate::parse(text);
               if (!parsed) return std::unexpected(parsed.error());
               format.message_template = std::move(*parsed);
               format.form = MessageFormat::Form::by_template;
               return {};
             }});
  table.add({.long_name = "no-newline",
             .short_letter = 'N',
             .help = "Print no line break after a message",
             .set = set_false(format.newline)});
  if (payload_options == PayloadOptions::all) add_encoding_options(table, format);
  add_payload_options(table, format);
}

Accepted check_message_format(const MessageFormat& format) {
  using Form = MessageFormat::Form;
  if (format.payload_json && format.form != Form::json) return std::unexpected("--payload-json needs --json");
  const bool plain = format.form == Form::payload || format.form == Form::topic_and_payload;
  if (format.payload != MessageFormat::Payload::as_it_is && !plain) {
    return std::unexpected("--hex, --base64 and --pretty do not go with --json and --format; use %x there");
  }
  return {};
}

void MessagePrinter::append(std::string& out, const Publish& message, WallTime received_at) {
  switch (format_.form) {
    case MessageFormat::Form::json:
      append_message_json(out, MessageRecord::from(message, received_at),
                          format_.payload_json ? PayloadJson::beside : PayloadJson::left_out);
      return;
    case MessageFormat::Form::topic_and_payload:
      append_topic(out, message.topic_name);
      append_payload(out, message);
      break;
    case MessageFormat::Form::payload: append_payload(out, message); break;
    case MessageFormat::Form::by_template: format_.message_template->append(out, message, received_at); break;
  }
  if (format_.newline) out += '\n';
}

void MessagePrinter::append_topic(std::string& out, std::string_view topic) const {
  if (color_) out += "\x1b[36m";
  out += topic;
  if (color_) out += "\x1b[0m";
  out += ' ';
}

void MessagePrinter::append_payload(std::string& out, const Publish& message) {
  switch (format_.payload) {
    case MessageFormat::Payload::hex: out += to_hex(message.payload); return;
    case MessageFormat::Payload::base64: out += to_base64(message.payload); return;
    case MessageFormat::Payload::pretty: out += decoder_.pretty(message); return;
    case MessageFormat::Payload::as_it_is: break;
  }
  out += as_text(message.payload);
}

}  // namespace mqtk::cli
