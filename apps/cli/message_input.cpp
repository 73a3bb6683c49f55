// The options of MessageInput.
#include "cli/message_input.hpp"

#include "cli/setters.hpp"

namespace mqtk::cli {
namespace {

using Source = MessageInput::Source;

constexpr std::string_view one_source = "use one of -m, -f, -n, -s, -l and --json-lines";

// The second source of a command line is a mistake that would lose a message.
Setter choose(MessageInput& input, Source source) {
  return [&input, source](std::string_view value) -> Accepted {
    if (input.source != Source::none) {
      return std::unexpected("the message is given twice; " + std::string{one_source});
    }
    input.source = source;
    input.text = value;
    return {};
  };
}

Accepted add_file(MessageInput& input, std::string_view name) {
  if (input.source != Source::none && input.source != Source::files) {
    return std::unexpected("the message is given twice; " + std::string{one_source});
  }
  input.source = Source::files;
  input.files.emplace_back(name);
  return {};
}

Setter encode(MessageInput& input, PayloadEncoding encoding) {
  return [&input, encoding](std::string_view) -> Accepted {
    if (input.encoding != PayloadEncoding::none && input.encoding != encoding) {
      return std::unexpected("the payload has one encoding; use one of --hex, --base64, --to-cbor and --to-msgpack");
    }
    input.encoding = encoding;
    return {};
  };
}

// Separators are often characters that a shell makes hard to type.
std::string unescaped(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escape = text[i] == '\\' && i + 1 < text.size();
    if (escape && text[i + 1] == 't') {
      result += '\t', ++i;
    } else if (escape && text[i + 1] == '0') {
      result += '\0', ++i;
    } else if (escape && text[i + 1] == '\\') {
      result += '\\', ++i;
    } else {
      result += text[i];
    }
  }
  return result;
}

std::expected<std::uint64_t, std::string> parse_size(std::string_view text) {
  std::uint64_t unit = 1;
  if (text.ends_with('k') || text.ends_with('K')) unit = 1024;
  if (text.ends_with('M')) unit = 1024 * 1024;
  if (unit > 1) text.remove_suffix(1);
  const auto number = parse_number(text, 1, max_packet_size / unit);
  if (!number) return std::unexpected("not a number of bytes such as 500, 64k or 1M, at most 256M");
  return *number * unit;
}

void add_source_options(OptionTable& table, MessageInput& input) {
  table.add({.long_name = "message",
             .short_letter = 'm',
             .value = "MESSAGE",
             .help = "Send this text",
             .set = choose(input, Source::text)});
  table.add({.long_name = "file",
             .short_letter = 'f',
             .value = "FILE",
             .help = "Send the contents of a file; - is standard input",
             .manual = "Each file becomes a message. Pipes and other files that are not regular are read to their end.",
             .completion = Completion::file,
             .repeatable = true,
             .set = [&input](std::string_view name) { return add_file(input, name); }});
  table.add({.long_name = "null-message",
             .short_letter = 'n',
             .help = "Send a message without payload",
             .set = choose(input, Source::empty)});
  table.add({.long_name = "stdin-file",
             .short_letter = 's',
             .help = "Send all of standard input as one message",
             .set = choose(input, Source::whole_input)});
  table.add({.long_name = "stdin-line",
             .short_letter = 'l',
             .help = "Send each line of standard input as a message",
             .manual = "An empty line is a message without payload. A last line without a line break is sent, too. "
                       "NUL bytes and carriage returns are kept.",
             .aliases = {"lines"},
             .set = choose(input, Source::lines)});
  table.add({.long_name = "json-lines",
             .help = "Send the messages that standard input holds as JSON objects, one to a line",
             .manual = "What mqtk sub --json prints. Members that are absent are as the options say; a topic, QoS, "
                       "RETAIN flag or property of the line counts more than an option.",
             .set = choose(input, Source::json_lines)});
}

void add_form_options(OptionTable& table, MessageInput& input) {
  table.add({.long_name = "null-delimited",
             .help = "With -l and --json-lines: NUL bytes part the messages, not line breaks",
             .set = [&input](std::string_view) -> Accepted {
               input.delimiter = '\0';
               return {};
             }});
  table.add({.long_name = "chunk",
             .value = "SIZE",
             .help = "Cut the standard input of -s, or the file, into messages of this many bytes (64k, 1M)",
             .manual = "Input is read as the broker takes it; the last message is what is left.",
             .set = store_parsed(input.chunk_bytes, parse_size)});
  table.add(
      {.long_name = "hex", .help = "The payload is written in hex digits", .set = encode(input, PayloadEncoding::hex)});
  table.add({.long_name = "base64",
             .help = "The payload is written in base64",
             .set = encode(input, PayloadEncoding::base64)});
  table.add({.long_name = "to-cbor",
             .help = "The payload is written as JSON and sent as CBOR",
             .set = encode(input, PayloadEncoding::json_to_cbor)});
  table.add({.long_name = "to-msgpack",
             .help = "The payload is written as JSON and sent as MessagePack",
             .set = encode(input, PayloadEncoding::json_to_message_pack)});
}

}  // namespace

void add_message_input_options(OptionTable& table, MessageInput& input) {
  add_source_options(table, input);
  table.add({.long_name = "topic-from-line",
             .help = "With -l: each line begins with the topic to publish it to",
             .set = set_true(input.topic_from_line)});
  table.add({.long_name = "separator",
             .value = "TEXT",
             .help = "With --topic-from-line: what stands between topic and payload; \\t is a tab",
             .default_text = "a space",
             .set = [&input](std::string_view text) -> Accepted {
               if (text.empty()) return std::unexpected("empty; give at least one character");
               input.separator = unescaped(text);
               return {};
             }});
  add_form_options(table, input);
}

Accepted check_message_input(const MessageInput& input) {
  if (input.source == Source::none) {
    return std::unexpected("no message to publish; give it with -m, -f, -n, -s, -l or --json-lines");
  }
  const bool lines = input.source == Source::lines;
  if (input.topic_from_line && !lines) return std::unexpected("--topic-from-line needs -l");
  if (input.separator && !input.topic_from_line) return std::unexpected("--separator needs --topic-from-line");
  if (input.delimiter == '\0' && !lines && input.source != Source::json_lines) {
    return std::unexpected("--null-delimited needs -l or --json-lines");
  }
  const bool one_file = input.source == Source::files && input.files.size() == 1;
  if (input.chunk_bytes && input.source != Source::whole_input && !one_file) {
    return std::unexpected("--chunk needs -s, or one -f");
  }
  if (input.chunk_bytes && input.encoding != PayloadEncoding::none) {
    return std::unexpected("--chunk does not go with --hex, --base64, --to-cbor and --to-msgpack");
  }
  if (input.source == Source::json_lines && input.encoding != PayloadEncoding::none) {
    return std::unexpected("--json-lines does not go with --hex, --base64, --to-cbor and --to-msgpack");
  }
  return {};
}

}  // namespace mqtk::cli
