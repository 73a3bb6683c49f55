#include "inspect/options.hpp"

#include <unistd.h>

#include "cli/setters.hpp"

namespace mqtk::inspect {
namespace {

cli::ProgramText program_text() {
  return {
      .name = "mqtk-inspect",
      .summary = "decode MQTT packets and say what is wrong with them",
      .synopsis = {"[OPTION]... [HEX | FILE | -]...", "--explain RULE", "--list-rules"},
      .description =
          "Decodes MQTT Control Packets of 5.0, 3.1.1 and 3.1 from hex text, one or many back to back, and shows every "
          "field with its bytes, its value and its meaning. What breaks the specification is named with the byte, the "
          "statement, the class of the error and the Reason Code that the receiver answers with.\n\n"
          "An argument is a file if one of that name exists, - is standard input, and all else is hex text; "
          "neighbouring arguments of hex text are one input. Without arguments standard input is read. Hex text is "
          "digits in pairs, with white space, ':', '-', ',' or ';' between them or nothing, with 0x or \\x before them "
          "or not; '#' starts a comment. Dumps of xxd and hexdump -C are found by themselves.\n\n"
          "The version is that of a CONNECT in the input, or what --mqtt-version says. Packets before any CONNECT are "
          "read as 5.0, 3.1.1 and 3.1, and the version with the fewest faults is kept and told on standard error.\n\n"
          "Advice (legal but unwise) is shown as a problem of severity \"warning\" and does not change the exit "
          "status.",
      .examples = {{"Decode one packet", "mqtk inspect '10 0f 00 04 4d 51 54 54 04 02 00 3c 00 03 61 62 63'"},
                   {"One line per packet from a dump", "xxd capture.bin | mqtk inspect --view line -"},
                   {"Problems only, for a script", "mqtk inspect --json packets.hex | jq -c 'select(.problems != [])'"},
                   {"What a rule means", "mqtk inspect --explain MQTT-3.3.1-4"}},
      .exit_statuses = {cli::ExitStatus::done, cli::ExitStatus::usage, cli::ExitStatus::malformed_input,
                        cli::ExitStatus::local_failure},
      .see_also = {"mqtk(1)", "mqtk-sub(1)", "mqtk-pub(1)"},
  };
}

void add_input_options(cli::OptionTable& table, Options& options) {
  table.group("Input");
  table.add({.long_name = "mqtt-version",
             .short_letter = 'V',
             .value = "VERSION",
             .help = "Read packets as this version: 5, 3.1.1 or 3.1",
             .manual = "CONNECT names its own version and is always read by it.",
             .completion = cli::Completion::choice,
             .choices = {"5", "3.1.1", "3.1"},
             .set = [&options](std::string_view text) -> cli::Accepted {
               Version version{};
               if (auto accepted = cli::store(version)(text); !accepted) return accepted;
               options.version = version;
               return {};
             }});
  table.add({.long_name = "from",
             .value = "SIDE",
             .help = "Who sent the packets: client or server",
             .manual = "Rules that depend on the direction are checked only where it is known: by this option, or "
                       "because only one side sends such packets.",
             .completion = cli::Completion::choice,
             .choices = {"client", "server"},
             .set = cli::store_choice<Role>(options.sender, {{"client", Role::client}, {"server", Role::server}})});
  table.add({.long_name = "input-format",
             .value = "FORMAT",
             .help = "What the input is: auto, hex, xxd, hexdump or raw",
             .manual = "raw: the bytes of the packets themselves. hexdump: what hexdump -C prints.",
             .completion = cli::Completion::choice,
             .choices = {"auto", "hex", "xxd", "hexdump", "raw"},
             .default_text = "auto",
             .set = cli::store_choice<InputFormat>(options.input_format, {{"auto", InputFormat::automatic},
                                                                          {"hex", InputFormat::hex},
                                                                          {"xxd", InputFormat::xxd},
                                                                          {"hexdump", InputFormat::hexdump},
                                                                          {"raw", InputFormat::raw}})});
}

void add_output_options(cli::OptionTable& table, Options& options) {
  table.group("Output");
  table.add({.long_name = "view",
             .value = "VIEW",
             .help = "annotated (field by field) or line (one line per packet)",
             .completion = cli::Completion::choice,
             .choices = {"annotated", "line"},
             .default_text = "annotated",
             .set = cli::store_choice<View>(options.view, {{"annotated", View::annotated}, {"line", View::line}})});
  table.add({.long_name = "json",
             .help = "One JSON object per packet and line",
             .manual = "Members: index, offset, length, type, time, direction, stream, protocol_version, fields and "
                       "problems. The names of fields are the specification's words in snake_case.",
             .set = cli::set_true(options.json)});
  table.add({.long_name = "summary",
             .help = "A last line with the number of packets, problems and streams",
             .set = cli::set_true(options.summary)});
  table.add({.long_name = "full",
             .help = "Do not fold long fields in the annotated view",
             .set = cli::set_true(options.full)});
  table.add({.long_name = "color",
             .value = "WHEN",
             .help = "Colors: auto, always or never",
             .manual = "auto: on a terminal, unless NO_COLOR is set.",
             .completion = cli::Completion::choice,
             .choices = {"auto", "always", "never"},
             .default_text = "auto",
             .set = cli::store_choice<cli::ColorChoice>(options.color, {{"auto", cli::ColorChoice::automatic},
                                                                        {"always", cli::ColorChoice::always},
                                                                        {"never", cli::ColorChoice::never}})});
  table.add({.long_name = "show-secrets",
             .help = "Show Password and Authentication Data instead of ***",
             .set = cli::set_true(options.show_secrets)});
}

void add_rule_options(cli::OptionTable& table, Options& options) {
  table.group("Rules");
  table.add({.long_name = "explain",
             .value = "RULE",
             .help = "Explain a rule, by its name or by the number of a statement",
             .set = cli::store(options.explain)});
  table.add({.long_name = "list-rules",
             .help = "List all rules; with --json one object each",
             .set = cli::set_true(options.list_rules)});
}

}  // namespace

cli::OptionTable option_table(Options& options) {
  cli::OptionTable table{program_text()};
  add_input_options(table, options);
  add_output_options(table, options);
  add_rule_options(table, options);
  table.add(cli::Positional{.value = "INPUT",
                            .help = "Hex text, a file, or - for standard input",
                            .completion = cli::Completion::file,
                            .repeatable = true,
                            .set = cli::append(options.inputs)});
  table.check([&options]() -> cli::Accepted {
    if (options.json) options.view = View::json;
    if (options.explain || options.list_rules || !options.inputs.empty() || ::isatty(0) == 0) return {};
    return std::unexpected("no input: give hex text, a file, or - for standard input");
  });
  return table;
}

}  // namespace mqtk::inspect
