#include "replay/verifier.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cli/failure_text.hpp"
#include "codec/topic.hpp"

namespace mqtk::replay {
namespace {

ConnectOptions beside(const Options& options) {
  ConnectOptions connect = options.connection.connect;
  // Two clients of one name would throw each other out; and only the publisher has a Will.
  if (!connect.client_identifier.empty()) connect.client_identifier += "-verify";
  connect.will.reset();
  return connect;
}

}  // namespace

Verifier::Verifier(Loop& loop, const Options& options, Events events)
    : loop_(loop),
      options_(options),
      events_(std::move(events)),
      client_(loop, options.connection.endpoint, beside(options), *this) {}

void Verifier::on_connected(const Connected& connected) {
  if (subscribed_) return;
  SubscriptionWriter filters;
  filters.add(
      {.topic_filter = options_.verify_filter,
       .qos = QoS::exactly_once,
       .retain_handling = connected.version == Version::v5 ? RetainHandling::do_not_send : RetainHandling::send});
  if (const auto asked = client_.subscribe({0, {}, filters.list()}); !asked) {
    note(fmt::format("cannot subscribe to '{}': {}", options_.verify_filter, rule_info(asked.error().rule).text));
    events_.failed(nullptr);
  }
}

void Verifier::on_subscribed(Tag tag, const Suback& answer) {
  (void)tag;
  const bool denied = std::ranges::any_of(answer.reason_codes,
                                          [](std::uint8_t code) { return is_failure(static_cast<ReasonCode>(code)); });
  if (denied) {
    note(fmt::format("the broker denied the subscription to '{}'", options_.verify_filter));
    events_.failed(nullptr);
    return;
  }
  moved_at_ = loop_.now();
  if (!std::exchange(subscribed_, true)) events_.ready();
}

void Verifier::on_connection_lost(const ConnectionFailure& failure, Duration next_attempt_in) {
  (void)next_attempt_in;
  note("the subscriber beside lost its connection: messages of QoS 0 may be missing");
  (void)failure;
}

void Verifier::on_stopped(const ConnectionFailure* failure) {
  if (failure != nullptr) events_.failed(failure);
}

Verifier::Fingerprint Verifier::fingerprint(Bytes payload) {
  return {std::hash<std::string_view>{}(as_text(payload)), payload.size()};
}

std::string Verifier::stream_name(std::string_view client, QoS qos) {
  return fmt::format("{} {}", static_cast<int>(qos), client);
}

bool Verifier::can_expect(const Publish& message, std::string_view client) const {
  const auto topic = topics_.find(message.topic_name);
  if (topic == topics_.end()) return true;
  const auto equal = topic->second.on_their_way.find(fingerprint(message.payload));
  if (equal == topic->second.on_their_way.end()) return true;
  const auto stream = topic->second.streams.find(stream_name(client, message.qos));
  return stream != topic->second.streams.end() && equal->second.stream == &stream->second;
}

void Verifier::expect(const Publish& message, std::string_view client) {
  if (!topic_matches(options_.verify_filter, message.topic_name)) {
    ++result_.ignored;
    return;
  }
  Topic& topic = topics_[std::string{message.topic_name}];
  Stream& stream = topic.streams[stream_name(client, message.qos)];
  const Fingerprint sent = fingerprint(message.payload);
  stream.push_back(sent);
  OnItsWay& equal = topic.on_their_way[sent];
  equal.stream = &stream;
  ++equal.count;
  if (outstanding_++ == 0) moved_at_ = loop_.now();
}

void Verifier::on_message(const Publish& message) {
  // From before: 3.1.1 cannot ask a broker to leave these out. What is published now comes without RETAIN.
  if (message.retain) return;
  const auto found = topics_.find(message.topic_name);
  if (found == topics_.end()) return;  // somebody else's
  Topic& topic = found->second;
  const Fingerprint came = fingerprint(message.payload);
  moved_at_ = loop_.now();
  if (const auto sent = topic.on_their_way.find(came); sent != topic.on_their_way.end()) {
    take(message.topic_name, came, sent->second);
    if (--sent->second.count == 0) topic.on_their_way.erase(sent);
  } else {
    note(fmt::format("a message to '{}' came that was not sent, or twice", message.topic_name));
    ++result_.surplus;
  }
  events_.moved();
}

void Verifier::take(std::string_view topic, Fingerprint came, const OnItsWay& on_its_way) {
  Stream& due = *on_its_way.stream;
  --outstanding_;
  if (due.front() == came) {
    due.pop_front();
    ++result_.arrived;
    return;
  }
  note(fmt::format("a message to '{}' came before one that was sent earlier", topic));
  due.erase(std::ranges::find(due, came));
  ++result_.wrong;
}

void Verifier::note(const std::string& problem) {
  if (result_.first_problem.empty()) result_.first_problem = problem;
}

}  // namespace mqtk::replay
