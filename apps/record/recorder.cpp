#include "record/recorder.hpp"

#include <fmt/format.h>

#include <csignal>

#include "base/json_text.hpp"
#include "cli/byte_size.hpp"
#include "cli/failure_text.hpp"
#include "cli/output.hpp"
#include "cli/program.hpp"
#include "codec/rule.hpp"

namespace mqtk::record {
namespace {

using cli::ExitStatus;
using Written = Destination::Written;
using Chunks = Destination::Chunks;

constexpr Duration sync_interval = std::chrono::milliseconds{20};
constexpr Duration progress_interval = std::chrono::milliseconds{500};

// Subscription Identifiers of our own two subscriptions: the first brings the retained messages.
constexpr std::uint32_t retained_identifier = 1;
constexpr std::uint32_t live_identifier = 2;

ConnectOptions connect_options(const Options& options) {
  ConnectOptions connect = options.connection.connect;
  if (options.fsync) connect.acknowledge = ConnectOptions::Acknowledge::by_caller;
  return connect;
}

}  // namespace

Recorder::Recorder(const Options& options)
    : options_(options),
      destination_(make_destination(options, open_error_)),
      client_(loop_, options.connection.endpoint, connect_options(options), *this),
      signals_(loop_, {SIGINT, SIGTERM}, [this](int) { interrupted(); }),
      chunk_age_(loop_, [this] { write_out(Chunks::all); }),
      sync_(loop_, [this] { sync(); }),
      time_limit_(loop_, [this] { end(ExitStatus::done); }),
      idle_limit_(loop_, [this] { end_after_idle(); }),
      progress_(loop_, [this] { show_progress(); }) {
  if (destination_->descriptor() >= 0) {
    output_ready_ =
        std::make_unique<DescriptorWatch>(loop_, destination_->descriptor(), [this] { write_out(Chunks::full); });
  }
}

ExitStatus Recorder::run() {
  if (!open_error_.empty()) {
    cli::report_usage(open_error_);
    return ExitStatus::usage;
  }
  live_ = LiveLine::is_wanted() && !cli::is_quiet();
  client_.start();
  loop_.run();
  return status_;
}

void Recorder::tell(const std::string& line) {
  live_line_.clear();
  cli::report(line);
}

// --- subscribing ----------------------------------------------------------------------------------------------------

void Recorder::on_connected(const Connected& connected) {
  if (std::exchange(away_, false)) back_again(connected);
  if (std::exchange(begun_, true)) return;
  last_message_at_ = loop_.now();
  version_ = connected.version;
  destination_->begin(about(connected));
  written(destination_->write_out(Chunks::full));
  subscribe(connected);
  if (options_.duration) time_limit_.arm(loop_.time_after(*options_.duration));
  if (options_.idle) idle_limit_.arm(loop_.time_after(*options_.idle));
  if (live_) progress_.arm(loop_.now() + progress_interval);
}

// Where the broker kept the Session it sends QoS 1 and 2 messages of the time between.
void Recorder::back_again(const Connected& connected) {
  tell(fmt::format("connected again to {}", short_text(options_.connection.endpoint)));
  constexpr std::uint64_t most_gaps_told = 1000;  // all are counted
  if (!begun_ || connections_lost_ > most_gaps_told) return;
  destination_->note_gap({{"from", rfc3339(lost_at_)},
                          {"to", rfc3339(loop_.wall_now())},
                          {"session", connected.session_present ? "kept" : "lost"}});
}

void Recorder::add_subscription(std::uint32_t identifier, bool retain_as_published, RetainHandling handling) {
  SubscriptionWriter filters;
  for (const std::string& filter : options_.filters) {
    filters.add({.topic_filter = filter,
                 .qos = options_.qos,
                 .retain_as_published = retain_as_published,
                 .retain_handling = handling});
  }
  PropertyWriter properties;
  for (const Property& property : options_.connection.subscribe_properties.block()) {
    if (identifier == 0 || property.id != PropertyId::subscription_identifier) properties.add(property);
  }
  if (identifier != 0) properties.add(PropertyId::subscription_identifier, identifier);
  const auto asked = client_.subscribe({0, properties.block(), filters.list()}, identifier);
  if (asked || ending_) return;
  tell(fmt::format("cannot subscribe: {}", rule_info(asked.error().rule).text));
  end(ExitStatus::refused_later);
}

// The second SUBSCRIBE replaces the subscriptions of the first: what the broker sends because of the first is known by
// its identifier. Both leave in one write, so hardly a live message comes in between. Retain As Published stands in
// both, since mosquitto 2.0 keeps that of the first.
void Recorder::subscribe(const Connected& connected) {
  const bool v5 = connected.version == Version::v5;
  marks_by_identifier_ = v5 && connected.broker.subscription_identifier_available;
  const RetainHandling handling = options_.retained || !v5 ? RetainHandling::send : RetainHandling::do_not_send;
  if (marks_by_identifier_ && options_.retained) {
    add_subscription(retained_identifier, true, RetainHandling::send);
    add_subscription(live_identifier, true, RetainHandling::do_not_send);
  } else {
    add_subscription(0, v5 && !options_.retained, handling);
  }
}

void Recorder::on_subscribed(Tag tag, const Suback& answer) {
  const std::string_view why = answer.properties.text(PropertyId::reason_string).value_or("");
  for (std::size_t i = 0; i < answer.reason_codes.size(); ++i) {
    const auto reason = static_cast<ReasonCode>(answer.reason_codes[i]);
    if (!is_failure(reason) || tag == live_identifier) continue;
    tell(fmt::format("the broker denied the subscription to '{}': {}", options_.filters[i],
                     cli::reason_text(reason, PacketType::suback, why)));
    end(ExitStatus::refused_later);
  }
}

mcap::Metadata Recorder::about(const Connected& connected) const {
  std::string filters = "[";
  for (const std::string& filter : options_.filters) {
    if (filters.size() > 1) filters += ',';
    append_json_string(filters, filter);
  }
  filters += ']';
  return {{"broker", short_text(options_.connection.endpoint)},
          {"client_identifier", std::string{connected.client_identifier}},
          {"protocol_version", std::string{version_text(connected.version)}},
          {"subscriptions", filters},
          {"subscription_qos", std::to_string(static_cast<int>(options_.qos))},
          {"tool", fmt::format("mqtk-record {}", cli::version())},
          {"started", rfc3339(loop_.wall_now())},
          {"clock.monotonic_ns", std::to_string(loop_.now().time_since_epoch().count())},
          {"clock.realtime_ns", std::to_string(loop_.wall_now().time_since_epoch().count())}};
}

mcap::Metadata Recorder::about_the_end() const {
  return {{"ended", rfc3339(loop_.wall_now())},
          {"clock.monotonic_ns", std::to_string(loop_.now().time_since_epoch().count())},
          {"clock.realtime_ns", std::to_string(loop_.wall_now().time_since_epoch().count())},
          {"messages", std::to_string(messages_)},
          {"dropped", std::to_string(destination_->lost())},
          {"connections_lost", std::to_string(connections_lost_)}};
}

// --- messages -------------------------------------------------------------------------------------------------------

bool Recorder::came_at_subscribe(const Publish& message) const {
  if (!message.retain) return false;
  if (!marks_by_identifier_) return options_.retained;
  for (const Property& property : message.properties) {
    const bool identifier = property.id == PropertyId::subscription_identifier;
    if (identifier && property.number == retained_identifier) return true;
  }
  return false;
}

// The identifiers are our own and say nothing of the message.
PropertyBlock Recorder::without_identifiers(PropertyBlock properties) {
  if (!properties.number(PropertyId::subscription_identifier)) return properties;
  properties_.clear();
  for (const Property& property : properties) {
    if (property.id != PropertyId::subscription_identifier) properties_.add(property);
  }
  return properties_.block();
}

void Recorder::on_message(const Publish& message) {
  if (ending_) return;  // not acknowledged with --fsync: the broker keeps it
  const bool before_v5 = !options_.retained && message.retain && version_ != Version::v5;
  if (options_.fsync && message.qos != QoS::at_most_once) to_acknowledge_.push_back(message.packet_identifier);
  if (before_v5) return;
  MessageRecord record = MessageRecord::from(message, loop_.wall_now());
  record.retained_at_subscribe = came_at_subscribe(message);
  record.properties = without_identifiers(message.properties);
  destination_->append(record, loop_.now());
  ++messages_;
  payload_bytes_ += message.payload.size();
  if (live_) live_line_.count_topic(message.topic_name);
  last_message_at_ = loop_.now();
  if (messages_ == options_.count) end(ExitStatus::done);
}

void Recorder::on_messages_end() { write_out(Chunks::full); }

void Recorder::write_out(Chunks chunks) {
  if (ending_) return;
  written(destination_->write_out(chunks));
  if (ending_) return;
  if (options_.size_bytes && destination_->bytes() >= *options_.size_bytes) return end(ExitStatus::done);
  if (destination_->has_open_chunk() && !chunk_age_.is_armed()) chunk_age_.arm(loop_.now() + options_.chunk_age);
  if (options_.fsync && !sync_.is_armed()) sync_.arm(loop_.now() + sync_interval);
}

void Recorder::written(Written result) {
  if (result == Written::waiting && output_ready_ && !output_ready_->await_writable()) return client_.pause_reading();
  if (result != Written::failed) return client_.resume_reading();
  if (!destination_->error().empty()) tell(destination_->error());
  end(destination_->failure_status());
}

void Recorder::sync() {
  write_out(Chunks::all);
  if (ending_) return;
  written(destination_->sync());
  if (ending_) return;
  for (const PacketIdentifier id : to_acknowledge_) client_.acknowledge(id);
  to_acknowledge_.clear();
}

void Recorder::show_progress() {
  live_line_.show({.messages = messages_,
                   .payload_bytes = payload_bytes_,
                   .file_bytes = destination_->bytes(),
                   .dropped = destination_->lost()},
                  loop_.now());
  progress_.arm(loop_.now() + progress_interval);
}

// --- the end --------------------------------------------------------------------------------------------------------

void Recorder::end_after_idle() {
  const TimePoint due = last_message_at_ + *options_.idle;
  if (loop_.now() >= due) return end(ExitStatus::done);
  idle_limit_.arm(due);
}

void Recorder::end(ExitStatus status) {
  if (status_ == ExitStatus::done) status_ = status;
  if (std::exchange(ending_, true)) return;
  finish();
  client_.resume_reading();
  client_.stop();
}

void Recorder::interrupted() {
  if (ending_) return loop_.stop();
  end(ExitStatus::done);
}

void Recorder::finish() {
  chunk_age_.cancel();
  sync_.cancel();
  progress_.cancel();
  idle_limit_.cancel();
  time_limit_.cancel();
  live_line_.clear();
  const bool failed_before = !destination_->error().empty();
  Written result = destination_->finish(about_the_end());
  if (options_.fsync && result == Written::all) {
    for (const PacketIdentifier id : to_acknowledge_) client_.acknowledge(id);
  }
  to_acknowledge_.clear();
  if (result == Written::failed) {
    if (!failed_before && !destination_->error().empty()) cli::report(destination_->error());
    if (status_ == ExitStatus::done) status_ = destination_->failure_status();
  }
  if (destination_->lost() > 0) cli::report(fmt::format("{} messages could not be written", destination_->lost()));
  if (begun_ && options_.file != "-") {
    cli::report(fmt::format("{} messages in {}, {}", cli::grouped(messages_ - destination_->lost()), options_.file,
                            cli::byte_size_text(destination_->bytes())));
  }
}

void Recorder::on_connection_lost(const ConnectionFailure& failure, Duration next_attempt_in) {
  (void)next_attempt_in;
  to_acknowledge_.clear();  // the broker sends them again, with identifiers of its choice
  if (std::exchange(away_, true)) return;
  lost_at_ = loop_.wall_now();
  ++connections_lost_;
  const auto& connection = options_.connection;
  tell(fmt::format("{}; trying again",
                   cli::describe(failure, connection.endpoint, connection.connect, cli::Outlook::tried_again).line));
}

void Recorder::on_stopped(const ConnectionFailure* failure) {
  if (failure != nullptr && !ending_) {
    const auto& connection = options_.connection;
    const auto text = cli::describe(*failure, connection.endpoint, connection.connect,
                                    cli::outlook_at_end(*failure, connection.connect));
    tell(text.line);
    ending_ = true;
    status_ = text.status;
    finish();
  }
  loop_.stop();
}

}  // namespace mqtk::record
