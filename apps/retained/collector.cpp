#include "retained/collector.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <utility>

#include "cli/failure_text.hpp"
#include "cli/output.hpp"
#include "codec/topic.hpp"

namespace mqtk::retained {
namespace {

using cli::ExitStatus;

// The broker may be deaf when the time is up: its answer to DISCONNECT is not waited for any longer.
constexpr Duration farewell = std::chrono::milliseconds{200};

ConnectOptions connect_options(const Options& options, Collector::RetainFlag flag) {
  ConnectOptions connect = options.connection.connect;
  if (flag == Collector::RetainFlag::as_published) connect.fall_back_to_v3_1_1 = false;
  return connect;
}

}  // namespace

Collector::Collector(const Options& options, std::vector<std::string> filters, Heard heard, RetainFlag flag)
    : options_(options),
      filters_(std::move(filters)),
      heard_(std::move(heard)),
      flag_(flag),
      connect_(connect_options(options, flag)),
      report_(options.connection.endpoint, connect_),
      client_(loop_, options.connection.endpoint, connect_, *this),
      signals_(loop_, {SIGINT, SIGTERM}, [this](int number) { interrupted(number); }),
      quiet_(loop_, [this] { end(ExitStatus::done); }),
      time_limit_(loop_, [this] { time_is_up(); }),
      only_topics_(std::ranges::all_of(
          filters_, [](const std::string& filter) { return find_wildcard(filter) == std::string::npos; })) {}

std::expected<RetainedSet, ExitStatus> Collector::run() {
  if (options_.timeout) time_limit_.arm(loop_.refresh_now() + *options_.timeout);
  subscribe();
  client_.start();
  loop_.run();
  if (status_ != ExitStatus::done) return std::unexpected(status_);
  return std::move(set_);
}

void Collector::subscribe() {
  SubscriptionWriter filters;
  for (const std::string& filter : filters_) {
    filters.add({.topic_filter = filter,
                 .qos = QoS::exactly_once,  // a lower one would hide the QoS of the messages
                 .retain_as_published = flag_ == RetainFlag::as_published});
  }
  (void)client_.subscribe({0, options_.connection.subscribe_properties.block(), filters.list()});
}

void Collector::on_subscribed(Tag, const Suback& answer) {
  const std::string_view why = answer.properties.text(PropertyId::reason_string).value_or("");
  for (std::size_t i = 0; i < answer.reason_codes.size(); ++i) {
    const auto reason = static_cast<ReasonCode>(answer.reason_codes[i]);
    if (!is_failure(reason)) continue;
    cli::report(fmt::format("the broker denied the subscription to '{}': {}", filters_[i],
                            cli::reason_text(reason, PacketType::suback, why)));
    end(ExitStatus::refused_later);
  }
  if (!ending_) quiet_.arm(loop_.time_after(options_.idle));
}

void Collector::on_message(const Publish& message) {
  if (ending_) return;
  if (heard_) heard_(message);
  if (!message.retain) return;
  if (message.payload.empty()) {
    set_.erase(std::string{message.topic_name});
    return;
  }
  quiet_.arm(loop_.time_after(options_.idle));
  if (!options_.selects(message.topic_name)) return;
  set_.insert_or_assign(std::string{message.topic_name}, ApplicationMessage::make(message, loop_.now()));
  if (is_complete()) end(ExitStatus::done);
}

bool Collector::is_complete() const {
  return only_topics_ && !heard_ &&
         std::ranges::all_of(filters_, [this](const std::string& topic) { return set_.contains(topic); });
}

void Collector::end(ExitStatus status) {
  ending_ = true;
  if (status_ == ExitStatus::done) status_ = status;
  quiet_.cancel();
  client_.stop();
}

void Collector::interrupted(int number) {
  if (ending_) return loop_.stop();
  constexpr int ended_by_signal = 128;
  end(static_cast<ExitStatus>(ended_by_signal + number));
}

void Collector::time_is_up() {
  if (ending_) return loop_.stop();
  const std::string limit = cli::duration_text(*options_.timeout);
  cli::report(
      client_.is_connected()
          ? fmt::format("not complete after {} (--timeout); {} messages had come; is --idle longer?", limit,
                        set_.size())
          : fmt::format("no connection to {} within {} (--timeout)", short_text(options_.connection.endpoint), limit));
  end(ExitStatus::timed_out);
  time_limit_.arm(loop_.now() + farewell);
}

void Collector::on_connection_lost(const ConnectionFailure& failure, Duration) {
  quiet_.cancel();
  report_.lost(failure);
}

void Collector::on_stopped(const ConnectionFailure* failure) {
  if (failure != nullptr && !ending_) status_ = report_.stopped(*failure);
  loop_.stop();
}

std::expected<RetainedSet, ExitStatus> collect(const Options& options, const std::vector<std::string>& filters) {
  return Collector(options, filters).run();
}

}  // namespace mqtk::retained
