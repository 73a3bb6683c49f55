#include "broker/back_pressure.hpp"

#include "broker/broker_connection.hpp"
#include "broker/broker_state.hpp"

namespace mqtk {

Duration BackPressure::patience(QoS qos) const {
  return qos == QoS::at_most_once ? state_.options.at_most_once_patience : state_.options.patience;
}

void BackPressure::consider(BrokerConnection& publisher, BrokerConnection& receiver, QoS qos, TimePoint now) {
  if (&publisher == &receiver || publisher.paused() || publisher.waiting_publishers > 0) return;
  if (now - receiver.last_progress() > patience(qos)) return;
  for (std::size_t i = 0; receiver.paused() && i < waits_.size(); ++i) {
    if (waits_[i].publisher == &receiver) release(i, now);
  }
  if (receiver.waiting_publishers++ == 0) {
    ++state_.counters.publishers_slowed;
    state_.listener.on_event(
        {.type = BrokerEvent::Type::publishers_slowed, .client_identifier = receiver.session()->client_identifier});
  }
  publisher.pause_reading();
  waits_.push_back({&publisher, &receiver, qos});
}

void BackPressure::release(std::size_t index, TimePoint now) {
  const Wait wait = waits_[index];
  waits_[index] = waits_.back();
  waits_.pop_back();
  --wait.receiver->waiting_publishers;
  wait.publisher->resume_reading(now);
}

void BackPressure::relieve(BrokerConnection& receiver, TimePoint now) {
  for (std::size_t i = waits_.size(); i-- > 0 && receiver.waiting_publishers > 0;) {
    if (waits_[i].receiver == &receiver) release(i, now);
  }
}

void BackPressure::forget(BrokerConnection& connection, TimePoint now) {
  if (!connection.paused() && connection.waiting_publishers == 0) return;
  for (std::size_t i = waits_.size(); i-- > 0;) {
    if (waits_[i].receiver == &connection || waits_[i].publisher == &connection) release(i, now);
  }
}

void BackPressure::release_impatient(TimePoint now) {
  for (std::size_t i = waits_.size(); i-- > 0;) {
    if (now - waits_[i].receiver->last_progress() > patience(waits_[i].qos)) release(i, now);
  }
}

}  // namespace mqtk
