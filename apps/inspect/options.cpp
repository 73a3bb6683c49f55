#include "inspect/options.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <array>

#include "capture/line_source.hpp"
#include "capture/tls_key_log.hpp"
#include "cli/setters.hpp"

namespace mqtk::inspect {
namespace {

cli::ProgramText program_text() {
  return {
      .name = "mqtk-inspect",
      .summary = "decode MQTT packets and say what is wrong with them",
      .synopsis = {"[OPTION]... [HEX | FILE | -]...", "--encode [JSON | FILE | -]...", "--explain RULE",
                   "--list-rules"},
      .description =
          "Decodes MQTT Control Packets of 5.0, 3.1.1 and 3.1 from hex text, one or many back to back, and shows every "
          "field with its bytes, its value and its meaning. What breaks the specification is named with the byte, the "
          "statement, the class of the error and the Reason Code that the receiver answers with.\n\n"
          "An argument is a file if one of that name exists, - is standard input, and all else is hex text; "
          "neighbouring arguments of hex text are one input. Without arguments standard input is read. Files packed by "
          "gzip or zstd are unpacked. Hex text is "
          "digits in pairs, with white space, ':', '-', ',' or ';' between them or nothing, with 0x or \\x before them "
          "or not; '#' starts a comment. Dumps of the usual programs, literals of programming languages, base64 and "
          "the bytes themselves are found, too; --input-format lists all forms.\n\n"
          "A recording of messages (MCAP, and JSON Lines in a .jsonl file) is shown as the PUBLISH packets that would "
          "bring its messages to a subscriber.\n\n"
          "The version is that of a CONNECT in the input, or what --mqtt-version says. Packets before any CONNECT are "
          "read as 5.0, 3.1.1 and 3.1, and the version with the fewest faults is kept and told on standard error.\n\n"
          "Captures (pcap and pcapng) are read down to the TCP connections in them: segments are put in order, what is "
          "missing is told, and MQTT is found by what a connection holds, on any port and in WebSocket frames. Each "
          "connection is followed from its CONNECT on and held against the rules that need its state: what is in "
          "flight, limits, subscriptions, topic aliases, Sessions over several connections.\n\n"
          "Advice (legal but unwise) is shown as a problem of severity \"warning\" and does not change the exit "
          "status.",
      .examples = {{"Decode one packet", "mqtk inspect '10 0f 00 04 4d 51 54 54 04 02 00 3c 00 03 61 62 63'"},
                   {"One line per packet from a dump", "xxd capture.bin | mqtk inspect --view line -"},
                   {"Problems only, for a script", "mqtk inspect --json packets.hex | jq -c 'select(.problems != [])'"},
                   {"Watch live traffic", "tcpdump -U -w - port 1883 | mqtk inspect -"},
                   {"What one topic carried",
                    "mqtk inspect --where 'topic~\"a/#\"' --fields time,client,payload traffic.pcapng"},
                   {"Edit a packet and send it",
                    "mqtk inspect --json FILE | sed s/old/new/ | mqtk inspect --encode --encode-to binary | mqtk pub "
                    "--raw -"},
                   {"What a rule means", "mqtk inspect --explain MQTT-3.3.1-4"}},
      .exit_statuses = {cli::ExitStatus::done, cli::ExitStatus::usage, cli::ExitStatus::malformed_input,
                        cli::ExitStatus::local_failure},
      .see_also = {"mqtk(1)", "mqtk-proxy(1)", "mqtk-sub(1)", "mqtk-pub(1)"},
  };
}

const std::vector<std::pair<std::string, InputFormat>> formats = {{"auto", InputFormat::automatic},
                                                                  {"hex", InputFormat::hex},
                                                                  {"xxd", InputFormat::xxd},
                                                                  {"hexdump", InputFormat::hexdump},
                                                                  {"words", InputFormat::words},
                                                                  {"od", InputFormat::od},
                                                                  {"wireshark", InputFormat::wireshark},
                                                                  {"tcpdump", InputFormat::tcpdump},
                                                                  {"hexyl", InputFormat::hexyl},
                                                                  {"literal", InputFormat::literal},
                                                                  {"base64", InputFormat::base64},
                                                                  {"raw", InputFormat::raw},
                                                                  {"pcap", InputFormat::pcap},
                                                                  {"recording", InputFormat::recording}};

std::vector<std::string> format_words() {
  std::vector<std::string> words;
  for (const auto& [word, format] : formats) words.push_back(word);
  return words;
}

// Read at once: what is wrong with the file is told before anything is shown.
cli::Accepted store_key_log(Options& options, const std::string& name) {
  constexpr std::size_t most_bytes = 64UL * 1024 * 1024;
  const auto stream = file_stream(name);
  std::string text;
  std::array<std::uint8_t, 65536> block;
  while (const std::size_t count = stream->read(block)) {
    text += as_text(Bytes{block}.first(count));
    if (text.size() > most_bytes) return std::unexpected("larger than 64 MiB");
  }
  if (const auto error = stream->error()) return std::unexpected("cannot be read: " + error.message());
  if (TlsKeyLog{}.add(text) == 0) {
    return std::unexpected("has no secret, such as a line CLIENT_RANDOM, or SERVER_TRAFFIC_SECRET_0 of TLS 1.3");
  }
  options.key_log += text + '\n';
  return {};
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
             .help = "What the input is; found by itself otherwise, and told",
             .manual =
                 "hex: digits in pairs. xxd; hexdump: of hexdump -C; words: of hexdump without options, whose bytes "
                 "are swapped; od: of od -tx1; hexyl. wireshark: what Wireshark and tshark -x print and text2pcap "
                 "reads; tcpdump: of tcpdump -x, -X and -xx; both are taken for frames with Ethernet or IP in "
                 "front where that fits. literal: bytes as C, Go, Java, Python, JavaScript, JSON or Erlang write "
                 "them. base64. raw: the bytes of the packets themselves. pcap: a capture file, pcap or pcapng. "
                 "recording: messages "
                 "in MCAP, JSON Lines or CSV, as mqtk-record and mqtk-sub --json write them.",
             .completion = cli::Completion::choice,
             .choices = format_words(),
             .default_text = "auto",
             .set = cli::store_choice<InputFormat>(options.input_format, formats)});
  table.add({.long_name = "follow",
             .short_letter = 'f',
             .help = "At the end of the file wait for what is written to it",
             .manual =
                 "For a file that somebody else is writing, a capture or a log; pipes are shown as they come in "
                 "any case. The first SIGINT or SIGTERM is the end of either, so that --statistics and --summary are "
                 "printed; so is the moment when nobody reads the output any more.",
             .set = cli::set_true(options.follow)});
  table.add({.long_name = "keylog",
             .value = "FILE",
             .help = "Read TLS in captures with the secrets in FILE, as SSLKEYLOGFILE gives them",
             .manual = "TLS 1.2 and 1.3 with AES-128-GCM, AES-256-GCM and ChaCha20-Poly1305. mqtk-sub, mqtk-pub and "
                       "others write such a file with --key-log. Secrets that a pcapng file carries are used by "
                       "themselves.",
             .completion = cli::Completion::file,
             .aliases = {"key-log"},
             .set = [&options](std::string_view text) { return store_key_log(options, std::string{text}); }});
  table.add({.long_name = "sn",
             .help = "Read MQTT-SN 1.2: UDP in captures, or hex with one message behind another",
             .manual = "Topic ids are shown with the names that REGISTER and SUBSCRIBE gave them. The views are "
                       "annotated, line, none and --json. --where, --write, --statistics and --fields do not apply, "
                       "because their fields, tables and files are those of MQTT packets over TCP.",
             .set = cli::set_true(options.sn)});
  table.add({.long_name = "find-hex",
             .help = "Look for the hex of packets in lines of text, such as a log's",
             .manual = "Each find is a stream of its own; how it stands in its line is told on standard error.",
             .set = cli::set_true(options.find_hex)});
}

void add_encode_options(cli::OptionTable& table, Options& options) {
  table.group("Encoding");
  table.add({.long_name = "encode",
             .help = "Turn JSON, as --json prints it, back into the bytes of packets",
             .manual = "One object per line. Members that are not needed, such as index, offset, length and problems, "
                       "may be missing or wrong. What the fields say is what is written, also where a rule is broken; "
                       "that is told on standard error. mqtk-pub --raw sends the bytes. Hidden secrets must be filled "
                       "in first.",
             .set = cli::set_true(options.encode)});
  table.add({.long_name = "encode-to",
             .value = "FORM",
             .help = "What --encode writes: hex (a line per packet), binary or pcapng",
             .completion = cli::Completion::choice,
             .choices = {"hex", "binary", "pcapng"},
             .default_text = "hex",
             .set = [&options](std::string_view text) -> cli::Accepted {
               options.encode_to_given = true;
               return cli::store_choice<EncodedForm>(
                   options.encode_to,
                   {{"hex", EncodedForm::hex}, {"binary", EncodedForm::binary}, {"pcapng", EncodedForm::pcapng}})(text);
             }});
}

void add_rule_options(cli::OptionTable& table, Options& options) {
  table.group("Rules");
  table.add({.long_name = "explain",
             .value = "RULE",
             .help = "Explain a rule, by its name or by the number of a statement; with --json as an object",
             .set = cli::store(options.explain)});
  table.add({.long_name = "list-rules",
             .help = "List all rules; with --json one object each",
             .set = cli::set_true(options.list_rules)});
}

}  // namespace

cli::OptionTable option_table(Options& options) {
  cli::OptionTable table{program_text()};
  add_input_options(table, options);
  cli::add_view_options(table, options.viewing, "Without it, captures are shown line by line and all else annotated.");
  add_encode_options(table, options);
  add_rule_options(table, options);
  table.add(cli::Positional{.value = "INPUT",
                            .help = "Hex text, a file, or - for standard input",
                            .completion = cli::Completion::file,
                            .repeatable = true,
                            .set = cli::append(options.inputs)});
  table.check([&options]() -> cli::Accepted {
    if (options.encode_to_given && !options.encode) return std::unexpected("--encode-to goes with --encode");
    const cli::ViewOptions& viewing = options.viewing;
    if (options.encode && (viewing.json || !viewing.fields.empty() || viewing.where || viewing.summary)) {
      return std::unexpected("--encode reads packets from JSON; --json, --fields, --where and --summary do not apply");
    }
    if (options.sn && (viewing.where || viewing.write || viewing.statistics || !viewing.fields.empty())) {
      return std::unexpected(
          "--where, --write, --statistics and --fields do not apply to MQTT-SN: "
          "their fields, tables and files are those of MQTT packets over TCP");
    }
    if (options.explain && options.list_rules) {
      return std::unexpected("--explain and --list-rules exclude each other; give one");
    }
    if ((options.explain || options.list_rules) && !options.inputs.empty()) {
      return std::unexpected(
          fmt::format("--explain and --list-rules read no input; leave out '{}'", options.inputs.front()));
    }
    if (options.explain || options.list_rules || !options.inputs.empty() || ::isatty(0) == 0) return {};
    return std::unexpected("no input: give hex text, a file, or - for standard input");
  });
  return table;
}

}  // namespace mqtk::inspect
