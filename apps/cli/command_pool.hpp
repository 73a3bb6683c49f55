// Runs a shell command for each of many messages, several at a time.
//
// The payload is the command's standard input, as a file: a command that does not read it blocks nobody, and one that
// reads it twice may.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <expected>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "codec/packet.hpp"
#include "net/file_descriptor.hpp"

namespace mqtk::cli {

class CommandPool {
 public:
  enum class StandardOutput : std::uint8_t { shared, captured };  // shared: the command writes to ours

  struct Ended {
    std::uint64_t tag = 0;
    int status = 0;           // 128+n if signal n ended it
    std::string output = {};  // captured
  };

  // `shell_text` is given to sh -c. `ended` is called from children_ended(), and may start the next.
  CommandPool(std::string shell_text, std::size_t jobs, StandardOutput standard_output,
              std::function<void(const Ended&)> ended);

  [[nodiscard]] bool has_room() const { return running_.size() < jobs_; }
  [[nodiscard]] std::size_t running() const { return running_.size(); }

  // Only with has_room(). The command finds `variables` ("NAME=VALUE") in its environment beside ours. The error is
  // one line.
  [[nodiscard]] std::expected<void, std::string> start(std::uint64_t tag, Bytes input,
                                                       const std::vector<std::string>& variables);

  // To be called after each SIGCHLD.
  void children_ended();
  // Sends SIGTERM to those that run.
  void terminate() const;

 private:
  struct Job {
    pid_t process;
    std::uint64_t tag;
    FileDescriptor output;
  };

  std::string shell_text_;
  std::size_t jobs_;
  StandardOutput standard_output_;
  std::function<void(const Ended&)> ended_;
  std::vector<Job> running_;
};

// MQTK_TOPIC, MQTK_QOS, MQTK_RETAIN, and those properties that the message has: MQTK_CONTENT_TYPE, MQTK_RESPONSE_TOPIC,
// MQTK_CORRELATION_DATA (or MQTK_CORRELATION_DATA_BASE64 where it is no text), MQTK_MESSAGE_EXPIRY_INTERVAL,
// MQTK_PAYLOAD_FORMAT_INDICATOR; MQTK_PROPERTIES has all of them as JSON.
[[nodiscard]] std::vector<std::string> message_variables(const Publish& message);

}  // namespace mqtk::cli
