// A broker started for a measurement, pinned to one core, and what it cost.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

namespace mqtk::benchmark {

class BrokerProcess {
 public:
  // Starts `command` on core 0 with its output in `log`; ends it when destroyed.
  BrokerProcess(const std::vector<std::string>& command, const std::string& log);
  // The same with what is to be done instead of a command; it does not return.
  explicit BrokerProcess(const std::function<void()>& work);
  BrokerProcess(const BrokerProcess&) = delete;
  BrokerProcess& operator=(const BrokerProcess&) = delete;
  ~BrokerProcess();

  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] double cpu_seconds() const;  // of all threads so far
  [[nodiscard]] std::size_t resident_bytes() const;

 private:
  pid_t pid_;
};

// A TCP port of 127.0.0.1 that nobody listens on now.
[[nodiscard]] int free_port();

// Waits up to 5 s until something accepts on the port.
[[nodiscard]] bool wait_for_port(int port);

// mqtk-broker beside this program, and mosquitto from PATH with a fair configuration (no limits on queues, no delay,
// no persistence) written to `directory`. No command where a program is missing.
[[nodiscard]] std::vector<std::string> mqtk_command(int port);
[[nodiscard]] std::vector<std::string> mosquitto_command(int port, const std::string& directory);

// Pins this process to core 1 where there is one, so that load and broker do not share a core.
void pin_load();

[[nodiscard]] double median(std::vector<double> values);

}  // namespace mqtk::benchmark
