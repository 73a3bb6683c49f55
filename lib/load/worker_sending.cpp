// The messages that a run sends, and what comes back for them.
#include <algorithm>
#include <cstring>
#include <utility>

#include "load/worker.hpp"

namespace mqtk {

// --- when ------------------------------------------------------------------------------------------------------------

void Worker::begin_sending(Group& group, const RateCurve& curve) {
  const ClientGroup& plan = *group.plan;
  for (std::uint32_t i = 0; i < group.own; ++i) {
    Publisher& publisher = publishers_[group.first_publisher + i];
    if (!publisher.topic.empty()) publisher.copies = audience_->copies(publisher.topic);
  }
  if (group.own == 0) return;
  if (plan.pacing == Pacing::open_loop) {
    const double interval = 1e9 / plan.rate;
    group.schedule = std::make_unique<SendSchedule>(
        SendSchedule::Options{.rate = plan.rate * group.own / plan.count,
                              .arrivals = plan.arrivals,
                              .seed = next_random(random_),
                              .offset = Duration{static_cast<std::int64_t>(interval * slice_.index)},
                              .curve = &curve},
        run_began_);
    return;
  }
  for (std::uint32_t i = 0; i < group.own; ++i) {
    LoadClient& client = client_of(group, i);
    if (client.is_ready()) {
      client.wants_to_send(LoadClient::Wants::yes);
    } else if (plan.connect.reconnect.attempts == 0) {
      give_up_share(group, i, "the publisher has no connection");
    }
  }
}

void Worker::send_due(Group& group) {
  const TimePoint now = loop_.now();
  SendSchedule& schedule = *group.schedule;
  while (schedule.next() <= now && schedule.next() < send_until_ && group.offered < group.limit) {
    const TimePoint intended = schedule.take();
    if (is_measured(intended)) measure(Latency::lateness, now - intended);
    // Poisson arrivals stay independent for each publisher if chance chooses it.
    const std::uint32_t index = group.plan->arrivals == Arrivals::poisson
                                    ? static_cast<std::uint32_t>(next_random(random_) % group.own)
                                    : std::exchange(group.next_publisher, (group.next_publisher + 1) % group.own);
    offer(group, index, intended);
  }
}

void Worker::offer(Group& group, std::uint32_t index, TimePoint intended) {
  ++group.offered;
  Publisher& publisher = publishers_[group.first_publisher + index];
  LoadClient& client = client_of(group, index);
  const bool comes_back = group.plan->connect.reconnect.attempts > 0 || group.plan->storm;
  if (!client.is_ready() && !comes_back) {
    return note_error(LoadErrorKind::not_sent, "the publisher has no connection", 1);
  }
  if (publisher.waiting.empty() && client.has_room(group.plan->qos)) {
    send(group, index, intended, loop_.now());
    return;
  }
  if (waiting_ >= most_waiting) return note_error(LoadErrorKind::not_sent, "too many messages wait to be sent", 1);
  ++waiting_;
  publisher.waiting.push_back(intended);
  client.wants_to_send(LoadClient::Wants::yes);
}

void Worker::send_waiting(Group& group, std::uint32_t index) {
  Publisher& publisher = publishers_[group.first_publisher + index];
  LoadClient& client = client_of(group, index);
  const TimePoint now = loop_.refresh_now();
  while (!publisher.waiting.empty() && client.has_room(group.plan->qos)) {
    --waiting_;
    send(group, index, publisher.waiting.pop_front(), now);
  }
  if (publisher.waiting.empty()) client.wants_to_send(LoadClient::Wants::no);
}

void Worker::give_up_share(Group& group, std::uint32_t index, std::string_view why) {
  if (group.limit == no_limit || group.plan->pacing == Pacing::open_loop) return;
  const std::uint64_t share = std::exchange(publishers_[group.first_publisher + index].share, 0);
  group.offered += share;
  note_error(LoadErrorKind::not_sent, why, share);
}

void Worker::on_room_to_send(LoadClient& client) {
  Group& group = group_of(client);
  const std::uint32_t index = index_of(client);
  if (group.schedule != nullptr) return send_waiting(group, index);
  const ClientGroup& plan = *group.plan;
  const TimePoint now = loop_.refresh_now();
  Publisher& publisher = publishers_[group.first_publisher + index];
  bool going_on = phase_ == Phase::running && now < send_until_ && publisher.share > 0;
  const auto may_send = [&] {
    return client.has_room(plan.qos) &&
           (plan.pacing == Pacing::unlimited || publisher.outstanding < plan.most_in_flight());
  };
  while (going_on && may_send()) {
    ++group.offered;
    --publisher.share;
    going_on = send(group, index, now, now);
    // A message that cannot be sent will not do better the next time.
    if (!going_on) give_up_share(group, index, "as the one before it");
    going_on = going_on && publisher.share > 0;
  }
  if (going_on && may_send()) return;
  const bool waits_for_slot = going_on && client.has_room(plan.qos);
  if (!going_on || waits_for_slot) client.wants_to_send(LoadClient::Wants::no);
  if (phase_ == Phase::running && group.offered >= group.limit) step_timer_.arm(now);
}

// An answer has come: the next message follows, after the time to think.
void Worker::free_slot(Group& group, std::uint32_t index, TimePoint now) {
  if (group.plan->pacing != Pacing::closed_loop) return;
  Publisher& publisher = publishers_[group.first_publisher + index];
  if (group.plan->think_time > Duration{0}) {
    group.thinking.push_back({.until = now + group.plan->think_time, .client = index});
    if (group.thinking.size() == 1 && phase_ == Phase::running) step_timer_.arm(next_step());
    return;
  }
  if (publisher.outstanding > 0) --publisher.outstanding;
  client_of(group, index).wants_to_send(LoadClient::Wants::yes);
}

// All think equally long, so the first to begin is the first to end.
void Worker::stop_thinking(Group& group, TimePoint now) {
  while (!group.thinking.empty() && group.thinking[0].until <= now) {
    const std::uint32_t index = group.thinking.pop_front().client;
    Publisher& publisher = publishers_[group.first_publisher + index];
    if (publisher.outstanding > 0) --publisher.outstanding;
    client_of(group, index).wants_to_send(LoadClient::Wants::yes);
  }
}

// --- what ------------------------------------------------------------------------------------------------------------

bool Worker::send(Group& group, std::uint32_t index, TimePoint intended, TimePoint now) {
  const ClientGroup& plan = *group.plan;
  Publisher& publisher = publishers_[group.first_publisher + index];
  LoadClient& client = client_of(group, index);
  const SendTimes times{intended, now};
  const MessageStamp stamp{.stream = scenario_.first_stream + group.first_stream + client.number(),
                           .sequence = publisher.sequence,
                           .times = times};
  fill_payload(group, publisher, client.number(), stamp);
  std::uint32_t copies = publisher.copies;
  std::string topic;
  std::vector<std::uint8_t> with_response_topic;
  if (publisher.topic.empty()) {
    TemplateValues values = values_of(group, client.number());
    values.message = publisher.sequence;
    plan.topic.append_to(topic, values);
    copies = audience_->copies(topic);
  }
  Publish message = group.message;
  message.topic_name = publisher.topic.empty() ? std::string_view{topic} : std::string_view{publisher.topic};
  PropertyWriter properties;
  if (plan.requests() && client.version() == Version::v5) {
    properties.add(PropertyId::response_topic, plan.response_topic.text(values_of(group, client.number())));
    for (const Property& property : group.message.properties) properties.add(property);
    message.properties = properties.block();
  }
  if (!client.send(message, times.packed(), now)) return false;
  ++publisher.sequence;
  ++publisher.outstanding;
  publisher.expected += copies;
  expected_ += copies;
  if (plan.requests()) ++unanswered_;
  ++result_.counts.traffic.sent;
  result_.counts.sent_bytes += message.payload.size();
  if (is_measured(intended)) {
    ++result_.measured.sent;
    last_sent_ = now;
  }
  return true;
}

// And the stamp, wherever it goes.
void Worker::fill_payload(Group& group, const Publisher& publisher, std::uint32_t number, const MessageStamp& stamp) {
  const LoadPayload& plan = group.plan->payload;
  if (!plan.is_given()) {
    stamp.write(group.payload);
    group.message.payload = group.payload;
  } else if (plan.text) {
    TemplateValues values = values_of(group, number);
    values.message = publisher.sequence;
    group.text.clear();
    plan.text->append_to(group.text, values);
    group.message.payload = as_bytes(group.text);
  } else {
    group.message.payload = plan.files[publisher.sequence % plan.files.size()];
  }
  const MutableBytes properties{group.properties};
  if (group.plan->requests()) {
    stamp.write(properties.last(MessageStamp::size_bytes));
  } else if (plan.is_given()) {
    stamp.write_hex(properties.last(2 * MessageStamp::size_bytes));
  }
}

// --- answers ---------------------------------------------------------------------------------------------------------

void Worker::on_publish_done(LoadClient& client, Tag tag, ReasonCode reason, TimePoint now) {
  Group& group = group_of(client);
  const std::uint32_t index = index_of(client);
  // What a responder sends is not measured.
  if (group.plan->responds) return;
  Publisher& publisher = publishers_[group.first_publisher + index];
  if (!group.plan->requests()) free_slot(group, index, now);
  if (is_failure(reason)) {
    const std::uint64_t copies = std::min<std::uint64_t>(publisher.copies, publisher.expected);
    publisher.expected -= copies;
    expected_ -= copies;
    if (group.plan->requests()) {
      --unanswered_;
      free_slot(group, index, now);
    }
    return on_error(LoadErrorKind::publish_refused, reason, reason_name(reason, PacketType::puback));
  }
  ++result_.counts.traffic.acknowledged;
  if (reason == ReasonCode::no_matching_subscribers) ++result_.counts.unrouted;
  const SendTimes times{tag};
  const Duration latency = times.since_intended(now);
  if (!is_measured(now - latency)) return;
  ++result_.measured.acknowledged;
  last_acknowledged_ = now;
  measure(Latency::publish, latency);
  measure(Latency::publish_service, times.since_sent(now));
}

}  // namespace mqtk
