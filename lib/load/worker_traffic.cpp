// The messages of a run: sending, receiving, and the account of both.
#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "codec/topic.hpp"
#include "load/worker.hpp"

namespace mqtk {

// --- sending ---------------------------------------------------------------------------------------------------------

bool Worker::may_send_more() const { return !scenario_.messages || offered_ < *scenario_.messages; }

void Worker::send_due() {
  const TimePoint now = loop_.now();
  while (schedule_->next() <= now && schedule_->next() < send_until_ && may_send_more()) {
    const TimePoint intended = schedule_->take();
    if (is_measured(intended)) measure(Latency::lateness, now - intended);
    // Poisson arrivals stay independent for each publisher if chance chooses it.
    const std::uint32_t publisher = scenario_.arrivals == Arrivals::poisson
                                        ? static_cast<std::uint32_t>(next_random(random_) % scenario_.publishers)
                                        : std::exchange(next_publisher_, (next_publisher_ + 1) % scenario_.publishers);
    offer(publisher, intended, now);
  }
}

void Worker::offer(std::uint32_t number, TimePoint intended, TimePoint now) {
  ++offered_;
  Publisher& publisher = publishers_[number];
  LoadClient& client = *clients_[number];
  if (!client.is_ready()) return note_error(LoadErrorKind::not_sent, "the publisher has no connection", 1);
  if (publisher.waiting.empty() && client.has_room(scenario_.qos)) {
    send(number, intended, now);
    return;
  }
  if (waiting_ >= most_waiting) return note_error(LoadErrorKind::not_sent, "too many messages wait to be sent", 1);
  ++waiting_;
  publisher.waiting.push_back(intended);
  client.wants_to_send(LoadClient::Wants::yes);
}

bool Worker::send(std::uint32_t number, TimePoint intended, TimePoint now) {
  Publisher& publisher = publishers_[number];
  const SendTimes times{intended, now};
  MessageStamp{.run = scenario_.run_mark, .stream = number, .sequence = publisher.sequence, .times = times}.write(
      payload_);
  message_.topic_name = publisher.topic;
  if (!clients_[number]->send(message_, times.packed(), now)) return false;
  ++publisher.sequence;
  ++result_.counts.traffic.sent;
  result_.counts.sent_bytes += payload_.size();
  expected_ += receivers_[number].size();
  if (is_measured(intended)) {
    ++result_.measured.sent;
    last_sent_ = now;
  }
  return true;
}

void Worker::send_waiting(std::uint32_t number) {
  Publisher& publisher = publishers_[number];
  LoadClient& client = *clients_[number];
  const TimePoint now = loop_.refresh_now();
  while (!publisher.waiting.empty() && client.has_room(scenario_.qos)) {
    --waiting_;
    send(number, publisher.waiting.pop_front(), now);
  }
  if (publisher.waiting.empty()) client.wants_to_send(LoadClient::Wants::no);
}

void Worker::begin_without_schedule() {
  for (std::uint32_t i = 0; i < scenario_.publishers; ++i) {
    if (scenario_.messages) {
      const std::uint64_t total = *scenario_.messages;
      publishers_[i].share = total / scenario_.publishers + (i < total % scenario_.publishers ? 1 : 0);
    }
    if (clients_[i]->is_ready()) {
      clients_[i]->wants_to_send(LoadClient::Wants::yes);
    } else {
      give_up_share(i, "the publisher has no connection");
    }
  }
}

void Worker::give_up_share(std::uint32_t publisher, std::string_view why) {
  if (!scenario_.messages || schedule_ != nullptr) return;
  const std::uint64_t share = std::exchange(publishers_[publisher].share, 0);
  offered_ += share;
  note_error(LoadErrorKind::not_sent, why, share);
}

void Worker::on_room_to_send(LoadClient& client) {
  if (schedule_ != nullptr) return send_waiting(client.number());
  const TimePoint now = loop_.refresh_now();
  std::uint64_t& share = publishers_[client.number()].share;
  bool going_on = phase_ == Phase::running && now < send_until_ && share > 0;
  while (going_on && client.has_room(scenario_.qos)) {
    ++offered_;
    --share;
    going_on = send(client.number(), now, now);
    // A message that cannot be sent will not do better the next time.
    if (!going_on) give_up_share(client.number(), "as the one before it");
    going_on = going_on && share > 0;
  }
  if (going_on) return;
  client.wants_to_send(LoadClient::Wants::no);
  if (phase_ == Phase::running && !may_send_more()) step_timer_.arm(now);
}

void Worker::on_publish_done(LoadClient& client, Tag tag, ReasonCode reason, TimePoint now) {
  if (is_failure(reason)) {
    Publisher& publisher = publishers_[client.number()];
    ++publisher.refused;
    expected_ -= receivers_[client.number()].size();
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

// --- receiving -------------------------------------------------------------------------------------------------------

void Worker::on_message(LoadClient& client, const Publish& message, TimePoint now) {
  const std::uint32_t number = client.number() - scenario_.publishers;
  const auto stamp = MessageStamp::read(message.payload);
  const bool ours = stamp && (scenario_.publishers == 0 ||
                              (stamp->run == scenario_.run_mark && stamp->stream < scenario_.publishers));
  if (!ours || number >= subscribers_.size()) {
    ++result_.counts.foreign;
    return;
  }
  ++result_.counts.traffic.received;
  result_.counts.received_bytes += message.payload.size();
  // Other processes may send with the same stream numbers: the mark of their run keeps them apart.
  const std::uint32_t stream =
      scenario_.publishers > 0 ? stamp->stream : std::uint32_t{stamp->run} << 24 | stamp->stream;
  switch (subscribers_[number].check.received(stream, stamp->sequence)) {
    case DeliveryCheck::Verdict::in_order: ++arrived_; break;
    case DeliveryCheck::Verdict::reordered: ++arrived_, ++result_.counts.out_of_order; break;
    case DeliveryCheck::Verdict::duplicated: ++result_.counts.duplicated; break;
    case DeliveryCheck::Verdict::undecided: ++result_.counts.undecided; break;
  }
  const Duration latency = stamp->times.since_intended(now);
  if (is_measured(now - latency)) {
    ++result_.measured.received;
    last_received_ = now;
    measure(Latency::end_to_end, latency);
    measure(Latency::end_to_end_service, stamp->times.since_sent(now));
  }
  const bool enough =
      scenario_.publishers == 0 && scenario_.messages && result_.counts.traffic.received == *scenario_.messages;
  if (enough && phase_ == Phase::running) step_timer_.arm(now);
}

// Who is to receive what, once the subscriptions are known.
void Worker::count_expected() {
  receivers_.resize(publishers_.size());
  std::unordered_map<std::string_view, std::vector<std::uint32_t>> by_topic;
  for (std::uint32_t i = 0; i < publishers_.size(); ++i) by_topic[publishers_[i].topic].push_back(i);
  for (std::uint32_t i = 0; i < subscribers_.size(); ++i) {
    if (!subscriber_client(i).subscription_granted()) continue;
    const std::string& filter = subscribers_[i].filter;
    if (find_wildcard(filter) == std::string_view::npos) {
      const auto found = by_topic.find(filter);
      if (found == by_topic.end()) continue;
      for (const std::uint32_t publisher : found->second) receivers_[publisher].push_back(i);
      continue;
    }
    for (const auto& [topic, numbers] : by_topic) {
      if (!topic_matches(filter, topic)) continue;
      for (const std::uint32_t publisher : numbers) receivers_[publisher].push_back(i);
    }
  }
}

void Worker::count_lost() {
  if (scenario_.publishers == 0) {
    for (const Subscriber& subscriber : subscribers_) result_.counts.lost += subscriber.check.missing();
    return;
  }
  for (std::uint32_t i = 0; i < receivers_.size(); ++i) {
    const std::uint64_t sent = publishers_[i].sequence - publishers_[i].refused;
    for (const std::uint32_t subscriber : receivers_[i]) {
      const std::uint64_t came = subscribers_[subscriber].check.distinct(i);
      result_.counts.lost += sent - std::min(sent, came);
    }
  }
}

// --- connections -----------------------------------------------------------------------------------------------------

void Worker::on_latency(Latency kind, Duration latency) {
  measure(kind, latency);
  if (kind == Latency::connect) ++result_.counts.connected;
}

void Worker::on_ready(LoadClient& client) {
  if (client.subscription_granted()) ++result_.counts.subscribed;
  client_settled();
}

void Worker::on_error(LoadErrorKind kind, ReasonCode reason, std::string_view text) {
  result_.errors.add(kind, reason, text);
}

void Worker::on_gone(LoadClient& client) {
  if (phase_ == Phase::connecting && !client.settled()) return client_settled();
  if (!is_publisher(client)) return;
  Publisher& publisher = publishers_[client.number()];
  if (phase_ == Phase::running) give_up_share(client.number(), "the publisher lost its connection");
  note_error(LoadErrorKind::not_sent, "the publisher lost its connection", publisher.waiting.size());
  waiting_ -= publisher.waiting.size();
  publisher.waiting.clear();
  const bool nobody = std::ranges::none_of(clients_, [](const auto& other) { return other->is_ready(); });
  if (phase_ == Phase::running && nobody) step_timer_.arm(loop_.now());
}

}  // namespace mqtk
