// What the command line of mqtk-inspect says.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "capture/hex_input.hpp"
#include "cli/option_table.hpp"
#include "cli/view_options.hpp"
#include "codec/types.hpp"

namespace mqtk::inspect {

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
  recording,
};

enum class EncodedForm : std::uint8_t { hex, binary, pcapng };

struct Options {
  std::vector<std::string> inputs;  // hex text, file names, "-"; in the order given
  std::optional<Version> version;
  Role sender = Role::unknown;
  InputFormat input_format = InputFormat::automatic;
  cli::ViewOptions viewing;
  bool find_hex = false;
  bool follow = false;
  bool sn = false;
  bool encode = false;
  EncodedForm encode_to = EncodedForm::hex;
  bool encode_to_given = false;
  std::string key_log;  // what the file has
  std::optional<std::string> explain;
  bool list_rules = false;
};

// The table stores into `options`, which must outlive it.
[[nodiscard]] cli::OptionTable option_table(Options& options);

}  // namespace mqtk::inspect
