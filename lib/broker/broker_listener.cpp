#include "broker/broker_listener.hpp"

namespace mqtk {

std::string_view event_name(BrokerEvent::Type type) {
  switch (type) {
    case BrokerEvent::Type::connected: return "connected";
    case BrokerEvent::Type::refused: return "refused";
    case BrokerEvent::Type::disconnected: return "disconnected";
    case BrokerEvent::Type::connection_lost: return "connection_lost";
    case BrokerEvent::Type::failed: return "failed";
    case BrokerEvent::Type::closed_by_broker: return "closed_by_broker";
    case BrokerEvent::Type::session_ended: return "session_ended";
    case BrokerEvent::Type::subscribed: return "subscribed";
    case BrokerEvent::Type::unsubscribed: return "unsubscribed";
    case BrokerEvent::Type::will_published: return "will_published";
    case BrokerEvent::Type::message_dropped: return "message_dropped";
    case BrokerEvent::Type::message_not_retained: return "message_not_retained";
    case BrokerEvent::Type::publishers_slowed: return "publishers_slowed";
    case BrokerEvent::Type::fault_injected: return "fault_injected";
    case BrokerEvent::Type::state_lost: return "state_lost";
    case BrokerEvent::Type::snapshot_failed: return "snapshot_failed";
    case BrokerEvent::Type::accept_failed: return "accept_failed";
    case BrokerEvent::Type::bridge_connected: return "bridge_connected";
    case BrokerEvent::Type::bridge_lost: return "bridge_lost";
    case BrokerEvent::Type::bridge_denied: return "bridge_denied";
  }
  return "";
}

}  // namespace mqtk
