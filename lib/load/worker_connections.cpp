// The clients of a run: coming, going and coming back.
#include <algorithm>
#include <cmath>
#include <utility>

#include "load/worker.hpp"

namespace mqtk {

using namespace std::chrono_literals;

// --- connecting ------------------------------------------------------------------------------------------------------

// At the group's connect rate, which counts for all threads together.
void Worker::queue_first_connections(Group& group) {
  const double rate = group.plan->connect_rate * group.own / group.plan->count;
  const TimePoint from = run_began_ + group.plan->joins_after.value_or(Duration{0});
  const TimePoint now = loop_.refresh_now();
  if (now >= from) {
    const double passed = to_seconds(now - from);
    const double due = rate > 0 ? std::floor(passed * rate) + 1 : group.own;
    while (group.next_to_connect < std::min<double>(due, group.own)) {
      to_connect_.push_back(group.first_place + group.next_to_connect++);
    }
    connect_more();
  }
  if (group.next_to_connect == group.own) return;
  if (group.connect_timer == nullptr) {
    group.connect_timer = std::make_unique<Timer>(loop_, [this, &group] { queue_first_connections(group); });
  }
  const auto wait = rate > 0 ? std::chrono::duration<double>(group.next_to_connect / rate) : 0s;
  group.connect_timer->arm(from + std::chrono::duration_cast<Duration>(wait));
}

void Worker::connect_more() {
  if (phase_ >= Phase::closing) return;
  while (pending_ < most_pending_ && !to_connect_.empty()) {
    LoadClient& client = *clients_[to_connect_.pop_front()];
    if (client.is_ready() || client.is_connecting()) continue;
    ++pending_;
    client.begin(texts_of(client));
  }
}

LoadClient::Texts Worker::texts_of(const LoadClient& client) {
  const Group& group = group_of(client);
  const ClientGroup& plan = *group.plan;
  TemplateValues values = values_of(group, client.number());
  LoadClient::Texts texts;
  if (!scenario_.source_addresses.empty()) {
    texts.source_address = scenario_.source_addresses[values.client % scenario_.source_addresses.size()];
  } else {
    texts.source_address = plan.connect.bind_address;
  }
  for (const LoadSubscription& subscription : plan.subscriptions) {
    texts.filters.emplace_back(filter_of(plan, subscription, client.number(), values), subscription.qos);
  }
  if (plan.requests()) texts.filters.emplace_back(plan.response_topic.text(values), plan.qos);
  texts.user_name = group.user_name.text(values);
  texts.password = group.password.text(values);
  if (client.was_ready() && plan.connect.renew_password) {
    // With one that is too old the broker says what is wrong.
    if (const auto fresh = plan.connect.renew_password()) {
      texts.password = TextTemplate::credential(as_text(*fresh), scenario_.table).text(values);
    }
  }
  texts.will_topic = group.will_topic.text(values);
  values.number += plan.first_identifier;
  texts.client_identifier = group.client_identifier.text(values);
  return texts;
}

// The client's first connection is decided.
void Worker::settle(const LoadClient& client) {
  if (settled_[client.place()]) return;
  settled_[client.place()] = true;
  if (client.group().joins_after) return;
  if (--unsettled_ == 0 && phase_ == Phase::connecting) step_soon();
}

void Worker::on_ready(LoadClient& client) {
  --pending_;
  if (was_there_[client.place()]) {
    ++result_.counts.reconnected;
  } else {
    was_there_[client.place()] = true;
    ++result_.counts.connected;
    if (client.subscription_granted()) ++result_.counts.subscribed;
  }
  if (const auto backoff = backoffs_.find(client.place()); backoff != backoffs_.end()) {
    backoff->second.connected(loop_.now());
  }
  settle(client);
  if (in_run() && client.group().publishes()) {
    const Publisher& publisher = publishers_[group_of(client).first_publisher + index_of(client)];
    const bool more = client.group().pacing == Pacing::open_loop ? !publisher.waiting.empty() : publisher.share > 0;
    if (more) client.wants_to_send(LoadClient::Wants::yes);
  }
  connect_more();
}

// --- losing connections ----------------------------------------------------------------------------------------------

void Worker::on_gone(LoadClient& client, Gone gone) {
  if (gone.was_connecting) --pending_;
  note_error(LoadErrorKind::not_acknowledged, "the connection was lost before the answer", gone.forgotten);
  if (client.group().publishes()) {
    Group& group = group_of(client);
    Publisher& publisher = publishers_[group.first_publisher + index_of(client)];
    publisher.outstanding = 0;
  }
  const ReconnectPolicy& policy = client.group().connect.reconnect;
  std::optional<TimePoint> again;
  if (policy.attempts > 0 && phase_ < Phase::closing) {
    const auto seed = static_cast<std::uint32_t>(next_random(random_));
    again = backoffs_.try_emplace(client.place(), policy, seed).first->second.failed(loop_.now());
  }
  if (again) {
    client.wait_until(*again);
  } else {
    give_up(client);
  }
  settle(client);
  connect_more();
}

void Worker::give_up(LoadClient& client) {
  ++given_up_;
  if (client.group().publishes()) {
    Group& group = group_of(client);
    const std::uint32_t index = index_of(client);
    Publisher& publisher = publishers_[group.first_publisher + index];
    if (phase_ == Phase::running) give_up_share(group, index, "the publisher lost its connection");
    note_error(LoadErrorKind::not_sent, "the publisher lost its connection", publisher.waiting.size());
    waiting_ -= publisher.waiting.size();
    publisher.waiting.clear();
  }
  if (phase_ == Phase::running && given_up_ == clients_.size()) step_soon();
}

void Worker::on_waited(LoadClient& client) {
  to_connect_.push_back(client.place());
  connect_more();
}

// --- storms ----------------------------------------------------------------------------------------------------------

void Worker::begin_storms() {
  for (Group& group : groups_) {
    if (group.plan->joins_after) queue_first_connections(group);
    if (!group.plan->storm || group.own == 0) continue;
    group.storm_timer = std::make_unique<Timer>(loop_, [this, &group] { storm(group); });
    group.storm_timer->arm(run_began_ + group.plan->storm->after);
  }
}

// Each storm takes the next clients of the group, so that all have their turn.
void Worker::storm(Group& group) {
  const LoadStorm& plan = *group.plan->storm;
  const auto count = static_cast<std::uint32_t>(std::ceil(std::clamp(plan.share, 0.0, 1.0) * group.own));
  const TimePoint back = loop_.time_after(plan.away);
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::uint32_t index = std::exchange(group.next_to_leave, (group.next_to_leave + 1) % group.own);
    LoadClient& client = client_of(group, index);
    if (!client.is_ready()) continue;
    const std::uint32_t forgotten = client.leave(plan.how);
    note_error(LoadErrorKind::not_acknowledged, "the client left before the answer", forgotten);
    if (group.plan->publishes()) publishers_[group.first_publisher + index].outstanding = 0;
    client.wait_until(back);
  }
  if (plan.every) group.storm_timer->arm(loop_.time_after(*plan.every));
}

}  // namespace mqtk
