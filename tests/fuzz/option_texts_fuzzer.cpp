// Small languages of the programs' options. The first byte says which: a text pattern, a condition of --until, a path
// of --output, words and options file of the mosquitto clients, keys and topics of --watch, or a
// discovery document of Home Assistant. Nothing crashes, and what is said of the results holds.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "cli/text_pattern.hpp"
#include "cli/text_width.hpp"
#include "codec/topic.hpp"
#include "expect.hpp"
#include "mosquitto/arguments.hpp"
#include "mosquitto/option_words.hpp"
#include "retained/home_assistant.hpp"
#include "sub/end_condition.hpp"
#include "sub/file_output.hpp"
#include "sub/watch_table.hpp"

namespace mqtk {
namespace {

std::string_view take_line(std::string_view& text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

Publish message_of(std::string_view topic, std::string_view payload) {
  return {.topic_name = topic, .properties = {}, .payload = as_bytes(payload)};
}

void fill_pattern(std::string_view text) {
  auto pattern = cli::TextPattern::parse(text);
  // A file may be endless, as /dev/zero is.
  if (!pattern || text.contains("{file:")) return;
  (void)pattern->fill_in(1, WallTime{});
}

void hold_condition(std::string_view text) {
  const std::string_view condition = take_line(text);
  const std::string_view topic = take_line(text);
  const auto parsed = sub::EndCondition::parse(condition, Version::v5);
  if (parsed && !TopicName::check(topic)) (void)parsed->holds(message_of(topic, text));
}

void make_path(std::string_view text) {
  const std::string_view pattern = take_line(text);
  if (!sub::FileOutput::check(pattern) || TopicName::check(text)) return;
  const std::string path = sub::FileOutput{std::string{pattern}}.path_for(text, 7);
  // What the pattern itself says is the user's own wish.
  if (pattern != "top/{topic}") return;
  expect(path.starts_with("top/") && path.size() > 4, "a file below the folder");
  expect(!(path + '/').contains("/../") && !(path + '/').contains("/./"), "no way out of the folder");
  expect(!path.contains("//") && !path.contains('\0'), "each level has a name");
}

void read_arguments(std::string_view text) {
  const auto tool = static_cast<mosquitto::Tool>(text.empty() ? 0 : static_cast<unsigned char>(text[0]) % 3);
  std::vector<std::string> words;
  for (std::string_view line = take_line(text); !line.empty(); line = take_line(text)) words.emplace_back(line);
  std::istringstream options_file{std::string{text}};
  const auto arguments = mosquitto::parse_arguments(tool, words, options_file);
  if (!arguments) expect(!arguments.error().error.empty() || !arguments.error().output.empty(), "a refusal says why");
}

void watch(std::string_view text) {
  sub::WatchTable table{"fuzzer"};
  const std::string_view keys = take_line(text);
  const sub::WatchTable::Size size{.columns = 1 + static_cast<unsigned>(text.size() % 100),
                                   .rows = 1 + static_cast<unsigned>(keys.size() % 30)};
  TimePoint now{};
  while (!text.empty()) {
    std::string_view payload = take_line(text);
    const std::string_view topic = payload.substr(0, payload.find(' '));
    payload.remove_prefix(std::min(topic.size() + 1, payload.size()));
    now += std::chrono::seconds{1};
    if (!TopicName::check(topic)) table.take(message_of(topic, payload), now);
  }
  for (const char key : keys) {
    if (!table.press(key)) return;
    const std::vector<std::string> lines = table.lines(size, now);
    expect(lines.size() <= size.rows, "the picture is not higher than the terminal");
    for (const std::string& line : lines) expect(cli::text_width(line) <= size.columns, "nor wider");
  }
}

void lint_discovery(std::string_view text) {
  const std::string topic = "ha/" + std::string{take_line(text)};
  retained::DiscoveryLint lint{"ha"};
  if (lint.is_document(topic)) lint.check(topic, text);
  for (const auto& [state_topic, document] : lint.state_topics()) {
    expect(!TopicFilter::check(state_topic, Version::v5), "a state topic can be subscribed");
    lint.is_silent(state_topic);
  }
}

}  // namespace
}  // namespace mqtk

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text{reinterpret_cast<const char*>(data) + 1, size - 1};
  switch (data[0]) {
    case 'p': mqtk::fill_pattern(text); break;
    case 'u': mqtk::hold_condition(text); break;
    case 'o': mqtk::make_path(text); break;
    case 'm': mqtk::read_arguments(text); break;
    case 'w': mqtk::watch(text); break;
    case 'h': mqtk::lint_discovery(text); break;
    default: break;
  }
  return 0;
}
