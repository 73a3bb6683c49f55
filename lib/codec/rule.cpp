#include "codec/rule.hpp"

#include <array>

namespace mqtk {
namespace {

constexpr RuleInfo table[] = {{Rule::none, "none", RuleClass::advice, ReasonCode::success, "", "", "", false, false},
#define MQTK_CODEC_ROW(name, kind, reason, v5, v3, text) \
  {Rule::name, #name, RuleClass::kind, ReasonCode::reason, v5, v3, text, true, false},
                              MQTK_CODEC_RULES(MQTK_CODEC_ROW)
#undef MQTK_CODEC_ROW
#define MQTK_FLOW_ROW(name, kind, reason, v5, v3, text) \
  {Rule::name, #name, RuleClass::kind, ReasonCode::reason, v5, v3, text, false, false},
                                  MQTK_FLOW_RULES(MQTK_FLOW_ROW)
#undef MQTK_FLOW_ROW
#define MQTK_OBSERVER_ROW(name, kind, reason, v5, v3, text) \
  {Rule::name, #name, RuleClass::kind, ReasonCode::reason, v5, v3, text, false, true},
                                      MQTK_OBSERVER_RULES(MQTK_OBSERVER_ROW)
#undef MQTK_OBSERVER_ROW
};

}  // namespace

std::string_view rule_class_name(RuleClass rule_class) {
  switch (rule_class) {
    case RuleClass::malformed_packet: return "malformed_packet";
    case RuleClass::protocol_error: return "protocol_error";
    case RuleClass::advice: return "advice";
  }
  return "";
}

const RuleInfo& rule_info(Rule rule) { return table[static_cast<std::size_t>(rule)]; }

std::span<const RuleInfo> all_rules() { return std::span{table}.subspan(1); }

std::optional<Rule> find_rule(std::string_view name) {
  for (const RuleInfo& info : all_rules()) {
    if (info.name == name) return info.rule;
  }
  return std::nullopt;
}

std::string_view statement(Rule rule, Version version) {
  if (version == Version::v3_1) return {};
  const RuleInfo& info = rule_info(rule);
  const std::string_view all = version == Version::v5 ? info.statements_v5 : info.statements_v3_1_1;
  return all.substr(0, all.find(' '));
}

}  // namespace mqtk
