#include "cli/view_options.hpp"

#include <algorithm>

#include "cli/setters.hpp"

namespace mqtk::cli {
namespace {

std::string field_manual() {
  std::string text = "The fields:";
  std::string properties;
  for (const PacketFieldInfo& info : all_packet_fields()) {
    if (info.text.empty()) {
      properties.append(properties.empty() ? "" : ", ").append(info.name);
      continue;
    }
    text.append(info.field == PacketField::index ? " " : "; ")
        .append(info.name)
        .append(" (")
        .append(info.text)
        .append(")");
  }
  return text + "; and the properties of 5.0: " + properties + ". A user_property is NAME=VALUE.";
}

Accepted store_fields(ViewOptions& options, std::string_view text) {
  options.fields.clear();
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(','), text.size());
    const std::string_view name = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const auto field = find_packet_field(name);
    if (!field) {
      std::vector<std::string> names;
      for (const PacketFieldInfo& info : all_packet_fields()) names.emplace_back(info.name);
      return std::unexpected(not_one_of(names));
    }
    options.fields.push_back(*field);
  }
  if (options.fields.empty()) return std::unexpected("no field");
  return {};
}

void add_views(OptionTable& table, ViewOptions& options, const std::string& standard_view) {
  table.add({.long_name = "view",
             .value = "VIEW",
             .help = "annotated (field by field), tree, line (one line per packet) or none",
             .manual = standard_view,
             .completion = Completion::choice,
             .choices = {"annotated", "tree", "line", "none"},
             .set = [&options](std::string_view text) -> Accepted {
               View view{};
               const auto accepted = store_choice<View>(
                   view,
                   {{"annotated", View::annotated}, {"tree", View::tree}, {"line", View::line}, {"none", View::none}})(
                   text);
               if (accepted) options.view = view;
               return accepted;
             }});
  table.add({.long_name = "json",
             .help = "One JSON object per packet and line",
             .manual = "Members: index, offset, length, type, time, direction, stream, protocol_version, fields and "
                       "problems. The names of fields are the specification's words in snake_case.",
             .set = set_true(options.json)});
  table.add({.long_name = "fields",
             .value = "FIELD,...",
             .help = "These fields of each packet, separated by tabs",
             .manual = field_manual(),
             .set = [&options](std::string_view text) { return store_fields(options, text); }});
}

void add_contents(OptionTable& table, ViewOptions& options) {
  table.add({.long_name = "where",
             .value = "CONDITION",
             .help = "Only packets for which this holds",
             .manual =
                 "Comparisons of a field with a number or a word by ==, !=, <, <=, >, >= or ~, joined by &&, || and "
                 "!, with parentheses. ~ matches a Topic Filter against topics and looks for a part of other "
                 "texts. payload>21.5 holds for texts that are such a number, payload>\"b\" compares letters. A "
                 "field alone asks whether the packet has it; of several values one is enough. The fields are "
                 "those of --fields.",
             .set = store_parsed(options.where, PacketFilter::parse)});
  table.add({.long_name = "write",
             .value = "FILE",
             .help = "Write the packets that are shown to a pcapng file as well",
             .manual =
                 "With the CONNECT and CONNACK of every connection, whatever --where says. The file holds packets "
                 "as they were sent, passwords included.",
             .completion = Completion::file,
             .set = store(options.write)});
  table.add(
      {.long_name = "payload",
       .value = "FORMAT",
       .help = "What payloads hold: auto, none, hex, cbor, msgpack or sparkplug",
       .manual =
           "auto: CBOR and MessagePack by the Content Type of 5.0, Sparkplug B by the namespace spBv1.0/, nothing "
           "by a guess. Sparkplug keeps names and types from births and checks the order of messages; what "
           "it finds counts as a problem. In JSON the member is payload_decoded.",
       .completion = Completion::choice,
       .choices = {"auto", "none", "hex", "cbor", "msgpack", "sparkplug"},
       .default_text = "auto",
       .set = store_choice<PayloadFormat>(options.payload, {{"auto", PayloadFormat::automatic},
                                                            {"none", PayloadFormat::none},
                                                            {"hex", PayloadFormat::hex},
                                                            {"cbor", PayloadFormat::cbor},
                                                            {"msgpack", PayloadFormat::message_pack},
                                                            {"sparkplug", PayloadFormat::sparkplug}})});
}

void add_extras(OptionTable& table, ViewOptions& options) {
  table.add({.long_name = "statistics",
             .help = "Tables by type, topic, client and rule, latencies, and what was not answered",
             .manual = "They stand behind the packets; --view none leaves those out. With --json they are an object "
                       "with the member statistics in a line of its own, with all topics and clients.",
             .set = set_true(options.statistics)});
  table.add({.long_name = "summary",
             .help = "A last line with the number of packets, problems and streams",
             .set = set_true(options.summary)});
  table.add(
      {.long_name = "full", .help = "Do not fold long fields in the annotated view", .set = set_true(options.full)});
  table.add({.long_name = "color",
             .value = "WHEN",
             .help = "Colors: auto, always or never",
             .manual = "auto: on a terminal, unless NO_COLOR is set.",
             .completion = Completion::choice,
             .choices = {"auto", "always", "never"},
             .default_text = "auto",
             .set = store_choice<ColorChoice>(
                 options.color,
                 {{"auto", ColorChoice::automatic}, {"always", ColorChoice::always}, {"never", ColorChoice::never}})});
  table.add({.long_name = "show-secrets",
             .help = "Show Password, Authentication Data and signatures of shared access instead of ***",
             .manual = "Signatures (sig=... in user names, topics and payloads) are hidden in what --write writes, "
                       "too.",
             .set = set_true(options.show_secrets)});
}

}  // namespace

void add_view_options(OptionTable& table, ViewOptions& options, const std::string& standard_view) {
  table.group("Output");
  add_views(table, options, standard_view);
  add_contents(table, options);
  add_extras(table, options);
  table.check([&options]() -> Accepted {
    if (options.json && !options.fields.empty()) return std::unexpected("--json and --fields exclude each other");
    if (!options.fields.empty()) options.view = View::fields;
    if (options.json) options.view = View::json;
    return {};
  });
}

}  // namespace mqtk::cli
