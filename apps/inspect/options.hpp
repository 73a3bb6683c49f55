// What the command line of mqtk-inspect says.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "capture/annotated_view.hpp"
#include "capture/hex_input.hpp"
#include "capture/packet_filter.hpp"
#include "cli/option_table.hpp"
#include "cli/output.hpp"
#include "codec/types.hpp"
#include "inspect/payload_reader.hpp"

namespace mqtk::inspect {

enum class View : std::uint8_t { annotated, tree, line, json, fields, none };
enum class InputFormat : std::uint8_t {
  automatic,
  hex,
  xxd,
  hexdump,
  words,
  od,
  wireshark,
  tcpdump,
  hexyl,
  literal,
  base64,
  raw,
  pcap,
};

struct Options {
  std::vector<std::string> inputs;  // hex text, file names, "-"; in the order given
  std::optional<Version> version;
  Role sender = Role::unknown;
  InputFormat input_format = InputFormat::automatic;
  std::optional<View> view;  // else what suits the input
  bool json = false;
  std::vector<PacketField> fields;
  std::optional<PacketFilter> where;
  std::optional<std::string> write;
  bool statistics = false;
  PayloadFormat payload = PayloadFormat::automatic;
  bool summary = false;
  bool full = false;
  bool show_secrets = false;
  bool find_hex = false;
  bool follow = false;
  cli::ColorChoice color = cli::ColorChoice::automatic;
  std::optional<std::string> explain;
  bool list_rules = false;
};

// The table stores into `options`, which must outlive it.
[[nodiscard]] cli::OptionTable option_table(Options& options);

}  // namespace mqtk::inspect
