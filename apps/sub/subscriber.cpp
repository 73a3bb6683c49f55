#include "sub/subscriber.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>

#include "cli/failure_text.hpp"
#include "codec/topic.hpp"

namespace mqtk::sub {
namespace {

using cli::ExitStatus;

// The broker may be deaf: its answer to DISCONNECT is not waited for any longer.
constexpr Duration farewell = std::chrono::milliseconds{200};

// Where messages come one by one, waking up costs more than reading. This is long enough for a hundred to gather, and
// short for whoever looks at the file.
constexpr Duration gathering = std::chrono::microseconds{500};
constexpr std::size_t gathered_enough_bytes = 64 * 1024;

ConnectOptions connect_options(const Options& options) {
  ConnectOptions connect = options.connection.connect;
  // With a small count the broker shall keep what will not be taken.
  constexpr std::uint64_t largest_receive_maximum = 65'535;
  const bool limited = options.count && *options.count < largest_receive_maximum;
  if (limited && !connect.properties.block().number(PropertyId::receive_maximum)) {
    connect.properties.add(PropertyId::receive_maximum, static_cast<std::uint32_t>(*options.count));
  }
  const bool needs_v5 = options.no_local || options.retain_as_published || options.retain_handling;
  if (needs_v5) connect.fall_back_to_v3_1_1 = false;
  return connect;
}

}  // namespace

Subscriber::Subscriber(const Options& options)
    : options_(options),
      printer_(options),
      client_(loop_, options.connection.endpoint, connect_options(options), *this),
      output_ready_(loop_, output_.descriptor(), [this] { write_out(); }),
      signals_(loop_, {SIGINT, SIGTERM}, [this](int) { interrupted(); }),
      time_limit_(loop_, [this] { time_is_up(); }),
      gathered_(loop_, [this] { write_out(); }) {}

ExitStatus Subscriber::run() {
  if (options_.timeout) time_limit_.arm(loop_.now() + *options_.timeout);
  request();
  client_.start();
  loop_.run();
  (void)output_.flush();
  return output_.ended() && status_ == ExitStatus::done ? output_.status() : status_;
}

void Subscriber::request() {
  if (!options_.filters.empty()) {
    SubscriptionWriter filters;
    for (const RequestedFilter& filter : options_.filters) {
      filters.add({.topic_filter = filter.topic_filter,
                   .qos = filter.qos.value_or(options_.qos),
                   .no_local = options_.no_local,
                   .retain_as_published = options_.retain_as_published,
                   .retain_handling = options_.retain_handling.value_or(RetainHandling::send)});
    }
    ++answers_due_;
    (void)client_.subscribe({0, options_.connection.subscribe_properties.block(), filters.list()});
  }
  if (!options_.unsubscribe_filters.empty()) {
    TopicFilterWriter filters;
    for (const std::string& filter : options_.unsubscribe_filters) filters.add(filter);
    ++answers_due_;
    (void)client_.unsubscribe({0, options_.connection.unsubscribe_properties.block(), filters.list()});
  }
}

void Subscriber::on_subscribed(Tag tag, const Suback& answer) {
  (void)tag;
  const std::string_view why = answer.properties.text(PropertyId::reason_string).value_or("");
  for (std::size_t i = 0; i < answer.reason_codes.size(); ++i) {
    const auto reason = static_cast<ReasonCode>(answer.reason_codes[i]);
    if (!is_failure(reason)) continue;
    cli::report(fmt::format("the broker denied the subscription to '{}': {}", options_.filters[i].topic_filter,
                            cli::reason_text(reason, PacketType::suback, why)));
    end(ExitStatus::refused_later);
  }
  answered();
}

void Subscriber::on_unsubscribed(Tag tag, const Unsuback& answer) {
  (void)tag;
  for (std::size_t i = 0; i < answer.reason_codes.size(); ++i) {
    const auto reason = static_cast<ReasonCode>(answer.reason_codes[i]);
    if (!is_failure(reason)) continue;
    cli::report(fmt::format("the broker refused to unsubscribe '{}': {}", options_.unsubscribe_filters[i],
                            cli::reason_text(reason, PacketType::unsuback,
                                             answer.properties.text(PropertyId::reason_string).value_or(""))));
    end(ExitStatus::refused_later);
  }
  answered();
}

void Subscriber::answered() {
  if (answers_due_ == 0) return;
  --answers_due_;
  if (answers_due_ > 0) return;
  const bool nothing_to_hear = options_.filters.empty();
  if (nothing_to_hear || options_.after_suback == Options::AfterSuback::end) end(ExitStatus::done);
}

bool Subscriber::is_hidden(const Publish& message) const {
  if (message.retain && options_.retained == Options::Retained::hidden) return true;
  return std::ranges::any_of(options_.hidden_filters,
                             [&](const std::string& filter) { return topic_matches(filter, message.topic_name); });
}

void Subscriber::on_message(const Publish& message) {
  if (ending_) return;
  if (options_.retained == Options::Retained::only && !message.retain) return end(ExitStatus::done);
  if (message.qos != QoS::at_most_once) to_acknowledge_.push_back(message.packet_identifier);
  if (is_hidden(message)) return;
  if (!batch_time_ && printer_.needs_time()) batch_time_ = loop_.wall_now();
  printer_.append(output_.buffer(), message, batch_time_.value_or(WallTime{}));
  if (++printed_ == options_.count) end(ExitStatus::done);
}

void Subscriber::on_messages_end() {
  batch_time_.reset();
  if (!can_gather()) return write_out();
  client_.pause_reading();
  gathered_.arm(loop_.now() + gathering);
}

// An acknowledgement that waits would hold up the broker.
bool Subscriber::can_gather() {
  return output_.is_regular_file() && to_acknowledge_.empty() && !ending_ &&
         output_.buffer().size() < gathered_enough_bytes;
}

void Subscriber::write_out() {
  const cli::Output::Flushed flushed = output_.flush_ready();
  if (flushed == cli::Output::Flushed::part && !output_ready_.await_writable()) return client_.pause_reading();
  if (flushed == cli::Output::Flushed::part) output_.flush();  // nothing tells when it can be written: wait for it
  if (output_.ended()) {
    to_acknowledge_.clear();
    return stop_now();
  }
  for (const PacketIdentifier id : to_acknowledge_) client_.acknowledge(id);
  to_acknowledge_.clear();
  client_.resume_reading();
  if (ending_) client_.stop();
}

// After all that is printed has been written.
void Subscriber::end(ExitStatus status) {
  if (status_ == ExitStatus::done) status_ = status;
  ending_ = true;
  if (output_.buffer().empty()) client_.stop();
}

// What is not written stays unacknowledged; a regular file takes it without waiting.
void Subscriber::stop_now() {
  ending_ = true;
  to_acknowledge_.clear();
  if (!output_.is_regular_file()) output_.drop();
  client_.stop();
}

void Subscriber::interrupted() {
  if (ending_) loop_.stop();
  stop_now();
}

void Subscriber::on_connected(const Connected& connected) {
  (void)connected;
  if (std::exchange(away_, false)) {
    cli::report(fmt::format("connected again to {}", short_text(options_.connection.endpoint)));
  }
}

void Subscriber::on_connection_lost(const ConnectionFailure& failure, Duration next_attempt_in) {
  (void)next_attempt_in;
  to_acknowledge_.clear();  // the broker sends them again, with identifiers of its choice
  if (std::exchange(away_, true)) return;
  cli::report(fmt::format("{}; trying again",
                          cli::describe(failure, options_.connection.endpoint, options_.connection.connect).line));
}

void Subscriber::on_stopped(const ConnectionFailure* failure) {
  // A connection that ends while we are leaving takes nothing with it.
  if (failure != nullptr && !ending_) {
    const auto text = cli::describe(*failure, options_.connection.endpoint, options_.connection.connect);
    cli::report(text.line);
    status_ = text.status;
  }
  loop_.stop();
}

void Subscriber::time_is_up() {
  if (ending_ && output_.buffer().empty()) return loop_.stop();
  const std::string limit = cli::duration_text(*options_.timeout);
  if (!client_.is_connected()) {
    cli::report(
        fmt::format("no connection to {} within {} (--timeout)", short_text(options_.connection.endpoint), limit));
  } else if (options_.count) {
    cli::report(fmt::format("{} of {} messages came within {} (--timeout)", printed_, *options_.count, limit));
  } else {
    cli::report(fmt::format("the time limit of {} is over (--timeout); {} messages came", limit, printed_));
  }
  status_ = ExitStatus::timed_out;
  stop_now();
  time_limit_.arm(loop_.now() + farewell);
}

}  // namespace mqtk::sub
