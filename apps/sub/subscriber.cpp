#include "sub/subscriber.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <initializer_list>

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

// No broker says which retained message is the last one.
constexpr Duration quiet_time = std::chrono::seconds{1};

// SIGCHLD wakes up only who has children.
std::initializer_list<int> signals_of(const Options& options) {
  static constexpr std::initializer_list<int> with_children = {SIGINT, SIGTERM, SIGCHLD};
  static constexpr std::initializer_list<int> with_screen = {SIGINT, SIGTERM, SIGWINCH};
  static constexpr std::initializer_list<int> without = {SIGINT, SIGTERM};
  return options.command ? with_children : options.watch ? with_screen : without;
}

ConnectOptions connect_options(const Options& options) {
  ConnectOptions connect = options.connection.connect;
  // With a small count the broker shall keep what will not be taken.
  constexpr std::uint64_t largest_receive_maximum = 65'535;
  const bool limited = options.count && *options.count < largest_receive_maximum;
  if (limited && !connect.properties.block().number(PropertyId::receive_maximum)) {
    connect.properties.add(PropertyId::receive_maximum, static_cast<std::uint32_t>(*options.count));
  }
  if (options.needs_v5()) connect.fall_back_to_v3_1_1 = false;
  return connect;
}

}  // namespace

Subscriber::Subscriber(const Options& options)
    : options_(options),
      report_(options.connection.endpoint, connect_options(options)),
      printer_(options.format),
      client_(loop_, options.connection.endpoint, connect_options(options), *this),
      output_ready_(loop_, output_.descriptor(), [this] { write_out(); }),
      signals_(loop_, signals_of(options), [this](int number) { signal_came(number); }),
      time_limit_(loop_, [this] { time_is_up(); }),
      gathered_(loop_, [this] { write_out(); }),
      idle_limit_(loop_, [this] { idle_too_long(); }),
      longest_idle_(options.idle),
      random_(options.random_sample ? std::random_device{}() : 0U) {
  const bool ends_with_retained = options.retained == Options::Retained::only;
  if (ends_with_retained && !longest_idle_) longest_idle_ = quiet_time;
  if (options.files) files_.emplace(*options.files);
  if (options.command) {
    commands_ = std::make_unique<CommandRunner>(
        *options.command, options.jobs, [this](const CommandRunner::Message& message) { command_done(message); });
  }
  if (options.watch) {
    watch_ = std::make_unique<Watch>(loop_, output_, "mqtk sub  " + short_text(options.connection.endpoint),
                                     [this] { stop_now(); });
  }
}

ExitStatus Subscriber::run() {
  if (options_.timeout) time_limit_.arm(loop_.now() + *options_.timeout);
  request();
  client_.start();
  loop_.run();
  (void)output_.flush();
  if (commands_ && commands_->failures() > 0) {
    cli::report(fmt::format("{} of {} commands failed", commands_->failures(), printed_));
    if (status_ == ExitStatus::done) status_ = ExitStatus::local_failure;
  }
  return output_.ended() && status_ == ExitStatus::done ? output_.status() : status_;
}

void Subscriber::request() {
  if (!options_.filters.empty()) {
    SubscriptionWriter filters;
    for (const RequestedFilter& filter : options_.filters) {
      filters.add({.topic_filter = filter.topic_filter,
                   .qos = filter.qos.value_or(options_.qos),
                   .no_local = filter.no_local || options_.no_local,
                   .retain_as_published = filter.retain_as_published || options_.retain_as_published,
                   .retain_handling =
                       filter.retain_handling.value_or(options_.retain_handling.value_or(RetainHandling::send))});
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
    report(fmt::format("the broker denied the subscription to '{}': {}", options_.filters[i].topic_filter,
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
  if (watch_ && !ending_) watch_->open();
  await_more();
}

void Subscriber::await_more() {
  if (longest_idle_ && !ending_) idle_limit_.arm(loop_.time_after(*longest_idle_));
}

bool Subscriber::is_hidden(const Publish& message) {
  if (message.retain && options_.retained == Options::Retained::hidden) return true;
  const bool filtered_out = std::ranges::any_of(
      options_.hidden_filters, [&](const std::string& filter) { return topic_matches(filter, message.topic_name); });
  if (filtered_out || !options_.random_sample) return filtered_out;
  return std::uniform_real_distribution<>{}(random_) >= *options_.random_sample;
}

void Subscriber::on_message(const Publish& message) {
  if (ending_) return;
  if (options_.retained == Options::Retained::only && !message.retain) return end(ExitStatus::done);
  await_more();
  const bool hidden = is_hidden(message);
  const bool acknowledged_later = commands_ && !hidden;
  if (message.qos != QoS::at_most_once && !acknowledged_later) to_acknowledge_.push_back(message.packet_identifier);
  if (hidden) return;
  ++printed_;
  if (commands_) {
    run_command(message);
  } else if (watch_) {
    watch_->table().take(message, loop_.now());
  } else {
    print(message);
  }
  // An empty payload is a retained message that is just being removed.
  if (options_.clear_retained && !options_.dry_run && !message.payload.empty()) {
    to_clear_.emplace_back(message.topic_name);
    clear_retained();
  }
  const bool is_last = options_.end_condition && options_.end_condition->holds(message);
  if (is_last || printed_ == options_.count) end(ExitStatus::done);
}

void Subscriber::print(const Publish& message) {
  constexpr std::size_t long_payload_bytes = 1024 * 1024;
  const bool bare = options_.format.form == cli::MessageFormat::Form::payload &&
                    options_.format.payload == cli::MessageFormat::Payload::as_it_is;
  if (bare && !files_ && output_.is_regular_file() && message.payload.size() >= long_payload_bytes) {
    output_.write_long(as_text(message.payload));
    if (options_.format.newline) output_.write("\n");
    return;
  }
  if (!batch_time_ && printer_.needs_time()) batch_time_ = loop_.wall_now();
  std::string& out = files_ ? files_->text_for(message.topic_name, printed_) : output_.buffer();
  printer_.append(out, message, batch_time_.value_or(WallTime{}));
  if (files_ && files_->one_per_message() && options_.format.newline && out.ends_with('\n')) out.pop_back();
}

void Subscriber::run_command(const Publish& message) {
  commands_->take({.message = ApplicationMessage::make(message, loop_.now()),
                   .qos = message.qos,
                   .packet_identifier = message.packet_identifier,
                   .connection = connections_});
}

void Subscriber::command_done(const CommandRunner::Message& message) {
  if (message.qos != QoS::at_most_once && message.connection == connections_) {
    client_.acknowledge(message.packet_identifier);
  }
}

// --- removing retained messages --------------------------------------------------------------------------------------

void Subscriber::clear_retained() {
  while (!to_clear_.empty()) {
    const auto sent = client_.publish(
        {.qos = QoS::at_least_once, .retain = true, .topic_name = to_clear_.front(), .properties = {}, .payload = {}});
    if (sent && *sent == Client::Flow::wait) return;
    to_clear_.pop_front();
  }
  stop_if_done();
}

void Subscriber::on_publish_done(const PublishDone& done) {
  if (is_failure(done.reason)) {
    cli::report(fmt::format("the broker refused to remove a retained message: {}",
                            cli::reason_text(done.reason, done.answer, done.reason_string)));
    status_ = ExitStatus::refused_later;
  } else {
    ++cleared_;
  }
  stop_if_done();
}

// --- writing ---------------------------------------------------------------------------------------------------------

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
  if (!write_files()) return;
  const cli::Output::Flushed flushed = output_.flush_ready();
  if (flushed == cli::Output::Flushed::part && !output_ready_.await_writable()) return client_.pause_reading();
  if (flushed == cli::Output::Flushed::part) output_.flush();  // nothing tells when it can be written: wait for it
  if (output_.ended()) {
    to_acknowledge_.clear();
    return stop_now();
  }
  for (const PacketIdentifier id : to_acknowledge_) client_.acknowledge(id);
  to_acknowledge_.clear();
  if (commands_ && commands_->is_full()) return client_.pause_reading();
  client_.resume_reading();
  stop_if_done();
}

bool Subscriber::write_files() {
  if (!files_) return true;
  const auto written = files_->write_out();
  if (written) return true;
  cli::report(written.error());
  if (status_ == ExitStatus::done) status_ = ExitStatus::local_failure;
  stop_now();
  return false;
}

// --- the end ---------------------------------------------------------------------------------------------------------

// After all that is printed has been written.
void Subscriber::end(ExitStatus status) {
  if (status_ == ExitStatus::done) status_ = status;
  ending_ = true;
  idle_limit_.cancel();
  // What this read brought is written first; on_messages_end comes then.
  if (to_acknowledge_.empty()) stop_if_done();
}

void Subscriber::stop_if_done() {
  const bool commands_run = commands_ && !commands_->is_idle();
  const bool clears = !to_clear_.empty() || client_.unfinished() > 0;
  if (ending_ && output_.buffer().empty() && !commands_run && !clears) client_.stop();
}

// What is not written stays unacknowledged; a regular file takes it without waiting.
void Subscriber::stop_now() {
  ending_ = true;
  if (watch_) watch_->close();
  to_acknowledge_.clear();
  if (!output_.is_regular_file()) output_.drop();
  if (commands_) commands_->abandon();
  client_.stop();
}

// A line that nothing is drawn over.
void Subscriber::report(std::string_view line) {
  if (watch_) watch_->close();
  cli::report(line);
}

void Subscriber::signal_came(int number) {
  if (number == SIGWINCH) return watch_->draw();
  if (number == SIGCHLD) {
    commands_->children_ended();
    return write_out();
  }
  if (ending_) loop_.stop();
  const bool too_early = !ending_ && options_.count && options_.count_is_expected;
  stop_now();
  if (too_early) status_ = too_few("before a signal ended the run");
}

void Subscriber::on_connected(const Connected& connected) {
  (void)connected;
  ++connections_;
  if (watch_) watch_->table().set_notice("");
  report_.connected();
  if (answers_due_ == 0) await_more();  // the subscriptions are there, or on their way again
}

void Subscriber::on_connection_lost(const ConnectionFailure& failure, Duration next_attempt_in) {
  (void)next_attempt_in;
  to_acknowledge_.clear();  // the broker sends them again, with identifiers of its choice
  if (commands_) commands_->connection_lost();
  idle_limit_.cancel();
  // On the screen it would be drawn over.
  if (watch_ && connections_ > 0) return watch_->table().set_notice("connection lost, trying again");
  report_.lost(failure);
}

void Subscriber::on_stopped(const ConnectionFailure* failure) {
  if (watch_) watch_->close();
  // A connection that ends while we are leaving takes nothing with it.
  if (failure != nullptr && !ending_) status_ = report_.stopped(*failure);
  loop_.stop();
}

void Subscriber::time_is_up() {
  if (ending_ && output_.buffer().empty()) return loop_.stop();
  const std::string limit = cli::duration_text(*options_.timeout);
  if (watch_) watch_->close();
  if (!client_.is_connected()) {
    cli::report(
        fmt::format("no connection to {} within {} (--timeout)", short_text(options_.connection.endpoint), limit));
  } else if (options_.count) {
    status_ = too_few(fmt::format("within {} (--timeout)", limit));
  } else {
    cli::report(fmt::format("the time limit of {} is over (--timeout); {} messages came", limit, printed_));
  }
  if (status_ == ExitStatus::done) status_ = ExitStatus::timed_out;
  stop_now();
  time_limit_.arm(loop_.now() + farewell);
}

ExitStatus Subscriber::too_few(std::string_view limit_text) const {
  cli::report(fmt::format("{} of {} messages came {}", printed_, *options_.count, limit_text));
  return options_.count_is_expected ? ExitStatus::assertion_failed : ExitStatus::timed_out;
}

void Subscriber::idle_too_long() {
  if (ending_) return;
  const bool all_are_expected = options_.count && options_.count_is_expected;
  const std::string limit = fmt::format("before {} without one (--idle)", cli::duration_text(*longest_idle_));
  end(all_are_expected ? too_few(limit) : ExitStatus::done);
}

}  // namespace mqtk::sub
