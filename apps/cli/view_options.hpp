// The options that say which packets are shown and how: the same in every program that decodes packets.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "capture/packet_filter.hpp"
#include "cli/option_table.hpp"
#include "cli/output.hpp"
#include "cli/payload_reader.hpp"

namespace mqtk::cli {

enum class View : std::uint8_t { annotated, tree, line, json, fields, none };

struct ViewOptions {
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
  ColorChoice color = ColorChoice::automatic;
};

// Adds the group Output; `standard_view` says in the manual what is shown without --view.
void add_view_options(OptionTable& table, ViewOptions& options, const std::string& standard_view);

}  // namespace mqtk::cli
