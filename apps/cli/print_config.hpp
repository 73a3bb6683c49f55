// --print-config: what options, environment, profile and preset have come to, without secrets.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/option_table.hpp"

namespace mqtk::cli {

// One object: "settings" by long name, each {"value": ..., "from": "option" | "MQTK_URL" | "the profile 'x'" | ... |
// "default"}, and "result" with what the table's result() says.
[[nodiscard]] std::string config_text(const OptionTable& table, const std::vector<TakenSetting>& taken);

// A value as it may be shown to somebody who looks over the shoulder.
[[nodiscard]] std::string masked_value(const Option& option, const std::string& value);

}  // namespace mqtk::cli
