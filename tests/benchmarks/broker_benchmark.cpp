// mqtk-broker beside mosquitto, in turn, several rounds in one run: deliveries a second and broker CPU microseconds a
// delivery (which are CPU seconds per million deliveries) for 50 to 1, 1 to 50 and 50 to 50 connections; then memory
// and CPU of idle connections.
//
//   broker_benchmark [rounds] [idle connections]
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <map>

#include "broker_process.hpp"
#include "load.hpp"

using namespace mqtk::benchmark;

namespace {

struct Figures {
  std::vector<double> cpu;   // microseconds a delivery
  std::vector<double> rate;  // deliveries a second
  std::string error;
};

std::vector<std::string> command_of(const std::string& broker, int port, const std::string& directory) {
  return broker == "mqtk" ? mqtk_command(port) : mosquitto_command(port, directory);
}

void measure(const std::string& broker, const Load& load, const std::string& directory, Figures& figures) {
  const int port = free_port();
  BrokerProcess process{command_of(broker, port, directory), directory + "/" + broker + ".log"};
  if (!wait_for_port(port)) {
    figures.error = "does not start";
    return;
  }
  const double before = process.cpu_seconds();
  const LoadResult result = run_load(port, load);
  const double cpu = process.cpu_seconds() - before;
  if (!result.error.empty()) {
    figures.error = result.error;
    return;
  }
  figures.cpu.push_back(cpu / static_cast<double>(result.deliveries) * 1e6);
  figures.rate.push_back(static_cast<double>(result.deliveries) / result.seconds);
}

void print_cell(const Figures& figures) {
  if (!figures.error.empty()) {
    fmt::print(" {:>20}", figures.error);
  } else {
    fmt::print(" {:>9.2f} {:>10.0f}", median(figures.cpu), median(figures.rate));
  }
}

void idle(const std::string& broker, int count, const std::string& directory) {
  const int port = free_port();
  BrokerProcess process{command_of(broker, port, directory), directory + "/" + broker + ".log"};
  if (!wait_for_port(port)) return;
  IdleConnections warm_up;
  (void)warm_up.open(port, 10);
  const double memory = static_cast<double>(process.resident_bytes());
  const double cpu = process.cpu_seconds();
  IdleConnections connections;
  const int opened = connections.open(port, count);
  fmt::print("{:<10} {:>6} idle connections: {:>6.0f} bytes and {:>5.1f} us of CPU each\n", broker, opened,
             (static_cast<double>(process.resident_bytes()) - memory) / opened,
             (process.cpu_seconds() - cpu) / opened * 1e6);
}

void table(int rounds, const std::string& directory) {
  struct Shape {
    const char* name;
    int publishers;
    int subscribers;
    bool paired;
  };
  fmt::print("{:<24} {:>20} {:>20} {:>8}\n", "", "mqtk", "mosquitto", "share");
  fmt::print("{:<24} {:>9} {:>10} {:>9} {:>10} {:>8}\n", "load", "us/del.", "del./s", "us/del.", "del./s", "of CPU");
  for (const Shape& shape : {Shape{"50 to 1", 50, 1, false}, {"1 to 50", 1, 50, false}, {"50 to 50", 50, 50, true}}) {
    for (const std::size_t payload : {std::size_t{64}, std::size_t{1024}}) {
      for (int qos = 0; qos < 3; ++qos) {
        const std::uint64_t deliveries = qos == 0 ? 400'000 : 150'000;
        const bool fan_out = shape.subscribers > 1 && !shape.paired;
        const Load load{
            shape.publishers, shape.subscribers, shape.paired, qos, payload, fan_out ? deliveries / 50 : deliveries};
        std::map<std::string, Figures> figures;
        for (int round = 0; round < rounds; ++round) {
          for (const char* broker : {"mqtk", "mosquitto"}) measure(broker, load, directory, figures[broker]);
        }
        fmt::print("{:<9} QoS {}, {:>4} B   ", shape.name, qos, payload);
        print_cell(figures["mqtk"]);
        print_cell(figures["mosquitto"]);
        fmt::print("   1/{:.1f}\n", median(figures["mosquitto"].cpu) / median(figures["mqtk"].cpu));
        std::fflush(stdout);
      }
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 3;
  const int idle_connections = argc > 2 ? std::atoi(argv[2]) : 10'000;
  const std::string directory = fmt::format("/tmp/mqtk-benchmark-{}", getpid());
  std::filesystem::create_directory(directory);
  std::filesystem::permissions(directory, std::filesystem::perms::owner_all | std::filesystem::perms::others_all);
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  pin_load();
  if (mosquitto_command(1, directory).empty()) fmt::print(stderr, "mosquitto is not installed\n");
  table(rounds, directory);
  if (idle_connections > 0) {
    for (const char* broker : {"mqtk", "mosquitto"}) idle(broker, idle_connections, directory);
  }
  std::filesystem::remove_all(directory);
  return 0;
}
