#include "capture/flow_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <type_traits>
#include <variant>

#include "codec/topic.hpp"

namespace mqtk {
namespace {

// Packets of an older connection that were on their way when the client connected anew.
constexpr std::chrono::seconds take_over_time{2};

bool is_v5(Version version) { return version == Version::v5; }

// Found in the flow, and the connection is to be closed for it.
bool closes_connection(Rule rule) {
  switch (rule) {
    case Rule::second_connect:
    case Rule::first_packet_not_connect:
    case Rule::receive_maximum_exceeded:
    case Rule::packet_too_large:
    case Rule::topic_alias_too_large:
    case Rule::topic_alias_unknown: return true;
    default: return false;
  }
}

}  // namespace

void FlowCheck::find(Rule rule, std::string_view field, std::string detail) {
  problems_->push_back({rule, field, std::move(detail)});
  if (closes_connection(rule)) broke(now_.sender, rule, now_.time);
}

void FlowCheck::broke(Role sender, Rule rule, std::optional<WallTime> time) {
  // What only looks broken because something is missing is held against nobody.
  if (sender == Role::unknown || !complete_) return;
  Violation& first = violations_[index(sender)];
  if (first.rule == Rule::none) first = {rule, time};
}

std::size_t FlowCheck::held_bytes() const {
  constexpr std::size_t alias_bytes = sizeof(std::string) + map_node_bytes;
  return session_.held_bytes() + (offered_ ? offered_->held_bytes() : 0) + alias_bytes_ +
         (aliases_[0].size() + aliases_[1].size()) * alias_bytes + subscribing_bytes_ + puback_order_.held_bytes() +
         pubrec_order_.held_bytes() + pubrel_order_.held_bytes();
}

void FlowCheck::forget() {
  lose();
  session_ = {};
  session_known_ = false;
  offered_.reset();
  for (auto& each : aliases_) each.clear();
  alias_bytes_ = 0;
  subscribing_.clear();
  subscribing_bytes_ = 0;
  for (AnswerOrder* order : {&puback_order_, &pubrec_order_, &pubrel_order_}) order->release();
}

void FlowCheck::take(const FlowPacket& packet, std::vector<FlowProblem>& problems) {
  now_ = packet;
  problems_ = &problems;
  latency_.reset();
  if (packet.packet == nullptr || packet.sender == Role::unknown) return;
  const PacketType type = packet_type(*packet.packet);
  check_phase(type);
  check_silence(type);
  if (type != PacketType::connect) check_size();
  switch (type) {
    case PacketType::connect: on(std::get<Connect>(*packet.packet)); break;
    case PacketType::connack: on(std::get<Connack>(*packet.packet)); break;
    case PacketType::publish: on(std::get<Publish>(*packet.packet)); break;
    case PacketType::puback: on_puback(std::get<Puback>(*packet.packet)); break;
    case PacketType::pubrec: on_pubrec(std::get<Pubrec>(*packet.packet)); break;
    case PacketType::pubrel: on_pubrel(std::get<Pubrel>(*packet.packet)); break;
    case PacketType::pubcomp: on_pubcomp(std::get<Pubcomp>(*packet.packet)); break;
    case PacketType::subscribe: on(std::get<Subscribe>(*packet.packet)); break;
    case PacketType::suback: on(std::get<Suback>(*packet.packet)); break;
    case PacketType::unsubscribe: on(std::get<Unsubscribe>(*packet.packet)); break;
    case PacketType::unsuback: on(std::get<Unsuback>(*packet.packet)); break;
    case PacketType::pingreq:
      if (pings_++ == 0) first_ping_ = packet.time;
      break;
    case PacketType::pingresp: on_pingresp(); break;
    case PacketType::disconnect: on(std::get<Disconnect>(*packet.packet)); break;
    case PacketType::auth: on(std::get<Auth>(*packet.packet)); break;
    default: break;
  }
  last_from_[index(now_.sender)] = now_.time;
}

void FlowCheck::check_phase(PacketType type) {
  const bool from_client = now_.sender == Role::client;
  if (disconnected_[index(now_.sender)]) find(Rule::packet_after_disconnect, "");
  if (refused_) find(Rule::packet_after_refusal, "");
  if (taken_over_ && !from_client && type != PacketType::disconnect && now_.time &&
      *now_.time > *taken_over_ + take_over_time) {
    find(Rule::session_not_taken_over, "", fmt::format("the Client Identifier is {}", client_identifier_));
  }
  if (connected_ || !complete_) return;
  if (from_client && !connect_seen_ && type != PacketType::connect) {
    find(Rule::first_packet_not_connect, "Packet Type");
  }
  if (!connect_seen_) return;
  if (from_client && has_authentication_method_ && type != PacketType::auth && type != PacketType::disconnect &&
      type != PacketType::connect) {
    find(Rule::packet_during_authentication, "Packet Type");
  }
  if (from_client || type == PacketType::connack || refused_) return;
  if (type == PacketType::disconnect) {
    find(Rule::disconnect_before_connack, "Packet Type");
  } else if (type != PacketType::auth) {
    find(Rule::packet_before_connack, "Packet Type");
  }
}

void FlowCheck::check_size() {
  const std::uint32_t limit = limits_[index(peer_of(now_.sender))].maximum_packet_size;
  if (now_.size_bytes > limit) {
    find(has_problem_information() ? Rule::problem_information_too_large : Rule::packet_too_large, "Remaining Length",
         fmt::format("{} bytes, {} are allowed", now_.size_bytes, limit));
  }
}

// Whether the packet would be smaller without what only explains it.
bool FlowCheck::has_problem_information() const {
  return std::visit(
      [](const auto& packet) {
        using P = std::decay_t<decltype(packet)>;
        if constexpr (requires { packet.properties; } && !std::is_same_v<P, Publish> && !std::is_same_v<P, Connect> &&
                      !std::is_same_v<P, Subscribe> && !std::is_same_v<P, Unsubscribe>) {
          return packet.properties.find(PropertyId::reason_string) || packet.properties.find(PropertyId::user_property);
        } else {
          return false;
        }
      },
      *now_.packet);
}

void FlowCheck::check_silence(PacketType type) {
  const std::optional<WallTime>& last = last_from_[index(Role::client)];
  if (now_.sender != Role::client || type == PacketType::connect || !last || !now_.time) return;
  if (!complete_ || !connected_ || keep_alive_.count() == 0) return;
  const Duration silence = *now_.time - *last;
  // A timer that is a little late is nothing to speak of.
  const Duration stretched = Duration{keep_alive_} + std::max<Duration>(std::chrono::seconds{1}, keep_alive_ / 10);
  if (silence <= stretched) return;
  const bool is_too_long = silence > Duration{keep_alive_} * 3 / 2;
  find(is_too_long ? Rule::keep_alive_timeout : Rule::keep_alive_stretched, "",
       fmt::format("{:.1f} s of silence, the Keep Alive is {} s", to_seconds(silence), keep_alive_.count()));
}

void FlowCheck::check_problem_information(PropertyBlock properties, PacketType type) {
  const bool may_have = type == PacketType::publish || type == PacketType::connack || type == PacketType::disconnect;
  if (wants_problem_information_ || now_.sender != Role::server || may_have) return;
  if (properties.find(PropertyId::reason_string)) find(Rule::problem_information_unrequested, "Reason String");
  if (properties.find(PropertyId::user_property)) find(Rule::problem_information_unrequested, "User Property");
}

void FlowCheck::on(const Connect& p) {
  if (connect_seen_) {
    find(Rule::second_connect, "Packet Type");
    return;
  }
  connect_seen_ = true;
  version_ = p.version;
  client_identifier_ = p.client_identifier;
  clean_start_ = p.clean_start;
  keep_alive_ = std::chrono::seconds{p.keep_alive};
  if (!is_v5(version_)) {
    session_expiry_ = p.clean_start ? 0 : never_expires;
    return;
  }
  Limits& client = limits_[index(Role::client)];
  for (const Property& property : p.properties) {
    switch (property.id) {
      case PropertyId::session_expiry_interval: session_expiry_ = property.number; break;
      case PropertyId::receive_maximum: client.receive_maximum = property.number; break;
      case PropertyId::maximum_packet_size: client.maximum_packet_size = property.number; break;
      case PropertyId::topic_alias_maximum: client.topic_alias_maximum = property.number; break;
      case PropertyId::request_response_information: wants_response_information_ = property.number != 0; break;
      case PropertyId::request_problem_information: wants_problem_information_ = property.number != 0; break;
      case PropertyId::authentication_method:
        has_authentication_method_ = true;
        authentication_method_ = property.text;
        break;
      default: break;
    }
  }
}

void FlowCheck::on(const Connack& p) {
  if (connack_seen_) {
    find(Rule::second_connack, "Packet Type");
    return;
  }
  connack_seen_ = true;
  if (p.reason_code != ReasonCode::success) {
    refused_ = true;
    refusal_ = p.reason_code;
    return;
  }
  connected_ = true;
  connected_at_ = now_.time;
  if (!connect_seen_) return;
  check_connack(p);
  if (is_v5(version_)) {
    Limits& server = limits_[index(Role::server)];
    for (const Property& property : p.properties) {
      switch (property.id) {
        case PropertyId::session_expiry_interval: session_expiry_ = property.number; break;
        case PropertyId::receive_maximum: server.receive_maximum = property.number; break;
        case PropertyId::maximum_packet_size: server.maximum_packet_size = property.number; break;
        case PropertyId::topic_alias_maximum: server.topic_alias_maximum = property.number; break;
        case PropertyId::maximum_qos: maximum_qos_ = static_cast<QoS>(property.number); break;
        case PropertyId::retain_available: retain_available_ = property.number != 0; break;
        case PropertyId::wildcard_subscription_available: wildcards_available_ = property.number != 0; break;
        case PropertyId::shared_subscription_available: shared_available_ = property.number != 0; break;
        case PropertyId::subscription_identifier_available: identifiers_available_ = property.number != 0; break;
        case PropertyId::server_keep_alive: keep_alive_ = std::chrono::seconds{property.number}; break;
        case PropertyId::assigned_client_identifier: client_identifier_ = property.text; break;
        default: break;
      }
    }
  }
  resume_session(p.session_present);
}

void FlowCheck::check_connack(const Connack& p) {
  if (p.session_present && clean_start_) {
    find(Rule::session_present_after_clean_start, "Session Present");
  } else if (p.session_present && no_session_expected_ && complete_) {
    find(Rule::session_present_unexpected, "Session Present");
  }
  check_session_lost(p);
  if (!is_v5(version_)) return;
  if (client_identifier_.empty() && !p.properties.find(PropertyId::assigned_client_identifier)) {
    find(Rule::client_identifier_not_assigned, "Properties");
  }
  if (!wants_response_information_ && p.properties.find(PropertyId::response_information)) {
    find(Rule::response_information_unrequested, "Response Information");
  }
  const auto method = p.properties.text(PropertyId::authentication_method);
  if (method && !has_authentication_method_) find(Rule::auth_not_agreed, "Authentication Method");
  if (method && has_authentication_method_ && *method != authentication_method_) {
    find(Rule::authentication_method_changed, "Authentication Method");
  }
}

// A server may have been told to forget a Session, so this is no more than advice.
void FlowCheck::check_session_lost(const Connack& p) {
  if (p.session_present || clean_start_ || !offered_ || !complete_ || version_ == Version::v3_1) return;
  if (!offered_->ended || !now_.time) return;
  const auto age = std::chrono::floor<std::chrono::seconds>(*now_.time - *offered_->ended);
  const bool has_expired = offered_->expiry_seconds != never_expires && age.count() >= offered_->expiry_seconds;
  if (has_expired) return;
  find(Rule::session_lost, "Session Present", fmt::format("the earlier connection ended {} s ago", age.count()));
}

void FlowCheck::resume_session(bool session_present) {
  // 3.1 does not tell whether the server has the Session.
  const bool told = version_ != Version::v3_1 || clean_start_;
  session_known_ = complete_ && told && (!session_present || offered_ != nullptr);
  session_.is_new = !session_present && clean_start_;
  if (session_present && offered_) {
    session_ = std::move(*offered_);
    session_resumed_ = true;
  } else if (!session_present && offered_ && !clean_start_) {
    // The server has lost the Session. What the client still sends again is not new to it.
    session_.sides[index(Role::client)] = std::move(offered_->sides[index(Role::client)]);
  }
  offered_.reset();
}

std::optional<FlowSession> FlowCheck::take_session(std::optional<WallTime> time) {
  if (!connected_ || session_expiry_ == 0 || client_identifier_.empty()) return std::nullopt;
  if (!session_known_) return std::nullopt;
  for (FlowSide& side : session_.sides) side.disconnect();
  session_.ended = complete_ ? time : std::nullopt;
  session_.expiry_seconds = session_expiry_;
  return std::move(session_);
}

void FlowCheck::on(const Subscribe& p) {
  check_problem_information(p.properties, PacketType::subscribe);
  if (FlowEntry* known = own().find(p.packet_identifier); known != nullptr && !known->earlier_connection) {
    find(Rule::packet_identifier_in_use, "Packet Identifier");
  }
  if (!identifiers_available_ && p.properties.find(PropertyId::subscription_identifier)) {
    find(Rule::subscription_identifier_not_available, "Subscription Identifier");
  }
  std::vector<Asked> asked;
  std::vector<std::string_view> filters;
  for (const Subscription& subscription : p.subscriptions) {
    const TopicFilter filter = TopicFilter::checked(subscription.topic_filter, version_);
    if (!wildcards_available_ && filter.has_wildcard()) {
      find(Rule::wildcard_not_available, "Topic Filter", std::string{subscription.topic_filter});
    }
    if (!shared_available_ && filter.is_shared()) {
      find(Rule::shared_not_available, "Topic Filter", std::string{subscription.topic_filter});
    }
    remember_filter(subscription);
    filters.push_back(subscription.topic_filter);
    asked.emplace_back(subscription.topic_filter, subscription.qos);
  }
  std::ranges::sort(filters);
  for (std::size_t i = 1; i < filters.size(); ++i) {
    if (filters[i] == filters[i - 1]) find(Rule::filter_repeated, "", std::string{filters[i]});
  }
  const auto count = static_cast<std::uint32_t>(asked.size());
  own().start(p.packet_identifier, {.stage = FlowEntry::Stage::subscribe, .filters = count, .time = now_.time});
  remember_request(p.packet_identifier, std::move(asked));
}

namespace {

template <class Requests>
std::size_t held_by(const Requests& filters) {
  std::size_t bytes = map_node_bytes + filters.size() * sizeof(filters[0]);
  for (const auto& [filter, qos] : filters) bytes += filter.size();
  return bytes;
}

}  // namespace

void FlowCheck::remember_request(PacketIdentifier id, std::vector<Asked> asked) {
  if (subscribing_.size() >= max_filters) return;
  const auto [known, is_new] = subscribing_.try_emplace(id);
  if (!is_new) subscribing_bytes_ -= held_by(known->second);
  subscribing_bytes_ += held_by(asked);
  known->second = std::move(asked);
}

// Counts from SUBSCRIBE on: the server may send matching messages before SUBACK.
void FlowCheck::remember_filter(const Subscription& subscription) {
  // Brokers have Shared Subscriptions in 3.1.1, too, and filters of their own that begin with $.
  const auto filter = TopicFilter::from(subscription.topic_filter, Version::v5);
  const bool is_special =
      !filter || (!filter->is_shared() && filter->text().starts_with('$') && !filter->text().starts_with("$SYS/"));
  if (is_special || session_.filters.size() >= max_filters) {
    session_known_ = false;
    return;
  }
  const auto [entry, is_new] = session_.filters.try_emplace(std::string{filter->filter()});
  if (is_new) session_.filter_bytes += filter->filter().size() + sizeof(*entry) + map_node_bytes;
  SeenSubscription& seen = entry->second;
  seen.qos = std::max(seen.qos, subscription.qos);
  seen.may_be_retained = seen.may_be_retained || subscription.retain_as_published ||
                         subscription.retain_handling != RetainHandling::do_not_send;
}

void FlowCheck::on(const Suback& p) {
  check_problem_information(p.properties, PacketType::suback);
  const FlowEntry* request = peer().find(p.packet_identifier);
  if (request == nullptr || request->stage != FlowEntry::Stage::subscribe) {
    if (complete_) find(Rule::suback_unexpected, "Packet Identifier");
    return;
  }
  note_latency(*request);
  if (p.reason_codes.size() != request->filters) {
    find(Rule::suback_count, "", fmt::format("{} codes for {} filters", p.reason_codes.size(), request->filters));
  }
  const auto asked = subscribing_.find(p.packet_identifier);
  if (asked != subscribing_.end()) {
    for (std::size_t i = 0; i < std::min(p.reason_codes.size(), asked->second.size()); ++i) {
      const auto& [filter, qos] = asked->second[i];
      if (p.reason_codes[i] < 3 && p.reason_codes[i] > static_cast<unsigned>(qos)) {
        find(Rule::granted_qos_above_requested, "",
             fmt::format("QoS {} for {}, requested was {}", p.reason_codes[i], filter, static_cast<unsigned>(qos)));
      }
    }
    subscribing_bytes_ -= held_by(asked->second);
    subscribing_.erase(asked);
  }
  peer().finish(p.packet_identifier);
}

void FlowCheck::on(const Unsubscribe& p) {
  check_problem_information(p.properties, PacketType::unsubscribe);
  if (FlowEntry* known = own().find(p.packet_identifier); known != nullptr && !known->earlier_connection) {
    find(Rule::packet_identifier_in_use, "Packet Identifier");
  }
  const auto count = static_cast<std::uint32_t>(p.topic_filters.count());
  own().start(p.packet_identifier, {.stage = FlowEntry::Stage::unsubscribe, .filters = count, .time = now_.time});
}

void FlowCheck::on(const Unsuback& p) {
  check_problem_information(p.properties, PacketType::unsuback);
  const FlowEntry* request = peer().find(p.packet_identifier);
  if (request == nullptr || request->stage != FlowEntry::Stage::unsubscribe) {
    if (complete_) find(Rule::suback_unexpected, "Packet Identifier");
    return;
  }
  note_latency(*request);
  if (v5() && p.reason_codes.size() != request->filters) {
    find(Rule::suback_count, "", fmt::format("{} codes for {} filters", p.reason_codes.size(), request->filters));
  }
  peer().finish(p.packet_identifier);
}

void FlowCheck::on(const Disconnect& p) {
  disconnected_[index(now_.sender)] = true;
  disconnect_code_[index(now_.sender)] = p.reason_code;
  disconnected_at_[index(now_.sender)] = now_.time;
  if (now_.sender == Role::server) authenticates_again_.reset();
  const auto expiry = p.properties.number(PropertyId::session_expiry_interval);
  if (!expiry || !connect_seen_) return;
  if (session_expiry_ == 0 && *expiry > 0) {
    find(Rule::session_expiry_raised, "Session Expiry Interval", fmt::format("{} s", *expiry));
  } else {
    session_expiry_ = *expiry;
  }
}

void FlowCheck::on(const Auth& p) {
  check_problem_information(p.properties, PacketType::auth);
  authenticates_again_ = connected_ && now_.sender == Role::client ? now_.time : std::nullopt;
  if (!connect_seen_) return;
  if (!connected_ && p.reason_code != ReasonCode::continue_authentication) {
    find(Rule::authentication_not_continued, "Reason Code");
  }
  const auto method = p.properties.text(PropertyId::authentication_method);
  if (!has_authentication_method_) {
    find(Rule::auth_not_agreed, "Packet Type");
  } else if (method && *method != authentication_method_) {
    find(Rule::authentication_method_changed, "Authentication Method");
  }
}

void FlowCheck::on_pingresp() {
  if (pings_ > 0) {
    --pings_;
    first_ping_ = now_.time;
  } else if (complete_) {
    find(Rule::pingresp_unexpected, "Packet Type");
  }
}

void FlowCheck::note_latency(const FlowEntry& what) {
  if (what.time && now_.time && *now_.time >= *what.time) latency_ = *now_.time - *what.time;
}

}  // namespace mqtk
