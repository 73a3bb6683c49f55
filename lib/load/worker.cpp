// The phases of a run.
#include "load/worker.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace mqtk {

using namespace std::chrono_literals;

namespace {

constexpr Duration drain_look = 10ms;

}  // namespace

Worker::Worker(Loop& loop, const Scenario& scenario, LoadSlice slice, WorkerListener& listener)
    : loop_(loop),
      scenario_(scenario),
      slice_(slice),
      listener_(listener),
      most_pending_(std::max(scenario.most_pending / std::max(scenario.threads, 1U), 1U)),
      random_(scenario.seed + slice.index),
      step_timer_(loop, [this] { step(); }),
      interval_timer_(loop, [this] { take_interval(); }) {
  groups_.reserve(scenario_.groups.size());  // clients refer to the settings in them
  for (std::uint32_t i = 0; i < scenario_.groups.size(); ++i) add_group(i);
}

Worker::~Worker() = default;

void Worker::add_group(std::uint32_t index) {
  const ClientGroup& plan = scenario_.groups[index];
  Group& group = groups_.emplace_back();
  group.plan = &plan;
  group.own = slice_.share(plan.count);
  group.settings = {.scenario = &scenario_, .group = &plan, .group_index = index, .engine = {}};
  group.settings.engine.maximum_in_flight = plan.most_in_flight();
  group.settings.engine.connect_timeout = plan.connect.connect_timeout;
  group.first_place = static_cast<std::uint32_t>(clients_.size());
  group.first_publisher = static_cast<std::uint32_t>(publishers_.size());
  group.first_check = static_cast<std::uint32_t>(checks_.size());
  group.first_stream = streams_;
  for (std::uint32_t i = 0; i < index; ++i) group.first_client += scenario_.groups[i].count;
  if (plan.publishes()) streams_ += plan.count;
  result_.counts.clients += group.own;
  if (plan.subscribes() || plan.requests()) result_.counts.subscriptions += group.own;
  group.client_identifier = TextTemplate::credential(plan.connect.client_identifier, scenario_.table);
  if (plan.connect.user_name) group.user_name = TextTemplate::credential(*plan.connect.user_name, scenario_.table);
  if (plan.connect.password)
    group.password = TextTemplate::credential(as_text(*plan.connect.password), scenario_.table);
  if (plan.connect.will) group.will_topic = TextTemplate::credential(plan.connect.will->topic, scenario_.table);
  stamps_in_properties_ = stamps_in_properties_ || plan.payload.is_given();

  const bool from_elsewhere = scenario_.publishers() == 0 || plan.joins_after;
  const auto begins = from_elsewhere ? DeliveryCheck::Begins::at_first_message : DeliveryCheck::Begins::at_zero;
  LoadClientListener& listener = *this;
  for (std::uint32_t i = 0; i < group.own; ++i) {
    const std::uint32_t number = slice_.index + i * slice_.count;
    clients_.push_back(std::make_unique<LoadClient>(loop_, group.settings, listener,
                                                    static_cast<std::uint32_t>(clients_.size()), number));
    if (plan.publishes()) {
      Publisher& publisher = publishers_.emplace_back();
      if (!plan.topic.varies()) publisher.topic = plan.topic.text(values_of(group, number));
    }
    if (plan.subscribes() || plan.requests()) checks_.emplace_back(begins);
  }
  if (plan.publishes()) prepare_messages(group);
  if (!plan.publishes() && plan.messages) received_limit_ = *plan.messages;
}

void Worker::prepare_messages(Group& group) {
  const ClientGroup& plan = *group.plan;
  const bool v5 = plan.connect.version == Version::v5;
  group.message.qos = plan.qos;
  group.message.retain = plan.retain;
  group.payload.resize(plan.payload.size_bytes);
  PropertyWriter properties = plan.publish_properties;
  // What is filled in later stands at the end.
  if (plan.requests()) {
    properties.add(PropertyId::correlation_data, std::string(MessageStamp::size_bytes, '\0'));
  } else if (plan.payload.is_given()) {
    properties.add_user_property(MessageStamp::property_name, std::string(2 * MessageStamp::size_bytes, '0'));
  }
  const Bytes bytes = properties.block().bytes();
  group.properties.assign(bytes.begin(), bytes.end());
  if (v5) group.message.properties = PropertyBlock{group.properties};
  if (!plan.messages) return;
  group.limit = 0;
  for (std::uint32_t i = 0; i < group.own; ++i) {
    const std::uint32_t number = slice_.index + i * slice_.count;
    Publisher& publisher = publishers_[group.first_publisher + i];
    publisher.share = *plan.messages / plan.count + (number < *plan.messages % plan.count ? 1 : 0);
    group.limit += publisher.share;
  }
}

TemplateValues Worker::values_of(const Group& group, std::uint32_t number) {
  return {.number = number,
          .client = group.first_client + number,
          .message = 0,
          .time = wall_began_ + (loop_.now() - run_began_),
          .random = &random_,
          .table = &scenario_.table};
}

// --- running ---------------------------------------------------------------------------------------------------------

void Worker::start() {
  phase_ = Phase::connecting;
  settled_.resize(clients_.size());
  was_there_.resize(clients_.size());
  run_began_ = connecting_began_ = loop_.refresh_now();
  wall_began_ = loop_.wall_now();
  for (Group& group : groups_) {
    if (group.plan->joins_after) continue;
    unsettled_ += group.own;
    queue_first_connections(group);
  }
  connect_more();
  if (unsettled_ == 0) step_soon();
}

bool Worker::anybody_there() const {
  return std::ranges::any_of(clients_, [](const auto& client) { return client->is_ready(); }) ||
         given_up_ < clients_.size();
}

std::vector<std::pair<std::uint32_t, std::uint32_t>> Worker::absent() const {
  std::vector<std::pair<std::uint32_t, std::uint32_t>> absent;
  for (const auto& client : clients_) {
    const ClientGroup& group = client->group();
    if (group.subscribes() && !client->subscription_granted()) {
      absent.emplace_back(client->group_index(), client->number());
    }
  }
  return absent;
}

void Worker::run(const Audience& audience, const RateCurve& curve, TimePoint began) {
  if (phase_ != Phase::connected) return;
  phase_ = Phase::running;
  audience_ = &audience;
  loop_.refresh_now();
  wall_began_ = loop_.wall_now() - (loop_.now() - began);
  run_began_ = interval_began_ = began;
  result_.connecting_time = began - connecting_began_;
  keep_latencies(nullptr);
  // Whole microseconds, since the stamps have no finer time.
  const auto whole = [&](Duration since) { return std::chrono::floor<std::chrono::microseconds>(began + since); };
  measure_from_ = whole(scenario_.measured_from());
  measure_until_ = whole(scenario_.measured_until());
  send_until_ = began + scenario_.length();
  last_sent_ = last_acknowledged_ = last_received_ = measure_from_;
  interval_timer_.arm(interval_began_ + 1s);
  for (Group& group : groups_) {
    if (group.plan->publishes()) begin_sending(group, curve);
  }
  begin_storms();
  step_timer_.arm(began);
}

// Where the phases change: from the timer only, so that no client is closed in one of its own calls.
void Worker::step() {
  const TimePoint now = loop_.refresh_now();
  switch (phase_) {
    case Phase::connecting: phase_ = Phase::connected; return listener_.on_connected();
    case Phase::running: {
      for (Group& group : groups_) {
        if (group.schedule != nullptr) send_due(group);
        stop_thinking(group, now);
      }
      const bool enough_received = result_.counts.traffic.received >= received_limit_;
      if (all_offered() || enough_received || given_up_ == clients_.size() || now >= send_until_) return end_sending();
      return step_timer_.arm(next_step());
    }
    case Phase::draining:
      listener_.on_drain({.settled = all_settled(), .expected = expected_, .arrived = arrived_});
      // What no message announces, such as the output of QoS 0, is looked after now and then.
      return step_timer_.arm(now + drain_look);
    case Phase::closing: return finish();
    default: return;
  }
}

bool Worker::all_offered() const {
  // Clients that come later have still to receive.
  const bool others_come =
      std::ranges::any_of(scenario_.groups, [](const auto& group) { return group.joins_after.has_value(); });
  if (publishers_.empty() || others_come) return false;
  return std::ranges::all_of(groups_, [this](const Group& group) {
    if (group.own == 0 || !group.plan->publishes() || group.offered >= group.limit) return true;
    return group.schedule != nullptr && group.schedule->next() >= send_until_;
  });
}

TimePoint Worker::next_step() const {
  TimePoint next = TimePoint::max();
  for (const Group& group : groups_) {
    if (group.schedule != nullptr && group.offered < group.limit) next = std::min(next, group.schedule->next());
    if (!group.thinking.empty()) next = std::min(next, group.thinking[0].until);
  }
  return std::min(send_until_, std::max(next, loop_.now() + scenario_.granularity));
}

// --- ending ----------------------------------------------------------------------------------------------------------

void Worker::end_sending() {
  if (phase_ != Phase::running) return;
  phase_ = Phase::draining;
  const TimePoint now = loop_.refresh_now();
  // The last of N messages at a rate stands for the time until the next one would be due.
  TimePoint sent_until = now;
  for (const Group& group : groups_) {
    const bool is_through =
        group.schedule != nullptr && (group.offered >= group.limit || group.schedule->next() >= send_until_);
    if (is_through) sent_until = std::max(sent_until, group.schedule->next());
    if (group.storm_timer != nullptr) group.storm_timer->cancel();
  }
  send_until_ = std::min(send_until_, sent_until);
  listener_.on_sent();
  step_timer_.arm(now);
}

bool Worker::all_settled() const {
  if (waiting_ > 0 || unanswered_ > 0) return false;
  return std::ranges::none_of(groups_, [this](const Group& group) {
    if (!group.plan->publishes()) return false;
    for (std::uint32_t i = 0; i < group.own; ++i) {
      const LoadClient& client = client_of(group, i);
      if (client.is_ready() && (client.unacknowledged() > 0 || client.unwritten_bytes() > 0)) return true;
    }
    return false;
  });
}

void Worker::close() {
  if (phase_ >= Phase::closing) return;
  const bool has_run = in_run();
  phase_ = Phase::closing;
  if (has_run) {
    take_interval();
    count_rest();
  }
  interval_timer_.cancel();
  for (Group& group : groups_) {
    group.connect_timer.reset();
    group.storm_timer.reset();
  }
  for (const auto& client : clients_) {
    if (client->close(closing_limit, [this] {
          if (--still_open_ == 0) step_soon();
        })) {
      ++still_open_;
    }
  }
  step_timer_.arm(still_open_ == 0 ? loop_.now() : loop_.time_after(closing_limit + 500ms));
}

// What is left over at the end, each under its own name.
void Worker::count_rest() {
  std::uint64_t unacknowledged = 0;
  std::uint64_t unwritten = 0;
  for (const Group& group : groups_) {
    if (!group.plan->publishes()) continue;
    for (std::uint32_t i = 0; i < group.own; ++i) {
      const LoadClient& client = client_of(group, i);
      unacknowledged += client.unacknowledged();
      unwritten += client.unwritten_bytes() > 0 ? 1 : 0;
    }
  }
  result_.counts.unacknowledged += unacknowledged;
  note_error(LoadErrorKind::not_acknowledged, "the broker did not answer until the end", unacknowledged);
  note_error(LoadErrorKind::not_sent, "no room in the window or the connection until the end", waiting_);
  note_error(LoadErrorKind::stopped_reading, "connections of which the broker did not read all that was sent",
             unwritten);
  for (const Group& group : groups_) {
    // Nobody here can say what they should have received: what is missing between the messages that came is lost.
    const bool own_streams = group.plan->subscribes() && (scenario_.publishers() == 0 || group.plan->joins_after);
    if (!own_streams || group.plan->shares()) continue;
    for (std::uint32_t i = 0; i < group.own; ++i) result_.counts.lost += checks_[group.first_check + i].missing();
  }
  result_.counts.lost += unanswered_;
}

void Worker::finish() {
  phase_ = Phase::done;
  step_timer_.cancel();
  keep_latencies(nullptr);
  if (measure_from_ != TimePoint::max()) {
    const TimePoint until = std::max(std::min(measure_until_, send_until_), measure_from_);
    result_.sending_time = std::max(until, last_sent_) - measure_from_;
    result_.acknowledging_time = std::max(until, last_acknowledged_) - measure_from_;
    result_.receiving_time = std::max(until, last_received_) - measure_from_;
  }
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
