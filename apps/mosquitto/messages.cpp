#include "mosquitto/messages.hpp"

#include <fmt/format.h>

#include <vector>

#include "cli/message_json.hpp"
#include "mosquitto/conversation.hpp"

namespace mqtk::mosquitto {
namespace {

bool is_empty_object(std::string_view json) {
  const std::size_t next = json.find_first_not_of(" \t", 1);
  return next != std::string_view::npos && json[next] == '}';
}

// One member to a line, tabs for the levels and behind the colons: as the JSON library of Mosquitto lays out.
std::string tabbed(std::string_view json) {
  std::string out;
  std::size_t depth = 0;
  std::vector<bool> in_array;
  bool in_string = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (in_string) {
      out += c;
      if (c == '\\' && i + 1 < json.size()) out += json[++i];
      if (c == '"') in_string = false;
      continue;
    }
    switch (c) {
      case '"':
        in_string = true;
        out += c;
        break;
      case '{':
      case '[':
        if (c == '{' && is_empty_object(json.substr(i))) {
          out.append("{\n").append(depth, '\t') += '}';
          i = json.find('}', i);
          break;
        }
        in_array.push_back(c == '[');
        out += c;
        ++depth;
        if (c == '{') out.append("\n").append(depth, '\t');
        break;
      case '}':
        out.append("\n").append(--depth, '\t') += c;
        in_array.pop_back();
        break;
      case ']':
        --depth;
        out += c;
        in_array.pop_back();
        break;
      case ',':
        if (in_array.empty() || in_array.back()) {
          out += ", ";
        } else {
          out.append(",\n").append(depth, '\t');
        }
        break;
      case ':': out += ":\t"; break;
      case ' ':
      case '\t': break;
      default: out += c;
    }
  }
  return out;
}

std::string formatted(const Arguments& arguments, const Publish& message, WallTime now) {
  std::string text;
  const std::string& format = arguments.format_text;
  if (format != "%j" && format != "%J") {
    arguments.format->append(text, message, now);
    return text;
  }
  const auto payload = format == "%J" ? cli::JsonPayload::parsed : cli::JsonPayload::text;
  if (!cli::append_mosquitto_json(text, message, now, payload)) {
    tell(arguments, "Error: Message payload is not valid JSON on topic " + std::string{message.topic_name} + ".");
  }
  return arguments.pretty ? tabbed(text) : text;
}

cli::MessageInput input_of(const Arguments& arguments) {
  cli::MessageInput input;
  input.repeat = static_cast<std::uint64_t>(arguments.repeat);
  switch (arguments.source) {
    case Arguments::Source::text:
      input.source = cli::MessageInput::Source::text;
      input.text = arguments.text;
      break;
    case Arguments::Source::file:
      input.source = cli::MessageInput::Source::files;
      input.files = {arguments.text};
      break;
    case Arguments::Source::whole_input: input.source = cli::MessageInput::Source::whole_input; break;
    case Arguments::Source::lines: input.source = cli::MessageInput::Source::lines; break;
    case Arguments::Source::empty:
    case Arguments::Source::none: input.source = cli::MessageInput::Source::empty; break;
  }
  return input;
}

}  // namespace

std::string message_text(const Arguments& arguments, const Publish& message, WallTime now) {
  const std::string_view payload = as_text(message.payload);
  std::string text;
  if (arguments.format) {
    text = formatted(arguments, message, now);
    if (arguments.newline) text += '\n';
    return text;
  }
  if (arguments.verbose) {
    if (payload.empty() && !arguments.newline) return "";
    text.append(message.topic_name).append(" ").append(payload.empty() ? "(null)" : payload);
    if (arguments.newline) text += '\n';
    return text;
  }
  if (payload.empty()) return "";
  text = payload;
  if (arguments.newline) text += '\n';
  return text;
}

std::unique_ptr<cli::MessageSource> open_message(const Arguments& arguments, cli::LongPayload long_payload) {
  Arguments loud = arguments;
  loud.quiet = false;  // decided before anything was tried
  auto source = cli::open_source(input_of(arguments), long_payload);
  if (!source) {
    if (arguments.source == Arguments::Source::file) {
      tell(loud, fmt::format("Error: Unable to open file \"{}\".\nError loading input file \"{}\".", arguments.text,
                             arguments.text));
    } else {
      tell(loud, fmt::format("Error: {}\nError loading input from stdin.", source.error()));
    }
    return nullptr;
  }
  if (arguments.source != Arguments::Source::whole_input) return std::move(*source);
  Publish message;
  (*source)->fill(message);
  if (!message.payload.empty() || (*source)->long_payload_bytes() > 0) return std::move(*source);
  tell(loud, "Error: Zero length input.\nError loading input from stdin.");
  return nullptr;
}

}  // namespace mqtk::mosquitto
