// Messages from the peer: PUBLISH, its acknowledgement in order, and the receiver's side of QoS 2.
#include "session/engine.hpp"
#include "session/engine_output.hpp"

namespace mqtk {

bool Engine::on_publish(Publish& publish, Event& event) {
  // Only a server limits these; a client's own limits are the defaults.
  if (publish.qos > own_.maximum_qos) return fail({Rule::maximum_qos_exceeded, 0});
  if (publish.retain && !own_.retain_available) return fail({Rule::retain_not_available, 0});
  if (!publish.properties.empty()) {
    if (const Rule rule = resolve_alias(publish); rule != Rule::none) return fail({rule, 0});
  }
  if (publish.qos != QoS::at_most_once && !admit_message(publish)) return false;
  report(event, Event::Type::publish);
  event.packet_identifier = publish.packet_identifier;
  return true;
}

Rule Engine::resolve_alias(Publish& publish) {
  if (!publish.properties.find(PropertyId::topic_alias)) return Rule::none;
  if (incoming_aliases_ == nullptr) incoming_aliases_ = std::make_unique<IncomingAliases>();
  return incoming_aliases_->resolve(publish, own_.topic_alias_maximum);
}

// Whether a QoS 1 or 2 PUBLISH is a new message; if not, it has been dealt with.
bool Engine::admit_message(const Publish& publish) {
  const PacketIdentifier id = publish.packet_identifier;
  const ReceiverFlow::Seen seen = session_->receiver.seen(id);
  const bool waits = acknowledgements_.contains(id);
  const bool exactly_once = publish.qos == QoS::exactly_once;
  if (exactly_once && seen != ReceiverFlow::Seen::never) {
    repeat_pubrec(id, seen, waits);
    return false;
  }
  if (waits || seen != ReceiverFlow::Seen::never) return refuse_identifier(publish, seen);
  if (!receive_quota_.take()) return fail({Rule::receive_maximum_exceeded, 0});
  if (exactly_once) session_->receiver.add(id);
  acknowledgements_.expect(id, publish.qos);
  return true;
}

// The message was reported before: it is acknowledged again, not delivered again [MQTT-4.3.3-10].
void Engine::repeat_pubrec(PacketIdentifier id, ReceiverFlow::Seen seen, bool waits) {
  if (waits) return;
  AcknowledgementQueue::Entry& entry = acknowledgements_.expect(id, QoS::exactly_once);
  entry.ready = seen == ReceiverFlow::Seen::taken_over;
  flush_acknowledgements();
}

// The identifier belongs to another message of the peer that is not finished.
bool Engine::refuse_identifier(const Publish& publish, ReceiverFlow::Seen seen) {
  const bool at_least_once = publish.qos == QoS::at_least_once;
  if (at_least_once && seen == ReceiverFlow::Seen::never) {
    // Old clients repeat a PUBLISH on the same connection when they are tired of waiting; one PUBACK does for both.
    if (version_ != Version::v5 && publish.dup) return false;
    return fail({Rule::packet_identifier_in_use, 0});
  }
  if (version_ != Version::v5) return fail({Rule::packet_identifier_in_use, 0});
  if (at_least_once) {
    static_cast<void>(send(Puback{publish.packet_identifier, ReasonCode::packet_identifier_in_use, {}}));
  } else {
    static_cast<void>(send(Pubrec{publish.packet_identifier, ReasonCode::packet_identifier_in_use, {}}));
  }
  return false;
}

bool Engine::acknowledge(PacketIdentifier id, ReasonCode reason_code, PropertyBlock properties) {
  if (phase_ != Phase::open) return false;
  AcknowledgementQueue::Entry* entry = acknowledgements_.find(id);
  if (entry == nullptr) {
    // Reported on an earlier connection: the answer waits for the PUBLISH to be repeated on this one.
    if (session_->receiver.seen(id) != ReceiverFlow::Seen::pending) return false;
    is_failure(reason_code) ? static_cast<void>(session_->receiver.release(id)) : session_->receiver.take_over(id);
    return true;
  }
  if (entry->qos == QoS::exactly_once) {
    if (is_failure(reason_code)) {
      session_->receiver.release(id);  // the identifier means a new message from now on [MQTT-4.3.3-9]
    } else {
      session_->receiver.take_over(id);
    }
  }
  entry->ready = true;
  entry->reason_code = reason_code;
  if (!properties.empty() && version_ == Version::v5) {
    entry->properties = std::make_unique<std::string>(as_text(properties.bytes()));
  }
  flush_acknowledgements();
  return true;
}

// In the order of the PUBLISH packets [MQTT-4.6.0-2] [MQTT-4.6.0-3].
void Engine::flush_acknowledgements() {
  while (acknowledgements_.first_is_ready()) {
    const AcknowledgementQueue::Entry entry = acknowledgements_.take_first();
    const PropertyBlock properties =
        entry.properties == nullptr ? PropertyBlock{} : PropertyBlock{as_bytes(*entry.properties)};
    if (entry.qos == QoS::exactly_once) {
      static_cast<void>(send_trimmed(Pubrec{entry.id, entry.reason_code, properties}));
      if (is_failure(entry.reason_code)) receive_quota_.give_back();
    } else {
      static_cast<void>(send_trimmed(Puback{entry.id, entry.reason_code, properties}));
      receive_quota_.give_back();
    }
  }
}

bool Engine::on_pubrel(const Pubrel& pubrel) {
  if (diagnostics_unrequested(pubrel.properties)) return fail({Rule::problem_information_unrequested, 0});
  // PUBREL answers a PUBREC, and none has been sent for a message that still waits.
  if (acknowledgements_.contains(pubrel.packet_identifier)) return fail({Rule::acknowledgement_unexpected, 2});
  Pubcomp pubcomp;
  pubcomp.packet_identifier = pubrel.packet_identifier;
  if (session_->receiver.release(pubrel.packet_identifier)) {
    receive_quota_.give_back();
    if (options_->qos2_listener != nullptr) options_->qos2_listener->released(*session_, pubrel.packet_identifier);
  } else {
    pubcomp.reason_code = ReasonCode::packet_identifier_not_found;
  }
  static_cast<void>(send(pubcomp));  // [MQTT-4.3.3-11]
  return false;
}

}  // namespace mqtk
