#include "broker_process.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

namespace mqtk::benchmark {
namespace {

void pin(int core) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<unsigned>(core), &set);
  (void)sched_setaffinity(0, sizeof set, &set);
}

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

}  // namespace

BrokerProcess::BrokerProcess(const std::vector<std::string>& command, const std::string& log) : pid_(fork()) {
  if (pid_ != 0) return;
  pin(0);
  const int out = open(log.c_str(), O_CREAT | O_WRONLY | O_TRUNC, 0600);
  dup2(out, 1);
  dup2(out, 2);
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  execvp(arguments[0], arguments.data());
  _exit(127);
}

BrokerProcess::BrokerProcess(const std::function<void()>& work) : pid_(fork()) {
  if (pid_ != 0) return;
  pin(0);
  work();
  _exit(0);
}

BrokerProcess::~BrokerProcess() {
  kill(pid_, SIGTERM);
  waitpid(pid_, nullptr, 0);
}

double BrokerProcess::cpu_seconds() const {
  double nanoseconds = 0;
  for (const auto& task : std::filesystem::directory_iterator{fmt::format("/proc/{}/task", pid_)}) {
    std::ifstream file{task.path() / "schedstat"};
    double running = 0;
    file >> running;
    nanoseconds += running;
  }
  return nanoseconds / 1e9;
}

std::size_t BrokerProcess::resident_bytes() const {
  std::ifstream file{fmt::format("/proc/{}/statm", pid_)};
  std::size_t total = 0;
  std::size_t resident = 0;
  file >> total >> resident;
  return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

int free_port() {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  bind(fd, reinterpret_cast<sockaddr*>(&address), size);
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  close(fd);
  return ntohs(address.sin_port);
}

bool wait_for_port(int port) {
  for (int attempt = 0; attempt < 500; ++attempt) {
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    const sockaddr_in address = loopback(port);
    const bool connected = connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    close(fd);
    if (connected) return true;
    usleep(10'000);
  }
  return false;
}

std::vector<std::string> mqtk_command(int port) {
  const auto program = std::filesystem::read_symlink("/proc/self/exe").parent_path() / "mqtk-broker";
  if (!std::filesystem::exists(program)) return {};
  return {program.string(), "--port", std::to_string(port)};
}

std::vector<std::string> mosquitto_command(int port, const std::string& directory) {
  std::string program;
  for (const char* place : {"/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto", "/usr/bin/mosquitto"}) {
    if (std::filesystem::exists(place)) program = place;
  }
  if (program.empty()) return {};
  const std::string path = directory + "/mosquitto.conf";
  std::ofstream{path} << "listener " << port
                      << " 127.0.0.1\nallow_anonymous true\npersistence false\nset_tcp_nodelay true\n"
                         "max_queued_messages 0\nmax_inflight_messages 0\n";
  return {program, "-c", path};
}

void pin_load() {
  if (sysconf(_SC_NPROCESSORS_ONLN) > 1) pin(1);
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values.empty() ? 0 : values[values.size() / 2];
}

}  // namespace mqtk::benchmark
