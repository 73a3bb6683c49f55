#include "pub/publisher.hpp"

#include <fmt/format.h>

#include "cli/failure_text.hpp"
#include "cli/output.hpp"

namespace mqtk::pub {
namespace {

using cli::ExitStatus;

// The broker may be deaf when the time is up: its answer to DISCONNECT is not waited for any longer.
constexpr Duration farewell = std::chrono::milliseconds{200};

ConnectOptions connect_options(const Options& options) {
  ConnectOptions connect = options.connection.connect;
  const bool reconnect_asked_for = connect.reconnect.first_connect == ReconnectPolicy::FirstConnect::is_tried_again;
  if (options.source != Options::Source::lines && !reconnect_asked_for) connect.reconnect.attempts = 0;
  // QoS 0 leaves nothing behind that a Session would have to keep.
  if (options.qos == QoS::at_most_once) connect.session_between_reconnects = Duration{0};
  return connect;
}

}  // namespace

Publisher::Publisher(const Options& options, MessageSource& source)
    : options_(options),
      source_(source),
      client_(loop_, options.connection.endpoint, connect_options(options), *this),
      input_(loop_, source.descriptor(), [this] { send(); }),
      next_repeat_(loop_, [this] { waiting_for_repeat_ = false, send(); }),
      time_limit_(loop_, [this] { time_is_up(); }) {
  message_.qos = options.qos;
  message_.retain = options.retain;
  message_.topic_name = options.topic;
  message_.properties = options.connection.publish_properties.block();
}

ExitStatus Publisher::run() {
  if (options_.timeout) time_limit_.arm(loop_.now() + *options_.timeout);
  client_.start();
  loop_.run();
  if (refused_ > 1) cli::report(fmt::format("{} messages were refused", refused_));
  return status_;
}

void Publisher::send() {
  while (!input_ended_ && !waiting_for_repeat_) {
    switch (source_.next()) {
      case MessageSource::State::need_input:
        if (const auto error = input_.await_readable()) {
          fail(fmt::format("cannot read standard input: {}", error.message()), ExitStatus::local_failure);
        }
        return;
      case MessageSource::State::end: return end_input();
      case MessageSource::State::failed: return fail(source_.error(), ExitStatus::local_failure);
      case MessageSource::State::message: break;
    }
    message_.payload = source_.payload();
    const auto sent = client_.publish(message_);
    if (!sent) return refuse(sent.error());
    if (*sent == Client::Flow::wait) return;
    source_.take();
    if (options_.repeat_delay > Duration{0} && source_.next() == MessageSource::State::message) {
      waiting_for_repeat_ = true;
      next_repeat_.arm(loop_.now() + options_.repeat_delay);
    }
  }
}

void Publisher::on_publish_done(const PublishDone& done) {
  if (is_failure(done.reason)) {
    status_ = ExitStatus::refused_later;
    if (++refused_ == 1) {
      cli::report(fmt::format("the broker refused the message to '{}': {}", options_.topic,
                              cli::reason_text(done.reason, done.answer, done.reason_string)));
    }
  }
  end_if_done();
}

void Publisher::end_input() {
  input_ended_ = true;
  end_if_done();
}

void Publisher::end_if_done() {
  if (input_ended_ && client_.unfinished() == 0) client_.stop();
}

// The message breaks a limit that the broker has announced, or a rule of the protocol.
void Publisher::refuse(Fault fault) {
  const RuleInfo& rule = rule_info(fault.rule);
  fail(fmt::format("{}cannot publish to '{}': {}", source_.position(), options_.topic, rule.text),
       ExitStatus::refused_later);
}

// What was taken before is still sent and acknowledged.
void Publisher::fail(std::string_view line, ExitStatus status) {
  cli::report(line);
  status_ = status;
  end_input();
}

void Publisher::on_connected(const Connected& connected) {
  (void)connected;
  if (!std::exchange(away_, false)) return;
  cli::report(fmt::format("connected again to {}", short_text(options_.connection.endpoint)));
}

void Publisher::on_connection_lost(const ConnectionFailure& failure, Duration next_attempt_in) {
  (void)next_attempt_in;
  if (std::exchange(away_, true)) return;
  cli::report(fmt::format("{}; trying again",
                          cli::describe(failure, options_.connection.endpoint, options_.connection.connect).line));
}

void Publisher::on_stopped(const ConnectionFailure* failure) {
  if (failure != nullptr && status_ == ExitStatus::done) {
    const auto text = cli::describe(*failure, options_.connection.endpoint, options_.connection.connect);
    cli::report(text.line);
    status_ = text.status;
  }
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
  } else {
    cli::report(fmt::format("not all messages are sent after {} (--timeout)", limit));
  }
  client_.stop();
  time_limit_.arm(loop_.now() + farewell);
}

}  // namespace mqtk::pub
