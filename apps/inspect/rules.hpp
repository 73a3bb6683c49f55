// --explain and --list-rules: the rule table as text.
#pragma once

#include <string>
#include <string_view>

namespace mqtk::inspect {

// All that the table says of a rule, found by name ("qos_reserved") or by statement ("MQTT-3.3.1-4", "[MQTT-3.3.1-4]",
// "3.3.1-4"; several rules may cite one). Empty if there is no such rule.
[[nodiscard]] std::string explain(std::string_view rule_or_statement);
// The same rules as rule_list_json() writes them.
[[nodiscard]] std::string explain_json(std::string_view rule_or_statement);

// One line per rule, with a heading.
[[nodiscard]] std::string rule_list();
// One JSON object per rule and line.
[[nodiscard]] std::string rule_list_json();

}  // namespace mqtk::inspect
