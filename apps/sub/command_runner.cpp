#include "sub/command_runner.hpp"

#include <fmt/format.h>

#include "cli/output.hpp"

namespace mqtk::sub {

CommandRunner::CommandRunner(const std::string& command, std::size_t jobs, std::function<void(const Message&)> done)
    : done_(std::move(done)),
      pool_(command, jobs, cli::CommandPool::StandardOutput::shared,
            [this](const cli::CommandPool::Ended& job) { ended(job); }) {}

void CommandRunner::take(Message message) {
  waiting_.push_back(std::move(message));
  begin_waiting();
}

void CommandRunner::begin_waiting() {
  while (!waiting_.empty() && pool_.has_room()) {
    Message next = std::move(waiting_.front());
    waiting_.pop_front();
    const std::vector<std::string> variables = cli::message_variables({.qos = next.qos,
                                                                       .retain = next.message.retain(),
                                                                       .topic_name = next.message.topic(),
                                                                       .properties = next.message.properties(),
                                                                       .payload = {}});
    const auto started = pool_.start(++begun_, next.message.payload(), variables);
    if (started) {
      running_.emplace(begun_, std::move(next));
      continue;
    }
    cli::report(started.error());
    ++failures_;
    done_(next);
  }
}

void CommandRunner::ended(const cli::CommandPool::Ended& ended) {
  const auto job = running_.find(ended.tag);
  const Message message = std::move(job->second);
  running_.erase(job);
  if (ended.status != 0 && ++failures_ == 1) {
    cli::report(fmt::format("the command for '{}' ended with status {}", message.message.topic(), ended.status));
  }
  done_(message);
}

void CommandRunner::connection_lost() {
  std::erase_if(waiting_, [](const Message& message) { return message.qos != QoS::at_most_once; });
}

void CommandRunner::children_ended() {
  pool_.children_ended();
  begin_waiting();
}

void CommandRunner::abandon() {
  waiting_.clear();
  pool_.terminate();
}

}  // namespace mqtk::sub
