// The part of FlowCheck that follows messages: PUBLISH and its four answers.
#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "capture/flow_check.hpp"
#include "codec/topic.hpp"

namespace mqtk {
namespace {

std::uint64_t content_of(const Publish& p) {
  const std::uint64_t topic = std::hash<std::string_view>{}(p.topic_name);
  return topic * 31 + std::hash<std::string_view>{}(as_text(p.payload));
}

std::string_view answer_to(FlowEntry::Stage stage) {
  switch (stage) {
    case FlowEntry::Stage::published_qos_1: return "PUBACK";
    case FlowEntry::Stage::published_qos_2: return "PUBREC";
    case FlowEntry::Stage::received: return "PUBREL, from the other side,";
    case FlowEntry::Stage::released: return "PUBCOMP";
    case FlowEntry::Stage::subscribe: return "SUBACK";
    case FlowEntry::Stage::unsubscribe: return "UNSUBACK";
  }
  return "";
}

}  // namespace

void FlowCheck::on(const Publish& p) {
  const bool alias_unknown = has_unknown_alias(p);
  if (now_.sender == Role::client) check_server_limits(p);
  if (now_.sender == Role::server) check_delivery(p);
  if (p.qos != QoS::at_most_once) check_identifier(p, alias_unknown);
}

bool FlowCheck::has_unknown_alias(const Publish& p) {
  if (!v5()) return false;
  const auto alias = p.properties.number(PropertyId::topic_alias);
  if (!alias) return false;
  auto& known = aliases_[index(now_.sender)];
  const std::uint32_t limit = limits_[index(peer_of(now_.sender))].topic_alias_maximum;
  const bool limit_known = now_.sender == Role::client ? connack_seen_ && connect_seen_ : connect_seen_;
  if (limit_known && *alias > limit) {
    find(Rule::topic_alias_too_large, "Topic Alias", fmt::format("{}, {} is the highest", *alias, limit));
  }
  const auto number = static_cast<std::uint16_t>(*alias);
  if (!p.topic_name.empty()) {
    remember_alias(known[number], p.topic_name);
  } else if (complete_ && known.find(number) == known.end()) {
    find(Rule::topic_alias_unknown, "Topic Alias", fmt::format("{}", number));
    return true;
  }
  return false;
}

void FlowCheck::remember_alias(std::string& to, std::string_view topic) {
  alias_bytes_ = alias_bytes_ - to.size() + topic.size();
  to = topic;
  if (alias_bytes_ <= max_alias_bytes) return;
  alias_bytes_ -= to.size();
  to.clear();
  to.shrink_to_fit();
}

std::string_view FlowCheck::topic_of_alias(Role sender, std::uint16_t alias) const {
  const auto& known = aliases_[index(sender)];
  const auto found = known.find(alias);
  return found == known.end() ? std::string_view{} : std::string_view{found->second};
}

void FlowCheck::check_server_limits(const Publish& p) {
  if (p.qos > maximum_qos_) {
    find(Rule::maximum_qos_exceeded, "QoS",
         fmt::format("QoS {}, {} is the highest", static_cast<unsigned>(p.qos), static_cast<unsigned>(maximum_qos_)));
  }
  if (p.retain && !retain_available_) find(Rule::retain_not_available, "RETAIN");
}

void FlowCheck::check_delivery(const Publish& p) {
  if (!session_known_ || !complete_) return;
  std::string_view topic = p.topic_name;
  if (topic.empty() && v5()) {
    topic = topic_of_alias(Role::server,
                           static_cast<std::uint16_t>(p.properties.number(PropertyId::topic_alias).value_or(0)));
  }
  if (topic.empty()) return;
  bool matches = false;
  QoS highest = QoS::at_most_once;
  bool may_be_retained = false;
  for (const auto& [filter, seen] : session_.filters) {
    if (!topic_matches(filter, topic)) continue;
    matches = true;
    highest = std::max(highest, seen.qos);
    may_be_retained = may_be_retained || seen.may_be_retained;
    if (highest >= p.qos && (may_be_retained || !p.retain)) return;
  }
  if (!matches) {
    find(Rule::publish_without_subscription, "Topic Name");
    return;
  }
  if (p.retain && !may_be_retained && v5()) find(Rule::retained_unwanted, "RETAIN");
  if (p.qos > highest) {
    find(Rule::delivery_qos_above_granted, "QoS",
         fmt::format("QoS {}, granted is {}", static_cast<unsigned>(p.qos), static_cast<unsigned>(highest)));
  }
}

void FlowCheck::check_identifier(const Publish& p, bool alias_unknown) {
  const std::uint64_t content = content_of(p);
  if (FlowEntry* known = own().find(p.packet_identifier)) {
    check_sent_again(p, *known, content);
    return;
  }
  if (p.dup && complete_) check_first_delivery(p, content);
  const bool qos_1 = p.qos == QoS::at_least_once;
  own().start(p.packet_identifier,
              {.stage = qos_1 ? FlowEntry::Stage::published_qos_1 : FlowEntry::Stage::published_qos_2,
               .alias_unknown = alias_unknown,
               .content = content,
               .order = ++session_.messages,
               .time = now_.time});
  if (now_.sender == Role::server) (qos_1 ? puback_order_ : pubrec_order_).expect(p.packet_identifier);
  const std::size_t limit = limits_[index(peer_of(now_.sender))].receive_maximum;
  if (complete_ && own().messages() > limit) {
    find(Rule::receive_maximum_exceeded, "Packet Identifier",
         fmt::format("{} are in flight, {} are allowed", own().messages(), limit));
  }
}

// DUP says that it was sent before, but no such message is in flight.
void FlowCheck::check_first_delivery(const Publish& p, std::uint64_t content) {
  if (own().was_refused(p.packet_identifier, content)) {
    find(Rule::refused_publish_sent_again, "Packet Identifier");
  } else if (session_known_ && session_.is_new && p.packet_identifier > own().highest() &&
             own().holds_earlier(content)) {
    find(Rule::redelivery_with_new_identifier, "Packet Identifier");
  } else if (now_.sender == Role::server && session_known_) {
    find(Rule::dup_on_first_delivery, "DUP");
  }
}

void FlowCheck::check_sent_again(const Publish& p, FlowEntry& known, std::uint64_t content) {
  // Without the whole connection, an answer that was not captured may have freed the identifier.
  const bool certain = complete_ && session_known_;
  const bool same = known.is_message() && known.content == content;
  if (certain && known.stage == FlowEntry::Stage::released && same && p.dup) {
    find(Rule::publish_after_pubrel, "Packet Identifier");
  } else if (certain && !(same && (p.dup || known.earlier_connection))) {
    find(Rule::packet_identifier_in_use, "Packet Identifier",
         fmt::format("{} waits for {}", p.packet_identifier, answer_to(known.stage)));
  } else if (certain && known.earlier_connection && !p.dup) {
    find(Rule::redelivery_without_dup, "DUP");
  } else if (certain && !known.earlier_connection && v5()) {
    find(Rule::redelivery_without_reconnect, "DUP");
  }
  if (certain && same && known.earlier_connection && now_.sender == Role::client) {
    std::uint64_t& last = sent_again_[index(now_.sender)];
    if (known.order < last) find(Rule::redelivery_out_of_order, "Packet Identifier");
    last = std::max(last, known.order);
  }
  own().publish_again(known);
  const bool qos_1 = p.qos == QoS::at_least_once;
  known.stage = qos_1 ? FlowEntry::Stage::published_qos_1 : FlowEntry::Stage::published_qos_2;
  known.content = content;
  known.time = now_.time;
}

void FlowCheck::acknowledge(PacketIdentifier id, FlowEntry::Stage expected, std::string_view wanted) {
  FlowEntry* known = peer().find(id);
  if (known == nullptr || !known->is_message()) {
    if (complete_ && session_known_) find(Rule::acknowledgement_unexpected, "Packet Identifier", fmt::format("{}", id));
    return;
  }
  // PUBREC is answered alike however often it comes, and so is PUBREL.
  const bool repeated = expected == FlowEntry::Stage::published_qos_2 && known->stage > expected;
  if (known->stage != expected && !repeated && complete_ && session_known_) {
    find(Rule::acknowledgement_wrong_type, "Packet Type",
         fmt::format("{} came, {} is due", wanted, answer_to(known->stage)));
  }
}

void FlowCheck::on_puback(const Puback& p) {
  check_problem_information(p.properties, PacketType::puback);
  acknowledge(p.packet_identifier, FlowEntry::Stage::published_qos_1, "PUBACK");
  if (now_.sender == Role::client && !puback_order_.answer(p.packet_identifier) && complete_) {
    find(Rule::puback_out_of_order, "Packet Identifier");
  }
  if (const FlowEntry* known = peer().find(p.packet_identifier); known != nullptr && known->is_message()) {
    note_latency(*known);
    if (known->alias_unknown && !is_failure(p.reason_code)) find(Rule::unknown_alias_accepted, "Packet Identifier");
    if (v5() && is_failure(p.reason_code)) {
      peer().refuse(p.packet_identifier, known->content);
    } else {
      peer().finish(p.packet_identifier);
    }
  }
}

void FlowCheck::on_pubrec(const Pubrec& p) {
  check_problem_information(p.properties, PacketType::pubrec);
  acknowledge(p.packet_identifier, FlowEntry::Stage::published_qos_2, "PUBREC");
  if (now_.sender == Role::client && !pubrec_order_.answer(p.packet_identifier) && complete_) {
    find(Rule::pubrec_out_of_order, "Packet Identifier");
  }
  FlowEntry* known = peer().find(p.packet_identifier);
  if (known == nullptr || !known->is_message()) return;
  if (known->stage == FlowEntry::Stage::published_qos_2) {
    note_latency(*known);
    if (known->alias_unknown && !is_failure(p.reason_code)) find(Rule::unknown_alias_accepted, "Packet Identifier");
    known->stage = FlowEntry::Stage::received;
    if (now_.sender == Role::server) pubrel_order_.expect(p.packet_identifier);
  }
  if (is_failure(p.reason_code)) {
    peer().refuse(p.packet_identifier, known->content);
    static_cast<void>(pubrel_order_.answer(p.packet_identifier));
  }
}

void FlowCheck::on_pubrel(const Pubrel& p) {
  check_problem_information(p.properties, PacketType::pubrel);
  FlowEntry* known = own().find(p.packet_identifier);
  const bool certain = complete_ && session_known_;
  if (now_.sender == Role::client && !pubrel_order_.answer(p.packet_identifier) && complete_) {
    find(Rule::pubrel_out_of_order, "Packet Identifier");
  }
  if (known == nullptr || !known->is_message()) {
    if (certain && !is_failure(p.reason_code)) {
      find(Rule::acknowledgement_unexpected, "Packet Identifier", fmt::format("{}", p.packet_identifier));
    }
    return;
  }
  if (certain && known->stage < FlowEntry::Stage::received && !known->earlier_connection) {
    find(Rule::acknowledgement_wrong_type, "Packet Type",
         fmt::format("PUBREL came, {} is due", answer_to(known->stage)));
  }
  known->earlier_connection = false;
  known->stage = FlowEntry::Stage::released;
}

void FlowCheck::on_pubcomp(const Pubcomp& p) {
  check_problem_information(p.properties, PacketType::pubcomp);
  // PUBCOMP for an identifier that is unknown says so: Packet Identifier not found.
  if (!is_failure(p.reason_code)) acknowledge(p.packet_identifier, FlowEntry::Stage::released, "PUBCOMP");
  const FlowEntry* known = peer().find(p.packet_identifier);
  if (known != nullptr && known->is_message()) peer().finish(p.packet_identifier);
}

}  // namespace mqtk
