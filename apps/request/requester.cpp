#include "request/requester.hpp"

#include <fmt/format.h>

#include <random>

#include "base/json_text.hpp"
#include "cli/failure_text.hpp"
#include "cli/json_view.hpp"
#include "codec/topic.hpp"

namespace mqtk::request {
namespace {

using cli::ExitStatus;
using cli::MessageSource;

ConnectOptions connect_options(const Options& options) {
  ConnectOptions connect = options.connection.connect;
  const bool reconnect_asked_for = connect.reconnect.first_connect == ReconnectPolicy::FirstConnect::is_tried_again;
  if (!options.input.is_stream() && !reconnect_asked_for) connect.reconnect.attempts = 0;
  if (!options.response_topic) {
    connect.fall_back_to_v3_1_1 = false;
    if (!connect.properties.block().find(PropertyId::request_response_information)) {
      connect.properties.add(PropertyId::request_response_information, 1U);
    }
  }
  return connect;
}

std::string random_token() {
  std::random_device random;
  return fmt::format("{:08x}{:08x}", random(), random());
}

// The member's name, where the pointer leads to one of the first level.
std::optional<std::string_view> first_level_member(std::string_view pointer) {
  if (pointer.size() < 2 || pointer.find('/', 1) != std::string_view::npos ||
      pointer.find('~') != std::string_view::npos) {
    return std::nullopt;
  }
  return pointer.substr(1);
}

// `object` with one more member in front; nothing where it is no JSON object.
std::optional<std::string> with_member(std::string_view object, std::string_view name, std::string_view value) {
  const auto whole = cli::json_at(object, "");
  if (!whole || whole->front() != '{') return std::nullopt;
  std::string text = "{";
  append_json_string(text, name);
  text += ':';
  append_json_string(text, value);
  const bool is_empty = whole->find_first_not_of(" \t\r\n", 1) == whole->size() - 1;
  if (!is_empty) text += ',';
  text += whole->substr(1);
  return text;
}

}  // namespace

Requester::Requester(const Options& options, MessageSource& source)
    : options_(options),
      source_(source),
      connect_(connect_options(options)),
      report_(options.connection.endpoint, connect_),
      printer_(options.format),
      client_(loop_, options.connection.endpoint, connect_, *this),
      input_(loop_, source.descriptor(), [this] { send(); }),
      time_limit_(loop_, [this] { time_is_up(); }),
      open_(options.match_json.value_or("")),
      token_(random_token()) {}

ExitStatus Requester::run() {
  client_.start();
  loop_.run();
  (void)output_.flush();
  if (passed_over_ > 0 && status_ == ExitStatus::timed_out) {
    cli::report(
        fmt::format("{} messages at '{}' answered no request; {}", passed_over_, response_topic_,
                    options_.match_json ? "check --match-json" : "they repeated other Correlation Data or none"));
  }
  if (options_.latency) print_latency();
  return output_.ended() && status_ == ExitStatus::done ? output_.status() : status_;
}

// --- asking ----------------------------------------------------------------------------------------------------------

void Requester::on_connected(const Connected& connected) {
  report_.connected();
  speaks_v5_ = connected.version == Version::v5;
  if (!std::exchange(asked_to_listen_, true)) listen_for_answers(connected);
}

void Requester::listen_for_answers(const Connected& connected) {
  using Matching = OpenRequests::Matching;
  open_.match_by(options_.match_json ? Matching::json : speaks_v5_ ? Matching::correlation_data : Matching::oldest);
  std::string base{connected.properties.text(PropertyId::response_information).value_or("mqtk/response")};
  if (base.ends_with('/')) base.pop_back();
  response_topic_ = options_.response_topic.value_or(fmt::format("{}/{}", base, token_));
  SubscriptionWriter filters;
  filters.add({.topic_filter = response_topic_,
               .qos = options_.qos,
               .retain_handling = speaks_v5_ ? RetainHandling::do_not_send : RetainHandling::send});
  const auto asked = client_.subscribe({0, options_.connection.subscribe_properties.block(), filters.list()});
  if (!asked) fail(fmt::format("cannot subscribe: {}", rule_info(asked.error().rule).text), ExitStatus::refused_later);
  time_limit_.arm(loop_.now() + options_.timeout);
}

void Requester::on_subscribed(Tag tag, const Suback& answer) {
  (void)tag;
  const auto reason = static_cast<ReasonCode>(answer.reason_codes[0]);
  if (is_failure(reason)) {
    const std::string_view why = answer.properties.text(PropertyId::reason_string).value_or("");
    return fail(fmt::format("the broker denied the subscription to the response topic '{}': {}", response_topic_,
                            cli::reason_text(reason, PacketType::suback, why)),
                ExitStatus::refused_later);
  }
  listening_ = true;
  time_limit_.cancel();
  send();
}

void Requester::send() {
  while (listening_ && !input_ended_ && open_.size() < options_.parallel && input_has_message()) {
    if (!prepare() || !send_one()) return;
  }
}

bool Requester::input_has_message() {
  switch (source_.next()) {
    case MessageSource::State::message: return true;
    case MessageSource::State::end:
      input_ended_ = true;
      end_if_done();
      return false;
    case MessageSource::State::failed: fail(source_.error(), source_.error_status()); return false;
    case MessageSource::State::need_input: break;
  }
  if (const auto error = input_.await_readable()) {
    fail(fmt::format("cannot read the input: {}", error.message()), ExitStatus::local_failure);
  }
  return false;
}

bool Requester::prepare() {
  if (prepared_) return true;
  message_ = {.qos = options_.qos,
              .topic_name = options_.topic,
              .properties = options_.connection.publish_properties.block(),
              .payload = {}};
  source_.fill(message_);
  if (const Fault fault = TopicName::check(message_.topic_name)) {
    fail(fmt::format("{}topic '{}': {}", source_.position(), message_.topic_name, rule_info(fault.rule).text),
         ExitStatus::malformed_input);
    return false;
  }
  key_ = fmt::format("{}-{}", token_, sent_ + 1);
  if (options_.match_json && !prepare_match(message_)) return false;
  if (speaks_v5_) {
    properties_.clear();
    for (const Property& property : message_.properties) {
      const bool is_ours = property.id == PropertyId::response_topic || property.id == PropertyId::correlation_data;
      if (!is_ours) properties_.add(property);
    }
    properties_.add(PropertyId::response_topic, response_topic_);
    if (!options_.match_json) properties_.add(PropertyId::correlation_data, key_);
    message_.properties = properties_.block();
  }
  prepared_ = true;
  return true;
}

bool Requester::prepare_match(Publish& message) {
  if (const auto value = cli::json_at(as_text(message.payload), *options_.match_json)) {
    key_ = cli::json_plain(*value);
    return true;
  }
  const auto name = first_level_member(*options_.match_json);
  auto with_key = name ? with_member(as_text(message.payload), *name, key_) : std::nullopt;
  if (!with_key) {
    fail(fmt::format("{}the request has no value at {} (--match-json), and none can be added", source_.position(),
                     *options_.match_json),
         ExitStatus::malformed_input);
    return false;
  }
  payload_ = std::move(*with_key);
  message.payload = as_bytes(payload_);
  return true;
}

bool Requester::send_one() {
  const auto sent = client_.publish(message_, sent_ + 1);
  if (!sent) {
    fail(fmt::format("{}cannot publish to '{}': {}", source_.position(), message_.topic_name,
                     rule_info(sent.error().rule).text),
         ExitStatus::refused_later);
    return false;
  }
  if (*sent == Client::Flow::wait) return false;
  ++sent_;
  open_.add(sent_, {.sent = loop_.refresh_now(), .key = key_});
  if (!time_limit_.is_armed()) time_limit_.arm(loop_.now() + options_.timeout);
  source_.take();
  prepared_ = false;
  return true;
}

void Requester::on_publish_done(const PublishDone& done) {
  if (open_.find(done.tag) == nullptr) return;
  if (is_failure(done.reason)) {
    fail_one(done.tag,
             fmt::format("the broker refused {}: {}", name_of(done.tag),
                         cli::reason_text(done.reason, done.answer, done.reason_string)),
             ExitStatus::refused_later);
  } else if (done.reason == ReasonCode::no_matching_subscribers) {
    fail_one(done.tag, fmt::format("nobody subscribes to the topic of {}", name_of(done.tag)),
             ExitStatus::assertion_failed);
  }
}

// --- answers ---------------------------------------------------------------------------------------------------------

void Requester::on_message(const Publish& message) {
  if (ending_ || message.topic_name != response_topic_) return;
  // What was kept is from before the request.
  const auto number = message.retain ? std::nullopt : open_.belongs_to(message);
  if (!number) {
    ++passed_over_;
    return;
  }
  OpenRequest& request = *open_.find(*number);
  if (request.answers++ == 0) latency_.record(loop_.refresh_now() - request.sent);
  printer_.append(output_.buffer(), message, printer_.needs_time() ? loop_.wall_now() : WallTime{});
  if (request.answers == options_.answers) finish(*number);
}

void Requester::on_messages_end() {
  if (output_.flush()) return;
  ending_ = true;
  client_.stop();
}

void Requester::finish(std::uint64_t number) {
  open_.remove(number);
  end_if_done();
  send();
}

void Requester::time_is_up() {
  if (!listening_) {
    return fail(fmt::format("{} has not answered the subscription to the response topic within {} (--timeout)",
                            short_text(options_.connection.endpoint), cli::duration_text(options_.timeout)),
                ExitStatus::timed_out);
  }
  while (!open_.empty() && !ending_) {
    const auto& [number, request] = open_.oldest();
    if (loop_.now() < request.sent + options_.timeout) return time_limit_.arm(request.sent + options_.timeout);
    const bool enough = options_.answers == Options::all_in_time && request.answers > 0;
    if (enough) {
      finish(number);
      continue;
    }
    const std::string limit = cli::duration_text(options_.timeout);
    const std::string count = request.answers == 0
                                  ? std::string{"no answer"}
                                  : fmt::format("only {} of {} answers", request.answers, options_.answers);
    fail_one(number, fmt::format("{} to {} within {} (--timeout)", count, name_of(number), limit),
             ExitStatus::timed_out);
  }
}

// --- the end ---------------------------------------------------------------------------------------------------------

std::string Requester::name_of(std::uint64_t number) const {
  return options_.input.is_stream() ? fmt::format("request {}", number) : "the request";
}

void Requester::fail_one(std::uint64_t number, std::string_view line, ExitStatus status) {
  cli::report(line);
  if (status_ == ExitStatus::done) status_ = status;
  finish(number);
}

// Requests that are on their way may still be answered.
void Requester::fail(std::string_view line, ExitStatus status) {
  cli::report(line);
  if (status_ == ExitStatus::done) status_ = status;
  input_ended_ = true;
  end_if_done();
}

void Requester::end_if_done() {
  if (!input_ended_ || !open_.empty()) return;
  ending_ = true;
  client_.stop();
}

void Requester::on_connection_lost(const ConnectionFailure& failure, Duration next_attempt_in) {
  (void)next_attempt_in;
  report_.lost(failure);
}

void Requester::on_stopped(const ConnectionFailure* failure) {
  if (failure != nullptr && !ending_) status_ = report_.stopped(*failure);
  loop_.stop();
}

void Requester::print_latency() const {
  const auto text = [](Duration duration) {
    return fmt::format("{:.3f}", std::chrono::duration<double, std::milli>(duration).count());
  };
  if (latency_.count() == 0) return cli::report(fmt::format("{} requests, 0 answered", sent_));
  cli::report(fmt::format("{} requests, {} answered; milliseconds: min {}, mean {}, p50 {}, p90 {}, p99 {}, max {}",
                          sent_, latency_.count(), text(latency_.min()), text(latency_.mean()),
                          text(latency_.percentile(50)), text(latency_.percentile(90)), text(latency_.percentile(99)),
                          text(latency_.max())));
}

}  // namespace mqtk::request
