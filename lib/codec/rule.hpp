// What a peer can break, named by meaning, and the fault that reports it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "codec/reason_code.hpp"
#include "codec/rule_list.hpp"
#include "codec/types.hpp"

namespace mqtk {

enum class Rule : std::uint8_t {
  none,
#define MQTK_RULE_NAME(name, kind, reason, v5, v3, text) name,
  MQTK_CODEC_RULES(MQTK_RULE_NAME) MQTK_FLOW_RULES(MQTK_RULE_NAME) MQTK_OBSERVER_RULES(MQTK_RULE_NAME)
#undef MQTK_RULE_NAME
};

// The specification's two kinds of error; `advice` is legal but unwise.
enum class RuleClass : std::uint8_t { malformed_packet, protocol_error, advice };

// "malformed_packet", "protocol_error", "advice"
[[nodiscard]] std::string_view rule_class_name(RuleClass rule_class);

struct RuleInfo {
  Rule rule;
  std::string_view name;  // of the enumerator
  RuleClass rule_class;
  ReasonCode reason_code;          // what the receiver answers with
  std::string_view statements_v5;  // "MQTT-3.3.1-2 MQTT-4.3.1-1", first is the one to report; may be empty
  std::string_view statements_v3_1_1;
  std::string_view text;  // what is wrong, one line without a full stop
  bool codec;             // one packet's bytes show it
  bool observer;          // only who watches both sides can tell; no engine does
};

[[nodiscard]] const RuleInfo& rule_info(Rule rule);
[[nodiscard]] std::span<const RuleInfo> all_rules();  // without Rule::none
[[nodiscard]] std::optional<Rule> find_rule(std::string_view name);

// The statement to report in this version, empty if the rule has no number there. 3.1 has no statements.
[[nodiscard]] std::string_view statement(Rule rule, Version version);

// Rule::none means: no fault. `offset` is the first offending byte, counted from the packet's first byte.
struct Fault {
  Rule rule = Rule::none;
  std::uint32_t offset = 0;

  explicit operator bool() const { return rule != Rule::none; }
  friend bool operator==(const Fault&, const Fault&) = default;
};

}  // namespace mqtk
