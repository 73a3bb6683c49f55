#include "retained/uploader.hpp"

#include <fmt/format.h>

#include "cli/failure_text.hpp"

namespace mqtk::retained {
namespace {

using cli::ExitStatus;

// The broker may be deaf when the time is up: its answer to DISCONNECT is not waited for any longer.
constexpr Duration farewell = std::chrono::milliseconds{200};

}  // namespace

Uploader::Uploader(const Options& options, const RetainedSet& set, Task task, cli::Output& output)
    : options_(options),
      task_(task),
      output_(output),
      report_(options.connection.endpoint, options.connection.connect),
      client_(loop_, options.connection.endpoint, options.connection.connect, *this),
      time_limit_(loop_, [this] { time_is_up(); }) {
  messages_.reserve(set.size());
  for (const auto& [topic, message] : set) messages_.push_back(&message);
}

ExitStatus Uploader::run() {
  if (options_.timeout) time_limit_.arm(loop_.refresh_now() + *options_.timeout);
  client_.start();
  loop_.run();
  output_.flush();
  return output_.ended() && status_ == ExitStatus::done ? output_.status() : status_;
}

void Uploader::send() {
  while (sent_ < messages_.size() && !ending_) {
    if (!send_one(*messages_[sent_])) return;
    output_.write(messages_[sent_++]->topic());
    output_.write("\n");
  }
  if (client_.unfinished() > 0 || ending_) return;
  ending_ = true;
  client_.stop();
}

// False where the broker takes no message at the moment.
bool Uploader::send_one(const ApplicationMessage& message) {
  Publish publish = as_publish(message, properties_);
  if (task_ == Task::remove) {
    // At QoS 0 nobody would know whether it has happened.
    publish = {
        .qos = QoS::at_least_once, .retain = true, .topic_name = message.topic(), .properties = {}, .payload = {}};
  }
  if (options_.connection.connect.version != Version::v5) publish.properties = {};
  const auto sent = client_.publish(publish, sent_);
  if (!sent) refused(message.topic(), rule_info(sent.error().rule).text);
  return !sent || *sent == Client::Flow::taken;
}

void Uploader::on_publish_done(const PublishDone& done) {
  if (is_failure(done.reason)) {
    refused(messages_[done.tag]->topic(), cli::reason_text(done.reason, done.answer, done.reason_string));
  }
  send();
}

void Uploader::refused(std::string_view topic, std::string_view why) {
  cli::report(fmt::format("the broker refused the message to '{}': {}", topic, why));
  status_ = ExitStatus::refused_later;
}

void Uploader::on_stopped(const ConnectionFailure* failure) {
  if (failure != nullptr && !ending_) status_ = report_.stopped(*failure);
  loop_.stop();
}

void Uploader::time_is_up() {
  if (ending_) return loop_.stop();
  ending_ = true;
  cli::report(fmt::format("the time limit of {} is over (--timeout); {} of {} messages were sent",
                          cli::duration_text(*options_.timeout), sent_, messages_.size()));
  status_ = ExitStatus::timed_out;
  client_.stop();
  time_limit_.arm(loop_.now() + farewell);
}

}  // namespace mqtk::retained
