#include "cli/fault_options.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <limits>

#include "cli/setters.hpp"

namespace mqtk::cli {
namespace {

Accepted add_rule(FaultOptions& options, FaultPlace place, std::string_view text) {
  auto rule = parse_fault_rule(text);
  if (!rule) return std::unexpected(rule.error());
  const bool is_for_broker = rule->kind == FaultRule::Kind::forget || rule->kind == FaultRule::Kind::restart;
  if (is_for_broker && place == FaultPlace::before_broker) {
    return std::unexpected("only the broker itself can do that; give the rule to mqtk broker --fault");
  }
  options.rules.push_back(std::move(*rule));
  return {};
}

Accepted add_file(FaultOptions& options, FaultPlace place, const std::string& path) {
  std::ifstream file{path};
  if (!file) return std::unexpected(fmt::format("cannot be read: {}", std::strerror(errno)));
  std::string line;
  for (std::size_t number = 1; std::getline(file, line); ++number) {
    const std::size_t begin = line.find_first_not_of(" \t\r");
    if (begin == std::string::npos || line[begin] == '#') continue;
    if (line.ends_with('\r')) line.pop_back();
    const Accepted added = add_rule(options, place, line);
    if (!added) return std::unexpected(fmt::format("line {}: {}", number, added.error()));
  }
  return {};
}

std::string rule_manual(FaultPlace place) {
  const bool in_broker = place == FaultPlace::in_broker;
  return fmt::format(
      "The rule begins with what happens. refuse=CODE answers CONNECT with that Reason Code. answer=CODE answers a "
      "QoS 1 or 2 PUBLISH, SUBSCRIBE or UNSUBSCRIBE with it, and nothing else happens. withhold keeps the broker's "
      "acknowledgements back. drop loses the packet, duplicate sends it twice, corrupt turns over one bit, delay=TIME "
      "holds it and what follows. stall lets nothing more through in its direction, stall=TIME for that time; "
      "throttle=BYTES lets so many through a second from then on. cut lets half of the packet through and closes the "
      "connection, cut=BYTES so many bytes of it. close closes in its place, disconnect=CODE with a DISCONNECT, "
      "take-over as if another client had come with the same Client Identifier{}. receive-maximum=N stands in CONNACK "
      "then; {}.\n\n"
      "Which packets, follows: client=PATTERN with * for any text, topic=FILTER, packet=TYPE such as publish, "
      "direction=to-broker or to-client. When: after=N lets N of them pass first, count=N is the most that it "
      "strikes, probability=P, with seed=N. Codes are decimal or 0x87. The first rule that strikes counts. Each "
      "injected fault is {} with its rule.{}",
      in_broker ? ", forget forgets the Session, too, and restart cuts all connections and forgets everything" : "",
      in_broker ? "the broker does not check that it is kept" : "the broker does not know",
      in_broker ? "logged" : "told on standard error",
      in_broker
          ? "\n\nWith --control faults may come and go while the broker runs."
          : "\n\nPackets larger than --max-buffered-bytes, and what follows them in their direction, are passed on "
            "as they are.");
}

}  // namespace

void add_fault_options(OptionTable& table, FaultOptions& options, FaultPlace place) {
  table.group("Faults");
  table.add({.long_name = "fault",
             .value = "RULE",
             .help = "Do this to packets: 'delay=200ms client=sensor-* packet=publish count=3'",
             .manual = rule_manual(place),
             .repeatable = true,
             .set = [&options, place](std::string_view text) { return add_rule(options, place, text); }});
  table.add({.long_name = "fault-file",
             .value = "FILE",
             .help = "Read such rules from a file, one a line; # begins a comment",
             .completion = Completion::file,
             .repeatable = true,
             .set = [&options, place](std::string_view path) { return add_file(options, place, std::string{path}); }});
  table.add({.long_name = "fault-seed",
             .value = "N",
             .help = "Other accidents, where rules have a probability; the same number repeats them",
             .default_text = "0",
             .set = store_number(options.seed, 0, std::numeric_limits<std::uint64_t>::max())});
}

}  // namespace mqtk::cli
