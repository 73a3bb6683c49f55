// The phases of a run.
#include "load/worker.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace mqtk {

using namespace std::chrono_literals;

Worker::Worker(Loop& loop, const Scenario& scenario, WorkerListener& listener)
    : loop_(loop),
      scenario_(scenario),
      listener_(listener),
      payload_(scenario.payload_bytes),
      random_(scenario.seed),
      step_timer_(loop, [this] { step(); }),
      interval_timer_(loop, [this] { take_interval(); }) {
  settings_.scenario = &scenario_;
  settings_.engine.maximum_in_flight = scenario_.in_flight;
  settings_.engine.connect_timeout = scenario_.connect.connect_timeout;
  message_.qos = scenario_.qos;
  message_.retain = scenario_.retain;
  if (scenario_.connect.version == Version::v5) message_.properties = scenario_.publish_properties.block();
  message_.payload = payload_;
  for (std::uint32_t i = 0; i < scenario_.publishers; ++i) {
    publishers_.emplace_back().topic = with_number(scenario_.topic, i);
  }
  const auto begins =
      scenario_.publishers > 0 ? DeliveryCheck::Begins::at_zero : DeliveryCheck::Begins::at_first_message;
  for (std::uint32_t i = 0; i < scenario_.subscribers; ++i) {
    subscribers_.push_back({with_number(scenario_.filter, i % scenario_.filter_numbers), DeliveryCheck{begins}});
  }
  result_.counts.clients = scenario_.clients();
  result_.counts.subscriptions = scenario_.subscribers;
  if (scenario_.subscribers > 0) {
    result_.main_latency = Latency::end_to_end;
  } else if (scenario_.publishers > 0 && scenario_.qos != QoS::at_most_once) {
    result_.main_latency = Latency::publish;
  }
}

Worker::~Worker() = default;

// --- connecting ------------------------------------------------------------------------------------------------------

void Worker::start() {
  phase_ = Phase::connecting;
  connecting_began_ = loop_.refresh_now();
  LoadClientListener& listener = *this;
  for (std::uint32_t i = 0; i < scenario_.clients(); ++i) {
    clients_.push_back(std::make_unique<LoadClient>(loop_, settings_, listener, i));
  }
  connect_more();
}

void Worker::connect_more() {
  while (pending_ < scenario_.most_pending && begun_ < clients_.size()) {
    const std::uint32_t number = begun_++;
    const std::uint32_t subscriber = number - scenario_.publishers;
    const bool subscribes = number >= scenario_.publishers && subscriber < scenario_.subscribers;
    ++pending_;
    clients_[number]->begin(with_number(scenario_.connect.client_identifier, number),
                            subscribes ? subscribers_[subscriber].filter : std::string{});
  }
  if (pending_ == 0 && phase_ == Phase::connecting) step_timer_.arm(loop_.now());
}

void Worker::client_settled() {
  --pending_;
  if (phase_ == Phase::connecting) connect_more();
}

// --- running ---------------------------------------------------------------------------------------------------------

void Worker::run() {
  phase_ = Phase::running;
  running_or_later_ = true;
  run_began_ = interval_began_ = loop_.refresh_now();
  result_.connecting_time = run_began_ - connecting_began_;
  keep_latencies(nullptr);
  // Whole microseconds, since the stamps have no finer time.
  measure_from_ = std::chrono::floor<std::chrono::microseconds>(run_began_ + scenario_.warm_up);
  send_until_ = loop_.time_after(scenario_.warm_up + scenario_.duration);
  last_sent_ = last_acknowledged_ = last_received_ = measure_from_;
  interval_timer_.arm(interval_began_ + 1s);
  count_expected();
  listener_.on_running();
  if (scenario_.publishers == 0) return step_timer_.arm(send_until_);
  if (scenario_.pacing == Pacing::open_loop) {
    schedule_ = std::make_unique<SendSchedule>(
        SendSchedule::Options{.rate = scenario_.rate, .arrivals = scenario_.arrivals, .seed = scenario_.seed},
        run_began_);
    return step_timer_.arm(run_began_);
  }
  begin_without_schedule();
  step_timer_.arm(may_send_more() ? send_until_ : run_began_);
}

// Where the phases change: from the timer only, so that no client is closed in one of its own calls.
void Worker::step() {
  const TimePoint now = loop_.refresh_now();
  switch (phase_) {
    case Phase::connecting: {
      const bool any = std::ranges::any_of(clients_, [](const auto& client) { return client->is_ready(); });
      return any ? run() : finish();
    }
    case Phase::running: {
      const bool enough_received =
          scenario_.publishers == 0 && scenario_.messages && result_.counts.traffic.received >= *scenario_.messages;
      const bool nobody = std::ranges::none_of(clients_, [](const auto& client) { return client->is_ready(); });
      if (schedule_ != nullptr) send_due();
      const bool all_offered =
          scenario_.publishers > 0 && (!may_send_more() || (schedule_ != nullptr && schedule_->next() >= send_until_));
      if (all_offered || enough_received || nobody || now >= send_until_) return begin_draining();
      if (schedule_ == nullptr) return step_timer_.arm(send_until_);
      return step_timer_.arm(std::min(send_until_, std::max(schedule_->next(), loop_.now() + shortest_pause)));
    }
    case Phase::draining:
      if (all_arrived() || now >= drain_until_) return begin_closing();
      // Rest that no message announces, such as the output of QoS 0, is looked after now and then.
      return step_timer_.arm(std::min(drain_until_, now + 10ms));
    case Phase::closing: return finish();
    default: return;
  }
}

void Worker::end_early() {
  result_.ended_early = true;
  if (phase_ == Phase::running) return begin_draining();
  if (phase_ == Phase::draining) return begin_closing();
  if (phase_ == Phase::connecting) return begin_closing();
}

void Worker::begin_draining() {
  phase_ = Phase::draining;
  const TimePoint now = loop_.refresh_now();
  // The last of N messages at a rate stands for the time until the next one would be due.
  const bool all_sent = schedule_ != nullptr && !may_send_more();
  const TimePoint sent_until = std::min(send_until_, all_sent ? schedule_->next() : now);
  send_until_ = std::max(sent_until, measure_from_);
  drain_until_ = loop_.time_after(scenario_.drain);
  step_timer_.arm(now);
}

bool Worker::all_arrived() const {
  if (waiting_ > 0) return false;
  for (std::uint32_t i = 0; i < scenario_.publishers; ++i) {
    if (clients_[i]->is_ready() && (clients_[i]->unacknowledged() > 0 || clients_[i]->unwritten_bytes() > 0)) {
      return false;
    }
  }
  return scenario_.publishers == 0 || arrived_ >= expected_;
}

// --- ending ----------------------------------------------------------------------------------------------------------

void Worker::begin_closing() {
  phase_ = Phase::closing;
  interval_timer_.cancel();
  if (running_or_later_) take_interval();
  interval_timer_.cancel();
  std::uint64_t unwritten = 0;
  for (std::uint32_t i = 0; i < clients_.size(); ++i) {
    LoadClient& client = *clients_[i];
    if (i < publishers_.size()) {
      result_.counts.unacknowledged += client.unacknowledged();
      unwritten += client.unwritten_bytes();
    }
  }
  if (waiting_ > 0)
    note_error(LoadErrorKind::not_sent, "no room in the window or the connection until the end", waiting_);
  if (unwritten > 0)
    note_error(LoadErrorKind::not_sent, "connections that took no more: their last bytes are not written", 1);
  count_lost();
  for (const auto& client : clients_) {
    if (client->close(closing_limit, [this] {
          if (--still_open_ == 0) step_timer_.arm(loop_.now());
        })) {
      ++still_open_;
    }
  }
  step_timer_.arm(still_open_ == 0 ? loop_.now() : loop_.time_after(closing_limit + 500ms));
}

void Worker::finish() {
  phase_ = Phase::done;
  step_timer_.cancel();
  keep_latencies(nullptr);
  result_.sending_time = std::max(send_until_, last_sent_) - measure_from_;
  result_.acknowledging_time = std::max(send_until_, last_acknowledged_) - measure_from_;
  result_.receiving_time = std::max(send_until_, last_received_) - measure_from_;
  listener_.on_done();
}

void Worker::take_interval() {
  const TimePoint now = loop_.refresh_now();
  LoadInterval interval;
  interval.begin = interval_began_ - run_began_;
  interval.length = now - interval_began_;
  interval.traffic = result_.counts.traffic - interval_from_.traffic;
  interval.sent_bytes = result_.counts.sent_bytes - interval_from_.sent_bytes;
  interval.received_bytes = result_.counts.received_bytes - interval_from_.received_bytes;
  interval.errors = result_.errors.count() - interval_errors_;
  keep_latencies(&interval);
  interval_from_ = result_.counts;
  interval_errors_ = result_.errors.count();
  interval_began_ = now;
  result_.series.push_back(std::move(interval));
  interval_timer_.arm(run_began_ + 1s * static_cast<std::int64_t>(result_.series.size() + 1));
  listener_.on_interval(result_.series.back());
}

// What was recorded since the last interval goes to the result and, unless it was before the run, to `interval`.
void Worker::keep_latencies(LoadInterval* interval) {
  for (std::size_t i = 0; i < latency_kinds; ++i) {
    Histogram& histogram = interval_latencies_[i];
    if (histogram.count() == 0) continue;
    if (interval != nullptr) interval->latencies.push_back({static_cast<Latency>(i), histogram.packed()});
    result_.latencies[i].add(histogram);
    histogram.clear();
  }
}

void Worker::note_error(LoadErrorKind kind, std::string_view text, std::uint64_t times) {
  result_.errors.add(kind, ReasonCode::success, text, times);
}

}  // namespace mqtk
