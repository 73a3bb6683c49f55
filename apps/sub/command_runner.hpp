// --exec: a command for each message, and which messages it is done with.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>

#include "cli/command_pool.hpp"
#include "codec/packet.hpp"
#include "session/application_message.hpp"

namespace mqtk::sub {

class CommandRunner {
 public:
  struct Message {
    ApplicationMessage message;
    QoS qos = QoS::at_most_once;  // at which it came, as the next two
    PacketIdentifier packet_identifier = 0;
    std::uint64_t connection = 0;
  };

  // `done` is called when the command of a message has ended, whatever its status.
  CommandRunner(const std::string& command, std::size_t jobs, std::function<void(const Message&)> done);

  void take(Message message);
  // Messages wait that cannot be begun: read no more for now.
  [[nodiscard]] bool is_full() const { return waiting_.size() >= most_waiting; }
  [[nodiscard]] bool is_idle() const { return waiting_.empty() && running_.empty(); }
  // Messages that wait, and that the broker will send again.
  void connection_lost();

  // To be called after each SIGCHLD.
  void children_ended();
  // Begins nothing any more and ends what runs.
  void abandon();
  [[nodiscard]] std::uint64_t failures() const { return failures_; }

 private:
  static constexpr std::size_t most_waiting = 100;
  void begin_waiting();
  void ended(const cli::CommandPool::Ended& ended);

  std::function<void(const Message&)> done_;
  cli::CommandPool pool_;
  std::deque<Message> waiting_;
  std::map<std::uint64_t, Message> running_;  // by the number of the job
  std::uint64_t begun_ = 0;
  std::uint64_t failures_ = 0;
};

}  // namespace mqtk::sub
