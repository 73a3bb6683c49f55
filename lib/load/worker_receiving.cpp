// The messages that a run receives, and the account of them.
#include <algorithm>

#include "load/worker.hpp"

namespace mqtk {

using namespace std::chrono_literals;

namespace {

std::optional<MessageStamp> stamp_of(const Publish& message) {
  if (auto stamp = MessageStamp::read(message.payload)) return stamp;
  for (const Property& property : message.properties) {
    if (property.id == PropertyId::user_property && property.name == MessageStamp::property_name) {
      return MessageStamp::read_hex(property.text);
    }
  }
  return std::nullopt;
}

std::optional<MessageStamp> stamp_of_exchange(const Publish& message) {
  const auto correlation = message.properties.find(PropertyId::correlation_data);
  return MessageStamp::read(correlation ? as_bytes(correlation->text) : message.payload);
}

}  // namespace

void Worker::on_message(LoadClient& client, const Publish& message, TimePoint now) {
  const ClientGroup& plan = client.group();
  if (plan.responds) return answer(client, message, now);
  if (plan.requests()) return take_answer(client, message, now);
  const bool from_elsewhere = scenario_.publishers() == 0;
  const auto stamp = stamp_of(message);
  const bool ours = stamp && (from_elsewhere || own_stream(*stamp) < streams_);
  if (!ours || !plan.subscribes()) {
    ++result_.counts.foreign;
    return;
  }
  ++result_.counts.traffic.received;
  result_.counts.received_bytes += message.payload.size();
  const std::optional<Duration> ahead = message.retain ? Duration{0} : sender_ahead(client, *stamp, now);
  const TimePoint by_its_clock = now + ahead.value_or(Duration{0});
  Duration latency = ahead ? stamp->times.since_intended(by_its_clock) : Duration{0};
  Duration service = stamp->times.since_sent(by_its_clock);
  if (message.retain) {
    // It has lain in the broker: what counts is how long the subscription took to bring it.
    ++result_.counts.retained;
    latency = service = now - client.subscribed_at();
  } else {
    const Group& group = group_of(client);
    const bool is_new = check(checks_[group.first_check + index_of(client)], plan, *stamp);
    if (is_new && !plan.joins_after) ++arrived_;
  }
  if (is_measured(now - latency)) {
    ++result_.measured.received;
    last_received_ = now;
    if (ahead) {
      measure(Latency::end_to_end, latency);
      measure(Latency::end_to_end_service, service);
    } else {
      ++result_.one_way.not_timed;
    }
  }
  if (result_.counts.traffic.received == received_limit_ && phase_ == Phase::running) step_timer_.arm(now);
}

// How far the clock of the stamp is ahead of ours; nothing if that is not known.
std::optional<Duration> Worker::sender_ahead(const LoadClient& receiver, const MessageStamp& stamp, TimePoint now) {
  if (scenario_.publishers() == 0) {
    // Nobody tells of that clock. By that of another machine a message seems to come from the future, or from before
    // there was anybody to receive it.
    constexpr Duration grace = 1min;
    const bool is_kept = !receiver.group().connect.clean_start;
    const Duration since_sent = stamp.times.age(now) - stamp.times.lateness();
    const bool is_ours = since_sent >= -1ms && (is_kept || since_sent <= now - receiver.subscribed_at() + grace);
    return is_ours ? std::optional{Duration{0}} : std::nullopt;
  }
  const std::uint32_t stream = own_stream(stamp);
  const Group* sender = sender_clocks_.empty() ? nullptr : group_of_stream(stream);
  if (sender == nullptr) return Duration{0};
  const SenderClock& clock = sender_clocks_[(stream - sender->first_stream) % sender_clocks_.size()];
  if (!clock.known) return std::nullopt;
  if (!clock.is_ours) {
    ++result_.one_way.corrected;
    result_.one_way.uncertainty = std::max(result_.one_way.uncertainty, clock.uncertainty);
  }
  return clock.ahead;
}

// Whether it is a message that had not come before.
bool Worker::check(DeliveryCheck& check, const ClientGroup& receiver, const MessageStamp& stamp) {
  const std::uint32_t stream = own_stream(stamp);
  switch (check.received(stream, stamp.sequence)) {
    case DeliveryCheck::Verdict::in_order: break;
    case DeliveryCheck::Verdict::reordered:
      if (is_ordered(receiver, stream)) ++result_.counts.out_of_order;
      break;
    case DeliveryCheck::Verdict::duplicated: ++result_.counts.duplicated; return false;
    case DeliveryCheck::Verdict::undecided: ++result_.counts.undecided; return false;
  }
  return true;
}

// Order is kept within a topic only, and not among those who share a subscription.
bool Worker::is_ordered(const ClientGroup& receiver, std::uint32_t stream) const {
  const Group* sender = scenario_.publishers() > 0 ? group_of_stream(stream) : nullptr;
  return !receiver.shares() && (sender == nullptr || !sender->plan->topic.varies());
}

const Worker::Group* Worker::group_of_stream(std::uint32_t stream) const {
  const auto is_it = [&](const Group& group) {
    return group.plan->publishes() && stream >= group.first_stream && stream - group.first_stream < group.plan->count;
  };
  const auto found = std::ranges::find_if(groups_, is_it);
  return found == groups_.end() ? nullptr : &*found;
}

// --- requests --------------------------------------------------------------------------------------------------------

void Worker::take_answer(LoadClient& client, const Publish& message, TimePoint now) {
  Group& group = group_of(client);
  const auto stamp = stamp_of_exchange(message);
  if (!stamp || own_stream(*stamp) != group.first_stream + client.number()) {
    ++result_.counts.foreign;
    return;
  }
  ++result_.counts.traffic.received;
  result_.counts.received_bytes += message.payload.size();
  const std::uint32_t index = index_of(client);
  if (!check(checks_[group.first_check + index], *group.plan, *stamp)) return;
  if (unanswered_ > 0) --unanswered_;
  free_slot(group, index, now);
  const Duration latency = stamp->times.since_intended(now);
  if (!is_measured(now - latency)) return;
  ++result_.measured.received;
  last_received_ = now;
  measure(Latency::round_trip, latency);
  measure(Latency::round_trip_service, stamp->times.since_sent(now));
}

void Worker::answer(LoadClient& client, const Publish& request, TimePoint now) {
  Publish reply;
  reply.qos = request.qos;
  reply.payload = request.payload;
  std::string topic;
  PropertyWriter properties;
  if (const auto asked = request.properties.find(PropertyId::response_topic)) {
    reply.topic_name = asked->text;
    if (const auto correlation = request.properties.find(PropertyId::correlation_data)) properties.add(*correlation);
    if (client.version() == Version::v5) reply.properties = properties.block();
  } else if (const auto stamp = stamp_of_exchange(request); stamp && own_stream(*stamp) < streams_) {
    // Before 5.0 a request cannot say where its answer goes.
    topic = response_topic(own_stream(*stamp));
    reply.topic_name = topic;
  }
  if (reply.topic_name.empty()) {
    ++result_.counts.foreign;
    return;
  }
  if (!client.has_room(reply.qos)) {
    return note_error(LoadErrorKind::not_sent, "answers: no room in the window or the connection", 1);
  }
  client.send(reply, 0, now);
}

std::string Worker::response_topic(std::uint32_t stream) const {
  const Group* group = group_of_stream(stream);
  if (group == nullptr || !group->plan->requests()) return {};
  const std::uint32_t number = stream - group->first_stream;
  return group->plan->response_topic.text(
      {.number = number, .client = group->first_client + number, .table = &scenario_.table});
}

// --- the account -----------------------------------------------------------------------------------------------------

void Worker::add_expected(std::vector<std::uint64_t>& copies) const {
  for (const Group& group : groups_) {
    for (std::uint32_t i = 0; group.plan->publishes() && i < group.own; ++i) {
      copies[group.first_stream + client_of(group, i).number()] += publishers_[group.first_publisher + i].expected;
    }
  }
}

void Worker::add_arrived(std::vector<std::uint64_t>& copies) const {
  for (const Group& group : groups_) {
    const ClientGroup& plan = *group.plan;
    if (!plan.subscribes() || plan.requests() || plan.responds || plan.joins_after) continue;
    for (std::uint32_t i = 0; i < group.own; ++i) {
      checks_[group.first_check + i].for_each([&](std::uint32_t stream, std::uint64_t distinct) {
        if (stream < copies.size()) copies[stream] += distinct;
      });
    }
  }
}

void Worker::on_latency(Latency kind, Duration latency) { measure(kind, latency); }

void Worker::on_error(LoadErrorKind kind, ReasonCode reason, std::string_view text) {
  result_.errors.add(kind, reason, text);
}

}  // namespace mqtk
