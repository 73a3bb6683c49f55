#include "pub/publisher.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <initializer_list>

#include "cli/failure_text.hpp"
#include "cli/output.hpp"
#include "codec/topic.hpp"

namespace mqtk::pub {
namespace {

using cli::ExitStatus;
using cli::MessageSource;

// The broker may be deaf when the time is up: its answer to DISCONNECT is not waited for any longer.
constexpr Duration farewell = std::chrono::milliseconds{200};
// For the last messages to come back from the broker.
constexpr Duration come_back_patience = std::chrono::seconds{10};
// What a pause of the broker held up is made up for so far, and no further.
constexpr Duration longest_lag = std::chrono::milliseconds{100};

ConnectOptions connect_options(const Options& options) {
  ConnectOptions connect = options.connection.connect;
  const bool reconnect_asked_for = connect.reconnect.first_connect == ReconnectPolicy::FirstConnect::is_tried_again;
  const bool many = options.input.is_stream() || options.input.repeat > 1;
  if (!many && !reconnect_asked_for) connect.reconnect.attempts = 0;
  // QoS 0 leaves nothing behind that a Session would have to keep.
  const bool lines_say_qos = options.input.source == cli::MessageInput::Source::json_lines;
  if (options.qos == QoS::at_most_once && !lines_say_qos) connect.session_between_reconnects = Duration{0};
  if (options.auto_topic_alias) {
    constexpr std::uint16_t most = 1000;
    connect.automatic_topic_aliases = most;
    connect.fall_back_to_v3_1_1 = false;
  }
  return connect;
}

}  // namespace

Publisher::Publisher(const Options& options, MessageSource& source)
    : options_(options),
      source_(source),
      topic_pattern_(options.topic_pattern),
      payload_pattern_(options.payload_pattern),
      connect_(connect_options(options)),
      report_(options.connection.endpoint, connect_),
      client_(loop_, options.connection.endpoint, connect_, *this),
      input_(loop_, source.descriptor(), [this] { send(); }),
      next_message_(loop_, [this] { waiting_for_pace_ = false, send(); }),
      time_limit_(loop_, [this] { time_is_up(); }),
      come_back_limit_(loop_, [this] { not_come_back(); }) {
  if (options.stats)
    signals_.emplace(loop_, std::initializer_list<int>{SIGINT, SIGTERM}, [this](int number) { signal_came(number); });
}

ExitStatus Publisher::run() {
  began_ = loop_.refresh_now();
  if (options_.timeout) time_limit_.arm(loop_.now() + *options_.timeout);
  client_.start();
  loop_.run();
  if (refused_ > 1) cli::report(fmt::format("{} messages were refused", refused_));
  if (options_.stats) print_statistics();
  return status_;
}

// --- sending ---------------------------------------------------------------------------------------------------------

void Publisher::send() {
  while (!input_ended_ && !waiting_for_pace_ && input_has_message()) {
    if (!prepare() || !is_listened_to() || !publish_one()) return;
    if (!may_go_on_now()) return;
  }
}

bool Publisher::input_has_message() {
  switch (source_.next()) {
    case MessageSource::State::message: return true;
    case MessageSource::State::end: end_input(); return false;
    case MessageSource::State::failed: fail(source_.error(), source_.error_status()); return false;
    case MessageSource::State::need_input: break;
  }
  if (const auto error = input_.await_readable()) {
    fail(fmt::format("cannot read the input: {}", error.message()), ExitStatus::local_failure);
  }
  return false;
}

// Makes message_ of the source's next one. A message that cannot be sent at once stays as it was made.
bool Publisher::prepare() {
  if (prepared_) return true;
  message_ = {.qos = options_.qos,
              .retain = options_.retain,
              .topic_name = options_.topic,
              .properties = options_.connection.publish_properties.block(),
              .payload = {}};
  // A line that names its topic or payload itself counts more.
  if (!fill_in_topic()) return false;
  source_.fill(message_);
  if (!fill_in_payload()) return false;
  if (options_.input.has_topics() || topic_pattern_) {
    if (const Fault fault = TopicName::check(message_.topic_name)) {
      fail(fmt::format("{}topic '{}': {}", source_.position(), message_.topic_name, rule_info(fault.rule).text),
           ExitStatus::malformed_input);
      return false;
    }
  }
  prepared_ = true;
  return true;
}

bool Publisher::fill_in_topic() {
  if (!topic_pattern_) return true;
  auto topic = topic_pattern_->fill_in(sent_ + 1, loop_.wall_now());
  if (!topic) return fail(topic.error(), ExitStatus::local_failure), false;
  topic_ = std::move(*topic);
  message_.topic_name = topic_;
  return true;
}

bool Publisher::fill_in_payload() {
  if (!payload_pattern_) return true;
  const auto text = payload_pattern_->fill_in(sent_ + 1, loop_.wall_now());
  if (!text) return fail(text.error(), ExitStatus::local_failure), false;
  auto payload = cli::decode_payload(*text, options_.input.encoding);
  if (!payload) return fail(fmt::format("the message is {}", payload.error()), ExitStatus::malformed_input), false;
  payload_ = std::move(*payload);
  message_.payload = payload_;
  return true;
}

bool Publisher::is_listened_to() {
  if (!options_.confirm) return true;
  switch (confirmation_.listening(message_.topic_name)) {
    case Confirmation::Listening::yes: return true;
    case Confirmation::Listening::asked: return false;
    case Confirmation::Listening::no: break;
  }
  SubscriptionWriter filters;
  filters.add({.topic_filter = message_.topic_name,
               .qos = QoS::exactly_once,
               .retain_handling = speaks_v5_ ? RetainHandling::do_not_send : RetainHandling::send});
  confirmation_.asked(message_.topic_name);
  if (const auto asked = client_.subscribe({0, {}, filters.list()}); !asked) {
    fail(fmt::format("cannot subscribe to '{}': {}", message_.topic_name, rule_info(asked.error().rule).text),
         ExitStatus::refused_later);
  }
  return false;
}

bool Publisher::read_long_payload() {
  if (long_message_ || source_.long_payload_bytes() == 0) return true;
  auto read = cli::read_long_message(source_, message_, loop_.now());
  if (!read) return fail(read.error(), ExitStatus::local_failure), false;
  long_message_ = std::move(*read);
  return true;
}

// False where the message has to wait, or cannot be sent at all.
bool Publisher::publish_one() {
  if (!read_long_payload()) return false;
  const auto sent = long_message_ ? client_.publish(long_message_) : client_.publish(message_);
  if (!sent) return refuse(sent.error()), false;
  if (*sent == Client::Flow::wait) return false;
  ++sent_;
  if (long_message_) message_.payload = long_message_.payload();
  payload_bytes_ += message_.payload.size();
  if (options_.confirm) confirmation_.published(message_);
  long_message_ = {};
  source_.take();
  prepared_ = false;
  return true;
}

bool Publisher::may_go_on_now() {
  TimePoint next = loop_.now() + options_.pause;
  if (options_.interval > Duration{0}) {
    due_ = std::max(due_.value_or(loop_.now()) + options_.interval, loop_.now() - longest_lag);
    next = *due_;
  }
  if (next <= loop_.now()) return true;
  // After the last message there is nothing to wait for.
  if (const auto state = source_.next(); state != MessageSource::State::message) return true;
  waiting_for_pace_ = true;
  next_message_.arm(next);
  return false;
}

// --- what comes back -------------------------------------------------------------------------------------------------

void Publisher::on_publish_done(const PublishDone& done) {
  if (is_failure(done.reason)) {
    status_ = ExitStatus::refused_later;
    if (++refused_ == 1) {
      const std::string where =
          options_.input.has_topics() || topic_pattern_ ? "" : fmt::format(" to '{}'", options_.topic);
      cli::report(fmt::format("the broker refused {} message{}: {}", where.empty() ? "a" : "the", where,
                              cli::reason_text(done.reason, done.answer, done.reason_string)));
    }
  } else {
    ++acknowledged_;
  }
  end_if_done();
}

void Publisher::on_subscribed(Tag tag, const Suback& answer) {
  (void)tag;
  const auto reason = static_cast<ReasonCode>(answer.reason_codes[0]);
  if (is_failure(reason)) {
    const std::string_view why = answer.properties.text(PropertyId::reason_string).value_or("");
    return fail(fmt::format("--confirm: the broker denied the subscription to '{}': {}", message_.topic_name,
                            cli::reason_text(reason, PacketType::suback, why)),
                ExitStatus::refused_later);
  }
  confirmation_.granted();
  send();
}

void Publisher::on_message(const Publish& message) {
  confirmation_.came_back(message);
  end_if_done();
}

// --- the end ---------------------------------------------------------------------------------------------------------

void Publisher::end_input() {
  input_ended_ = true;
  end_if_done();
}

void Publisher::end_if_done() {
  if (!input_ended_ || client_.unfinished() > 0) return;
  const bool all_is_back = confirmation_.outstanding() == 0 || status_ != ExitStatus::done;
  if (all_is_back) return client_.stop();
  if (!options_.timeout && !come_back_limit_.is_armed()) come_back_limit_.arm(loop_.now() + come_back_patience);
}

// The message breaks a limit that the broker has announced, or a rule of the protocol.
void Publisher::refuse(Fault fault) {
  const RuleInfo& rule = rule_info(fault.rule);
  fail(fmt::format("{}cannot publish to '{}': {}", source_.position(), message_.topic_name, rule.text),
       ExitStatus::refused_later);
}

// What was taken before is still sent and acknowledged.
void Publisher::fail(std::string_view line, ExitStatus status) {
  cli::report(line);
  status_ = status;
  end_input();
}

void Publisher::on_connected(const Connected& connected) {
  speaks_v5_ = connected.version == Version::v5;
  report_.connected();
}

void Publisher::on_connection_lost(const ConnectionFailure& failure, Duration next_attempt_in) {
  (void)next_attempt_in;
  report_.lost(failure);
}

void Publisher::on_stopped(const ConnectionFailure* failure) {
  // Where the broker has acknowledged everything, a connection that breaks in the end takes nothing with it.
  const bool all_acknowledged = input_ended_ && sent_ > 0 && acknowledged_ + refused_ == sent_;
  if (failure != nullptr && status_ == ExitStatus::done && !all_acknowledged) status_ = report_.stopped(*failure);
  loop_.stop();
}

void Publisher::time_is_up() {
  if (status_ == ExitStatus::timed_out) return loop_.stop();
  status_ = ExitStatus::timed_out;
  const std::string limit = cli::duration_text(*options_.timeout);
  if (!client_.is_connected()) {
    cli::report(
        fmt::format("no connection to {} within {} (--timeout)", short_text(options_.connection.endpoint), limit));
  } else if (client_.unfinished() > 0) {
    cli::report(fmt::format("{} messages are not acknowledged after {} (--timeout)", client_.unfinished(), limit));
  } else if (input_ended_) {
    cli::report(fmt::format("{} messages have not come back after {} (--timeout)", confirmation_.outstanding(), limit));
  } else {
    cli::report(fmt::format("not all messages are sent after {} (--timeout)", limit));
  }
  client_.stop();
  time_limit_.arm(loop_.now() + farewell);
}

void Publisher::not_come_back() {
  cli::report(fmt::format("{} of {} messages have not come back within {} (--confirm)", confirmation_.outstanding(),
                          sent_, cli::duration_text(come_back_patience)));
  status_ = ExitStatus::timed_out;
  client_.stop();
}

// As abrupt as the signal would be without --stats: the broker publishes the Will.
void Publisher::signal_came(int number) {
  constexpr int ended_by_signal = 128;
  status_ = static_cast<ExitStatus>(ended_by_signal + number);
  loop_.stop();
}

void Publisher::print_statistics() const {
  const std::chrono::duration<double> took = loop_.now() - began_;
  const double rate = took.count() > 0 ? static_cast<double>(sent_) / took.count() : 0;
  std::string line =
      fmt::format("{} sent ({} bytes), {} acknowledged, {} refused", sent_, payload_bytes_, acknowledged_, refused_);
  if (options_.confirm) line += fmt::format(", {} come back", sent_ - confirmation_.outstanding());
  cli::report(
      fmt::format("{}; {} reconnects; {:.3f} s, {:.0f} per second", line, report_.reconnects(), took.count(), rate));
}

}  // namespace mqtk::pub
