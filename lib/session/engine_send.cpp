// Messages to the peer: PUBLISH, what comes back for it, and sending it again on a new connection.
#include <algorithm>
#include <cstring>

#include "session/engine.hpp"
#include "session/engine_output.hpp"
#include "session/publish_encoding.hpp"

namespace mqtk {
namespace {

// More than all of a PUBLISH but topic, properties and payload.
constexpr std::size_t publish_overhead = 16;

Publish as_publish(const InFlight& entry, PacketIdentifier id) {
  Publish publish;
  publish.qos = entry.qos;
  publish.retain = entry.retain;
  publish.packet_identifier = id;
  publish.topic_name = entry.message.topic();
  publish.payload = entry.message.payload();
  return publish;
}

InFlight in_flight(const Delivery& delivery, QoS qos, bool retain) {
  InFlight entry;
  entry.message = delivery.message;
  entry.subscription_identifiers = delivery.subscription_identifiers;
  entry.tag = delivery.tag;
  entry.state = InFlight::State::publish_sent;
  entry.qos = qos;
  entry.retain = retain;
  return entry;
}

}  // namespace

Rule Engine::check_publish(QoS qos, bool retain) const {
  if (phase_ != Phase::open) return Rule::not_connected;
  if (qos > peer_.maximum_qos) return Rule::maximum_qos_exceeded;
  if (retain && !peer_.retain_available) return Rule::retain_not_available;
  // Never more than the Receive Maximum allows [MQTT-4.9.0-2], and nothing new before the old.
  if (qos != QoS::at_most_once && send_window(qos) == 0) return Rule::receive_maximum_exceeded;
  return Rule::none;
}

std::uint32_t Engine::send_window(QoS qos) const {
  if (phase_ != Phase::open || session_->sender.resending()) return 0;
  const std::uint32_t free = std::min<std::uint32_t>(send_quota_.left(), session_->sender.free_identifiers());
  const bool announced = version_ == Version::v5 || (qos != QoS::exactly_once && !sent_exactly_once_);
  if (announced) return free;
  const std::uint16_t most = options_->maximum_in_flight_unannounced;
  return send_quota_.taken() >= most ? 0 : std::min<std::uint32_t>(free, most - send_quota_.taken());
}

void Engine::count_sent(QoS qos) {
  send_quota_.take();
  sent_exactly_once_ |= qos == QoS::exactly_once;
}

Engine::Done Engine::publish(const Publish& publish, TimePoint now) {
  now_ = now;
  if (const Rule rule = check_publish(QoS::at_most_once, publish.retain); rule != Rule::none) {
    return std::unexpected(Fault{rule, 0});
  }
  if (version_ == Version::v5 && peer_.topic_alias_maximum != 0) return send_aliased(publish, {});
  if (!publish.properties.empty()) {
    if (version_ != Version::v5) {
      Publish bare = publish;
      bare.properties = {};
      return send_publish(bare, {});
    }
    if (publish.properties.find(PropertyId::topic_alias)) {
      return std::unexpected(Fault{Rule::topic_alias_too_large, 0});  // the peer takes none [MQTT-3.2.2-18]
    }
  }
  return send_publish(publish, {});
}

Engine::Sent Engine::publish(const Delivery& delivery, TimePoint now) {
  now_ = now;
  if (const Rule rule = check_publish(delivery.qos, delivery.retain); rule != Rule::none) {
    return std::unexpected(Fault{rule, 0});
  }
  const bool acknowledged = delivery.qos != QoS::at_most_once;
  const PacketIdentifier id = acknowledged ? session_->sender.next_identifier() : PacketIdentifier{0};
  InFlight entry = in_flight(delivery, delivery.qos, delivery.retain);
  Publish publish = as_publish(entry, id);
  std::vector<std::uint8_t> buffer;
  if (version_ == Version::v5) {
    publish.properties = hop_properties(entry.message, entry.subscription_identifiers.view(), now, buffer);
  }
  const bool aliased = version_ == Version::v5 && peer_.topic_alias_maximum != 0;
  const Done done =
      aliased ? send_aliased(publish, entry.message.block()) : send_publish(publish, entry.message.block());
  if (!done) return std::unexpected(done.error());
  if (acknowledged) {
    count_sent(entry.qos);
    session_->sender.start(std::move(entry));
  }
  return id;
}

Engine::Sent Engine::publish_once(const Publish& publish, Tag tag, TimePoint now) {
  if (publish.qos == QoS::at_most_once) {
    const Done done = this->publish(publish, now);
    return done ? Sent{PacketIdentifier{0}} : std::unexpected(done.error());
  }
  now_ = now;
  if (const Rule rule = check_publish(publish.qos, publish.retain); rule != Rule::none) {
    return std::unexpected(Fault{rule, 0});
  }
  Publish numbered = publish;
  numbered.packet_identifier = session_->sender.next_identifier();
  if (version_ != Version::v5) numbered.properties = {};
  const bool aliased = version_ == Version::v5 && peer_.topic_alias_maximum != 0;
  const Done done = aliased ? send_aliased(numbered, {}) : send_publish(numbered, {});
  if (!done) return std::unexpected(done.error());
  count_sent(publish.qos);
  InFlight entry;
  entry.tag = tag;
  entry.state = InFlight::State::publish_sent;
  entry.qos = publish.qos;
  entry.retain = publish.retain;
  session_->sender.start(std::move(entry));
  return numbered.packet_identifier;
}

Rule Engine::publish(const PublishForm& form, Bytes payload, Tag tag, TimePoint now) {
  const bool acknowledged = form.qos() != QoS::at_most_once;
  const bool aliased = options_->automatic_topic_aliases != 0 && peer_.topic_alias_maximum != 0;
  const bool large = acknowledged && payload.size() >= PublishImage::shared_payload_bytes;
  if (form.version() != version_ || aliased || large) return publish_unformed(form.message(payload), tag, now);
  now_ = now;
  if (const Rule rule = check_publish(form.qos(), form.retain()); rule != Rule::none) return rule;
  const std::uint32_t most = std::min(peer_.maximum_packet_size, max_packet_size);
  if (form.packet_size(payload.size()) > most) return Rule::packet_too_large;
  if (!acknowledged) {
    note_sent(form.append_to(output_, payload), {});
    return Rule::none;
  }
  InFlight entry;
  entry.message = ApplicationMessage::make(form.message(payload), now);
  entry.tag = tag;
  entry.state = InFlight::State::publish_sent;
  entry.qos = form.qos();
  entry.retain = form.retain();
  note_sent(form.append_to(output_, payload, session_->sender.next_identifier()), {});
  count_sent(entry.qos);
  session_->sender.start(std::move(entry));
  return Rule::none;
}

Rule Engine::publish_unformed(const Publish& publish, Tag tag, TimePoint now) {
  if (publish.qos == QoS::at_most_once) {
    const Done done = this->publish(publish, now);
    return done ? Rule::none : done.error().rule;
  }
  const ApplicationMessage message = ApplicationMessage::make(publish, now);
  const Sent sent = this->publish(Delivery{message, {}, tag, publish.qos, publish.retain}, now);
  return sent ? Rule::none : sent.error().rule;
}

Engine::Done Engine::publish(const PublishImage& image, TimePoint now) {
  now_ = now;
  if (image.version() != version_ || image.qos() != QoS::at_most_once) {
    return std::unexpected(Fault{Rule::not_connected, 0});
  }
  if (const Rule rule = check_publish(image.qos(), image.retain()); rule != Rule::none) {
    return std::unexpected(Fault{rule, 0});
  }
  return send_image(image, 0);
}

Engine::Sent Engine::publish(const PublishImage& image, const Delivery& delivery, TimePoint now) {
  now_ = now;
  if (image.version() != version_ || image.qos() == QoS::at_most_once) {
    return std::unexpected(Fault{Rule::not_connected, 0});
  }
  if (const Rule rule = check_publish(image.qos(), image.retain()); rule != Rule::none) {
    return std::unexpected(Fault{rule, 0});
  }
  const PacketIdentifier id = session_->sender.next_identifier();
  if (const Done done = send_image(image, id); !done) return std::unexpected(done.error());
  count_sent(image.qos());
  session_->sender.start(in_flight(delivery, image.qos(), image.retain()));
  return id;
}

Engine::Done Engine::send_image(const PublishImage& image, PacketIdentifier id) {
  if (image.size() > peer_.maximum_packet_size) return std::unexpected(Fault{Rule::packet_too_large, 0});
  const Bytes head = image.append_to(output_, id);
  note_sent(head, image.tail());
  return {};
}

// A payload that lies in `owner` is referenced if it is large.
Engine::Done Engine::send_publish(const Publish& publish, const SharedBytes& owner) {
  const CodecContext context{version_, role_};
  const std::size_t at_most = publish.topic_name.size() + publish.properties.bytes().size() + publish.payload.size();
  if (!owner || publish.payload.size() < PublishImage::shared_payload_bytes) {
    if (observer_ != nullptr || at_most + publish_overhead > peer_.maximum_packet_size) return send(publish);
    const std::expected<std::uint32_t, Fault> size = encode(publish, context, output_);
    if (!size) return std::unexpected(size.error());
    keep_alive_.packet_sent(now_);
    return {};
  }
  const std::expected<PublishHead, Fault> head = publish_head(publish, context);
  if (!head) return std::unexpected(head.error());
  if (head->packet_size() > peer_.maximum_packet_size) return std::unexpected(Fault{Rule::packet_too_large, 0});
  std::uint8_t* to = output_.append(head->size());
  write_publish_head(publish, context, *head, to);
  output_.append_shared(owner, publish.payload);
  note_sent({to, head->size()}, publish.payload);
  return {};
}

// With the caller's Topic Alias, or one of this side's choice. The tables change only when the packet was sent.
Engine::Done Engine::send_aliased(const Publish& publish, const SharedBytes& owner) {
  if (outgoing_aliases_ == nullptr) {
    outgoing_aliases_ = std::make_unique<OutgoingAliases>(peer_.topic_alias_maximum, options_->automatic_topic_aliases);
  }
  OutgoingAliases& aliases = *outgoing_aliases_;
  if (const auto wanted = publish.properties.number(PropertyId::topic_alias)) {
    const auto alias = static_cast<std::uint16_t>(*wanted);
    const Rule rule = aliases.check_explicit(alias, publish.topic_name);
    if (rule != Rule::none) return std::unexpected(Fault{rule, 0});
    const Done done = send_publish(publish, owner);
    if (done) aliases.note_explicit(alias);
    return done;
  }
  const OutgoingAliases::Choice choice = aliases.choose(publish.topic_name);
  if (choice.alias == 0) return send_publish(publish, owner);
  PropertyWriter properties;
  properties.add(PropertyId::topic_alias, choice.alias);
  for (const Property& property : publish.properties) properties.add(property);
  Publish aliased = publish;
  aliased.properties = properties.block();
  if (choice.known) aliased.topic_name = {};
  const Done done = send_publish(aliased, owner);
  if (done) aliases.note(choice, publish.topic_name);
  return done;
}

void Engine::note_sent(Bytes head, Bytes tail) {
  keep_alive_.packet_sent(now_);
  if (observer_ != nullptr) observer_->packet_sent(head, tail);
  if (options_->counters != nullptr) ++options_->counters->packets_sent;
}

bool Engine::on_puback(const Puback& puback, Event& event) {
  if (diagnostics_unrequested(puback.properties)) return fail({Rule::problem_information_unrequested, 0});
  const InFlight* entry = session_->sender.find(puback.packet_identifier);
  // A late one of a message that is settled; Rule::acknowledgement_unexpected is for observers here.
  if (entry == nullptr) return false;
  if (!entry->is_publish() || entry->qos != QoS::at_least_once) return fail({Rule::acknowledgement_wrong_type, 0});
  return finish_publish(puback.packet_identifier, puback.reason_code, event);
}

bool Engine::on_pubrec(const Pubrec& pubrec, Event& event) {
  if (diagnostics_unrequested(pubrec.properties)) return fail({Rule::problem_information_unrequested, 0});
  InFlight* entry = session_->sender.find(pubrec.packet_identifier);
  Pubrel pubrel;
  pubrel.packet_identifier = pubrec.packet_identifier;
  if (entry == nullptr) {
    // The peer waits for something this side has forgotten: it is told, so that the identifier is freed there.
    if (!is_failure(pubrec.reason_code)) {
      pubrel.reason_code = ReasonCode::packet_identifier_not_found;
      static_cast<void>(send(pubrel));
    }
    return false;
  }
  if (!entry->is_publish() || entry->qos != QoS::exactly_once) return fail({Rule::acknowledgement_wrong_type, 0});
  if (is_failure(pubrec.reason_code)) return finish_publish(pubrec.packet_identifier, pubrec.reason_code, event);
  // From here on only PUBREL is sent again, and the message is let go [MQTT-4.3.3-6].
  entry->state = InFlight::State::pubrel_sent;
  entry->pubrec_code = pubrec.reason_code;
  entry->message = {};
  entry->subscription_identifiers = {};
  if (options_->qos2_listener != nullptr) options_->qos2_listener->pubrel_sent(*session_, pubrec.packet_identifier);
  static_cast<void>(send(pubrel));  // [MQTT-4.3.3-4]
  return false;
}

bool Engine::on_pubcomp(const Pubcomp& pubcomp, Event& event) {
  if (diagnostics_unrequested(pubcomp.properties)) return fail({Rule::problem_information_unrequested, 0});
  const InFlight* entry = session_->sender.find(pubcomp.packet_identifier);
  if (entry == nullptr) return false;
  if (entry->state != InFlight::State::pubrel_sent) return fail({Rule::acknowledgement_wrong_type, 0});
  // The peer took the message with PUBREC. That it no longer knows the identifier means that an earlier PUBCOMP was
  // lost with its connection, which is no failure of this message.
  const bool forgotten = pubcomp.reason_code == ReasonCode::packet_identifier_not_found;
  const bool failed = is_failure(pubcomp.reason_code) && !forgotten;
  const ReasonCode reason_code = failed ? pubcomp.reason_code : entry->pubrec_code;
  return finish_publish(pubcomp.packet_identifier, reason_code, event);
}

bool Engine::finish_publish(PacketIdentifier id, ReasonCode reason_code, Event& event) {
  const InFlight* entry = session_->sender.find(id);
  report(event, Event::Type::publish_done, reason_code);
  event.packet_identifier = id;
  event.tag = entry->tag;
  if (entry->state == InFlight::State::publish_refused) --refused_;
  const bool sent = entry->state == InFlight::State::publish_sent || entry->state == InFlight::State::pubrel_sent;
  session_->sender.finish(id);
  if (sent) send_quota_.give_back();
  resend();
  return true;
}

// A Session goes on: what is unfinished is sent again, in its first order [MQTT-4.4.0-1] [MQTT-4.6.0-1].
void Engine::resume() {
  SenderFlow& flow = session_->sender;
  flow.resume();
  Pubrel pubrel;
  for (std::uint32_t i = 0; i < flow.span(); ++i) {
    if (flow.at(i).state != InFlight::State::pubrel_sent) continue;
    pubrel.packet_identifier = flow.identifier_at(i);
    static_cast<void>(send(pubrel));
    // Its PUBCOMP raises the quota. Counting it from the start keeps that from letting one PUBLISH more out than the
    // peer may still count room for.
    count_sent(QoS::exactly_once);
  }
  resend();
}

void Engine::resend() {
  PacketIdentifier id = 0;
  while (InFlight* entry = session_->sender.next_to_resend(id)) {
    if (send_quota_.left() == 0) return;
    if (resend_publish(*entry, id)) {
      entry->state = InFlight::State::publish_sent;
      count_sent(entry->qos);
    } else {
      entry->state = InFlight::State::publish_refused;
      ++refused_;
    }
  }
}

bool Engine::resend_publish(const InFlight& entry, PacketIdentifier id) {
  if (!entry.message) return false;  // publish_once() kept none
  Publish publish = as_publish(entry, id);
  publish.dup = true;  // [MQTT-3.3.1-1]
  if (publish.qos > peer_.maximum_qos || (publish.retain && !peer_.retain_available)) return false;
  std::vector<std::uint8_t> buffer;
  if (version_ == Version::v5) {
    publish.properties = hop_properties(entry.message, entry.subscription_identifiers.view(), now_, buffer);
  }
  return send_publish(publish, entry.message.block()).has_value();
}

// A message that the peer does not take any more counts as finished [MQTT-3.1.2-25].
bool Engine::report_refused(Event& event) {
  SenderFlow& flow = session_->sender;
  for (std::uint32_t i = 0; i < flow.span(); ++i) {
    if (flow.at(i).state != InFlight::State::publish_refused) continue;
    event.packet = std::monostate{};
    event.raw = {};
    return finish_publish(flow.identifier_at(i), ReasonCode::packet_too_large, event);
  }
  return false;
}

}  // namespace mqtk
