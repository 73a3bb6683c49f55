#include "inspect/rules.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/append_format.hpp"
#include "base/json_text.hpp"
#include "codec/rule.hpp"
#include "inspect/rule_examples.hpp"
#include "inspect/unseen_statements.hpp"

namespace mqtk::inspect {
namespace {

std::string_view class_text(RuleClass rule_class) {
  switch (rule_class) {
    case RuleClass::malformed_packet: return "Malformed Packet";
    case RuleClass::protocol_error: return "Protocol Error";
    case RuleClass::advice: return "advice: legal, but unwise";
  }
  return "";
}

// `all` holds statements separated by spaces.
template <class Function>
void for_each_statement(std::string_view all, Function function) {
  while (!all.empty()) {
    const std::size_t end = std::min(all.find(' '), all.size());
    function(all.substr(0, end));
    all.remove_prefix(std::min(end + 1, all.size()));
  }
}

bool lists(std::string_view all, std::string_view statement) {
  bool found = false;
  for_each_statement(all, [&](std::string_view each) { found = found || each == statement; });
  return found;
}

bool cites(const RuleInfo& info, std::string_view statement) {
  return lists(info.statements_v5, statement) || lists(info.statements_v3_1_1, statement);
}

// What --explain names: a rule, or a statement with or without what stands around its number.
struct Asked {
  explicit Asked(std::string_view text) : name(text) {
    if (name.starts_with('[') && name.ends_with(']')) name = name.substr(1, name.size() - 2);
    statement = name.starts_with("MQTT-") ? std::string{name} : "MQTT-" + std::string{name};
  }
  [[nodiscard]] bool means(const RuleInfo& info) const { return info.name == name || cites(info, statement); }

  std::string_view name;
  std::string statement;
};

std::string example_text(const PacketExample& example) {
  const std::string_view sender = example.sender == Role::client   ? ", from the client"
                                  : example.sender == Role::server ? ", from the server"
                                                                   : "";
  return fmt::format("{}  ({}{})", example.hex, version_text(example.version), sender);
}

void append_examples(std::string& out, Rule rule) {
  const auto line = [&](std::string_view label, std::string_view text) {
    append_format(out, "  {:<14} {}\n", label, text);
  };
  for (const PacketExamples& each : packet_examples()) {
    if (each.rule != rule) continue;
    line("breaks it", example_text(each.breaks));
    line("keeps it", example_text(each.keeps));
  }
  for (const FlowExamples& each : flow_examples()) {
    if (each.rule != rule) continue;
    line("breaks it", each.breaks);
    line("keeps it", each.keeps);
  }
}

std::string_view or_dash(std::string_view text) { return text.empty() ? "-" : text; }

void append_explanation(std::string& out, const RuleInfo& info) {
  const auto code = static_cast<unsigned>(info.reason_code);
  // Nobody answers what is legal.
  const std::string answer =
      info.reason_code == ReasonCode::success
          ? "-"
          : fmt::format("0x{:02X} {}", code, reason_name(info.reason_code, PacketType::disconnect));
  append_format(out,
                "{}\n"
                "  broken when    {}\n"
                "  class          {}\n"
                "  answer in 5.0  {}\n"
                "  MQTT 5.0       {}\n"
                "  MQTT 3.1.1     {}\n"
                "  seen in        {}\n",
                info.name, info.text, class_text(info.rule_class), answer, or_dash(info.statements_v5),
                or_dash(info.statements_v3_1_1), info.codec ? "the bytes of one packet" : "the flow of a connection");
  append_examples(out, info.rule);
}

void append_statements_json(std::string& out, std::string_view v5, std::string_view v3_1_1) {
  const auto append_list = [&](std::string_view version, std::string_view statements) {
    append_format(out, "\"{}\":[", version);
    for_each_statement(statements, [&](std::string_view each) {
      if (out.back() != '[') out += ',';
      append_json_string(out, each);
    });
    out += ']';
  };
  out += R"("statements":{)";
  append_list("5.0", v5);
  out += ',';
  append_list("3.1.1", v3_1_1);
  out += '}';
}

// What no rule can show, and why.
void append_unseen(std::string& out, std::string_view statement) {
  for (const UnseenStatements& each : unseen_statements()) {
    const auto line = [&](std::string_view version) {
      append_format(out,
                    "{} of MQTT {}: packets do not show for certain whether it is kept\n"
                    "  because        {}\n",
                    statement, version, each.why);
    };
    if (lists(each.v5, statement)) line("5.0");
    if (lists(each.v3_1_1, statement)) line("3.1.1");
  }
}

void append_rule_json(std::string& out, const RuleInfo& info) {
  append_format(out, R"({{"rule":"{}","class":"{}","reason_code":{},"seen_in":"{}",)", info.name,
                rule_class_name(info.rule_class), static_cast<unsigned>(info.reason_code),
                info.codec ? "packet" : "flow");
  append_statements_json(out, info.statements_v5, info.statements_v3_1_1);
  out += R"(,"message":)";
  append_json_string(out, info.text);
  out += "}\n";
}

void append_unseen_json(std::string& out, const UnseenStatements& each) {
  out += R"({"rule":null,"seen_in":"nothing",)";
  append_statements_json(out, each.v5, each.v3_1_1);
  out += R"(,"message":)";
  append_json_string(out, each.why);
  out += "}\n";
}

void append_wrapped(std::string& out, std::string_view label, std::string_view statements) {
  constexpr std::size_t line_width = 100;
  std::size_t line_start = out.size();
  append_format(out, "    {:<12}", label);
  for_each_statement(statements, [&](std::string_view each) {
    if (out.size() - line_start + 1 + each.size() > line_width) {
      line_start = out.size() + 1;
      append_format(out, "\n{:16}", "");
    }
    out.append(1, ' ').append(each);
  });
  out += '\n';
}

}  // namespace

std::string explain(std::string_view rule_or_statement) {
  const Asked asked{rule_or_statement};
  std::string out;
  for (const RuleInfo& info : all_rules()) {
    if (!asked.means(info)) continue;
    if (!out.empty()) out += '\n';
    append_explanation(out, info);
  }
  std::string unseen;
  append_unseen(unseen, asked.statement);
  if (!out.empty() && !unseen.empty()) out += '\n';
  return out + unseen;
}

std::string explain_json(std::string_view rule_or_statement) {
  const Asked asked{rule_or_statement};
  std::string out;
  for (const RuleInfo& info : all_rules()) {
    if (asked.means(info)) append_rule_json(out, info);
  }
  for (const UnseenStatements& each : unseen_statements()) {
    if (lists(each.v5, asked.statement) || lists(each.v3_1_1, asked.statement)) append_unseen_json(out, each);
  }
  return out;
}

std::string rule_list() {
  std::string out = fmt::format("{:<38} {:<17} {:<5} {:<6} {:<14} {:<14} {}\n", "RULE", "CLASS", "CODE", "SEEN",
                                "MQTT 5.0", "MQTT 3.1.1", "BROKEN WHEN");
  for (const RuleInfo& info : all_rules()) {
    append_format(out, "{:<38} {:<17} 0x{:02X}  {:<6} {:<14} {:<14} {}\n", info.name, rule_class_name(info.rule_class),
                  static_cast<unsigned>(info.reason_code), info.codec ? "packet" : "flow",
                  or_dash(statement(info.rule, Version::v5)), or_dash(statement(info.rule, Version::v3_1_1)),
                  info.text);
  }
  out += "\nSTATEMENTS THAT PACKETS DO NOT SHOW FOR CERTAIN\n";
  for (const UnseenStatements& each : unseen_statements()) {
    out.append(each.why).append(":\n");
    if (!each.v5.empty()) append_wrapped(out, "MQTT 5.0", each.v5);
    if (!each.v3_1_1.empty()) append_wrapped(out, "MQTT 3.1.1", each.v3_1_1);
  }
  return out;
}

std::string rule_list_json() {
  std::string out;
  for (const RuleInfo& info : all_rules()) append_rule_json(out, info);
  for (const UnseenStatements& each : unseen_statements()) append_unseen_json(out, each);
  return out;
}

}  // namespace mqtk::inspect
