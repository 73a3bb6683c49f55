#include "respond/responder.hpp"

#include <fmt/format.h>

#include <csignal>
#include <utility>

#include "cli/failure_text.hpp"
#include "cli/output.hpp"
#include "codec/topic.hpp"

namespace mqtk::respond {
namespace {

using cli::ExitStatus;

constexpr Duration farewell = std::chrono::milliseconds{200};
// Requests that wait for a job, beyond which nothing more is read.
constexpr std::size_t most_waiting = 100;

ConnectOptions connect_options(const Options& options) {
  ConnectOptions connect = options.connection.connect;
  if (!options.response_topic) connect.fall_back_to_v3_1_1 = false;
  return connect;
}

std::string replaced(std::string text, std::string_view what, std::string_view with) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
  return text;
}

}  // namespace

Responder::Responder(const Options& options)
    : options_(options),
      report_(options.connection.endpoint, connect_options(options)),
      client_(loop_, options.connection.endpoint, connect_options(options), *this),
      commands_(options.text, options.jobs, cli::CommandPool::StandardOutput::captured,
                [this](const cli::CommandPool::Ended& ended) { command_ended(ended); }),
      signals_(loop_, {SIGINT, SIGTERM, SIGCHLD}, [this](int number) { signal_came(number); }),
      time_limit_(loop_, [this] { time_is_up(); }) {}

ExitStatus Responder::run() {
  if (options_.timeout) time_limit_.arm(loop_.now() + *options_.timeout);
  SubscriptionWriter filters;
  for (const std::string& filter : options_.filters) filters.add({.topic_filter = filter, .qos = options_.qos});
  (void)client_.subscribe({0, options_.connection.subscribe_properties.block(), filters.list()});
  client_.start();
  loop_.run();
  return status_;
}

// --- requests --------------------------------------------------------------------------------------------------------

void Responder::on_message(const Publish& message) {
  if (ending_) return;
  waiting_.push_back({.message = ApplicationMessage::make(message, loop_.now()),
                      .qos = message.qos,
                      .packet_identifier = message.packet_identifier,
                      .connection = connections_});
  if (++received_ == options_.count) ending_ = true;
  if (waiting_.size() >= most_waiting) client_.pause_reading();
  work();
}

void Responder::work() {
  send_answers();
  while (!waiting_.empty() && answered_.empty() && commands_.has_room()) {
    Request request = std::move(waiting_.front());
    waiting_.pop_front();
    begin(std::move(request));
    send_answers();
  }
  if (waiting_.size() < most_waiting) client_.resume_reading();
  end_if_done();
}

void Responder::begin(Request request) {
  const ApplicationMessage& message = request.message;
  const std::string topic = answer_topic(request);
  if (topic.empty() || TopicName::check(topic)) {
    failed(
        fmt::format("a request to '{}' names no Response Topic; answer such with --response-topic", message.topic()));
    return done_with(request);
  }
  if (options_.answer != Options::Answer::command) {
    request.answer = options_.answer == Options::Answer::echo ? as_text(message.payload()) : options_.text;
    answered_.push_back(std::move(request));
    return;
  }
  const std::vector<std::string> variables = cli::message_variables({.qos = request.qos,
                                                                     .retain = message.retain(),
                                                                     .topic_name = message.topic(),
                                                                     .properties = message.properties(),
                                                                     .payload = {}});
  const auto started = commands_.start(++jobs_begun_, message.payload(), variables);
  if (started) {
    running_.emplace(jobs_begun_, std::move(request));
    return;
  }
  failed(started.error());
  done_with(request);
}

void Responder::command_ended(const cli::CommandPool::Ended& ended) {
  const auto job = running_.find(ended.tag);
  Request request = std::move(job->second);
  running_.erase(job);
  if (ended.status != 0) {
    failed(fmt::format("the command for '{}' ended with status {}; no answer is sent", request.message.topic(),
                       ended.status));
    return done_with(request);
  }
  request.answer = ended.output;
  if (request.answer.ends_with('\n')) request.answer.pop_back();
  answered_.push_back(std::move(request));
}

// --- answers ---------------------------------------------------------------------------------------------------------

std::string Responder::answer_topic(const Request& request) const {
  if (const auto topic = request.message.properties().text(PropertyId::response_topic)) return std::string{*topic};
  return replaced(options_.response_topic.value_or(""), "{topic}", request.message.topic());
}

void Responder::send_answers() {
  while (!answered_.empty() && send_answer(answered_.front())) {
    done_with(answered_.front());
    answered_.pop_front();
  }
}

// False where the broker takes no message at the moment.
bool Responder::send_answer(const Request& request) {
  PropertyWriter properties;
  for (const Property& property : options_.connection.publish_properties.block()) properties.add(property);
  if (const auto data = request.message.properties().text(PropertyId::correlation_data)) {
    properties.add(PropertyId::correlation_data, *data);
  }
  const std::string topic = answer_topic(request);
  const auto sent = client_.publish({.qos = request.qos,
                                     .retain = options_.retain,
                                     .topic_name = topic,
                                     .properties = properties.block(),
                                     .payload = as_bytes(request.answer)});
  if (!sent) failed(fmt::format("cannot answer at '{}': {}", topic, rule_info(sent.error().rule).text));
  return !sent || *sent == Client::Flow::taken;
}

void Responder::done_with(const Request& request) {
  // Over another connection the broker sends it again, with an identifier of its choice.
  if (request.qos != QoS::at_most_once && request.connection == connections_) {
    client_.acknowledge(request.packet_identifier);
  }
}

void Responder::on_publish_done(const PublishDone& done) {
  if (is_failure(done.reason)) {
    failed(fmt::format("the broker refused an answer: {}",
                       cli::reason_text(done.reason, done.answer, done.reason_string)));
    status_ = ExitStatus::refused_later;
  }
  end_if_done();
}

void Responder::failed(std::string_view line) {
  cli::report(line);
  if (status_ == ExitStatus::done) status_ = ExitStatus::local_failure;
}

// --- beginning and end -----------------------------------------------------------------------------------------------

void Responder::on_subscribed(Tag tag, const Suback& answer) {
  (void)tag;
  const std::string_view why = answer.properties.text(PropertyId::reason_string).value_or("");
  for (std::size_t i = 0; i < answer.reason_codes.size(); ++i) {
    const auto reason = static_cast<ReasonCode>(answer.reason_codes[i]);
    if (!is_failure(reason)) continue;
    cli::report(fmt::format("the broker denied the subscription to '{}': {}", options_.filters[i],
                            cli::reason_text(reason, PacketType::suback, why)));
    end(ExitStatus::refused_later);
  }
}

void Responder::on_connected(const Connected& connected) {
  (void)connected;
  ++connections_;
  report_.connected();
}

void Responder::on_connection_lost(const ConnectionFailure& failure, Duration next_attempt_in) {
  (void)next_attempt_in;
  // The broker sends again what is not acknowledged.
  std::erase_if(waiting_, [](const Request& request) { return request.qos != QoS::at_most_once; });
  report_.lost(failure);
}

void Responder::on_stopped(const ConnectionFailure* failure) {
  if (failure != nullptr && !ending_) status_ = report_.stopped(*failure);
  loop_.stop();
}

void Responder::end(ExitStatus status) {
  ending_ = true;
  if (status_ == ExitStatus::done) status_ = status;
  client_.stop();
}

void Responder::end_if_done() {
  const bool idle = waiting_.empty() && running_.empty() && answered_.empty() && client_.unfinished() == 0;
  if (ending_ && idle) client_.stop();
}

void Responder::signal_came(int number) {
  if (number == SIGCHLD) {
    commands_.children_ended();
    return work();
  }
  if (ending_) loop_.stop();
  commands_.terminate();
  end(ExitStatus::done);
}

void Responder::time_is_up() {
  if (status_ == ExitStatus::timed_out) return loop_.stop();
  cli::report(fmt::format("the time limit of {} is over (--timeout); {} requests came",
                          cli::duration_text(*options_.timeout), received_));
  status_ = ExitStatus::timed_out;
  commands_.terminate();
  end(ExitStatus::timed_out);
  time_limit_.arm(loop_.now() + farewell);
}

}  // namespace mqtk::respond
