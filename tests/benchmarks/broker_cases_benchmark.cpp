// mqtk-broker where broker_benchmark does not look, each case beside mosquitto or what it is to be compared with, in
// turn, several rounds in one run:
//
//   - one message in flight for each publisher, beside a program that only moves bytes
//   - 10,000 subscriptions of which 10 match, beside these 10 alone
//   - 5,000 messages a second over 50 pairs: latency
//   - from the start of the program to its first CONNACK
//   - memory of 100,000 retained messages
//   - QoS 1 with and without --state-dir
//   - how long a client waits meanwhile: for one that subscribes to 100,000 retained messages, for a new log of the
//   state
//
//   broker_cases_benchmark [rounds] [case, a word of its name]
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <functional>

#include "broker_process.hpp"
#include "forwarder.hpp"
#include "load.hpp"
#include "stall.hpp"

using namespace mqtk::benchmark;

namespace {

using Command = std::function<std::vector<std::string>(int port)>;

struct Contender {
  std::string name;
  Command command;  // none: the forwarder
  Load load;
  std::vector<double> cpu = {};     // microseconds a delivery
  std::vector<double> median = {};  // of the latency, microseconds
  std::vector<double> p99 = {};
  std::string error = {};
};

// Another file with the same name has another one.
ino_t file_number(const std::string& path) {
  struct stat facts = {};
  return stat(path.c_str(), &facts) == 0 ? facts.st_ino : 0;
}

struct Bench {
  int rounds;
  std::string directory;

  [[nodiscard]] Command mosquitto() const {
    return [this](int port) { return mosquitto_command(port, directory); };
  }
  // Each time with a directory that is empty.
  [[nodiscard]] Command keeping() const {
    return [this](int port) {
      const std::string state = directory + "/state";
      std::filesystem::remove_all(state);
      auto command = mqtk_command(port);
      command.insert(command.end(), {"--state-dir", state});
      return command;
    };
  }
  [[nodiscard]] std::unique_ptr<BrokerProcess> start(const Command& command, int port) const {
    if (command == nullptr) return std::make_unique<BrokerProcess>([port] { forward_bytes(port); });
    return std::make_unique<BrokerProcess>(command(port), directory + "/log");
  }

  void measure(Contender& contender) const {
    const int port = free_port();
    const auto process = start(contender.command, port);
    if (!wait_for_port(port)) {
      contender.error = "does not start";
      return;
    }
    const double before = process->cpu_seconds();
    const LoadResult result = run_load(port, contender.load);
    const double cpu = process->cpu_seconds() - before;
    if (!result.error.empty()) {
      contender.error = result.error;
      return;
    }
    contender.cpu.push_back(cpu / static_cast<double>(result.deliveries) * 1e6);
    contender.median.push_back(result.median_microseconds);
    contender.p99.push_back(result.p99_microseconds);
  }

  // Medians of all rounds; the ratio is to the last one.
  void compare(const std::string& title, std::vector<Contender> contenders) const {
    for (int round = 0; round < rounds; ++round) {
      for (Contender& contender : contenders) measure(contender);
    }
    fmt::print("{}\n", title);
    const double base = median(contenders.back().cpu);
    for (const Contender& contender : contenders) {
      if (!contender.error.empty()) {
        fmt::print("  {:<34} {}\n", contender.name, contender.error);
        continue;
      }
      fmt::print("  {:<34} {:>7.3f} us of CPU a delivery ({:.2f})   p50 {:>6.0f} us   p99 {:>6.0f} us\n",
                 contender.name, median(contender.cpu), median(contender.cpu) / base, median(contender.median),
                 median(contender.p99));
    }
    std::fflush(stdout);
  }

  void one_in_flight() const {
    for (int qos = 0; qos < 2; ++qos) {
      const Load load{
          .publishers = 50, .subscribers = 50, .paired = true, .qos = qos, .messages = 60'000, .in_flight = 1};
      std::vector<Contender> contenders{{"mqtk", mqtk_command, load}, {"mosquitto", mosquitto(), load}};
      if (qos == 0) contenders.push_back({"forwarder of bytes", nullptr, load});
      compare(fmt::format("One message in flight, QoS {}", qos), std::move(contenders));
    }
  }

  void many_filters() const {
    Load few{.publishers = 10, .subscribers = 10, .messages = 40'000, .wildcards = true};
    Load many = few;
    many.foreign_filters = 9'990;
    compare("10 matching subscriptions, half with '+', half with '#'", {{"mosquitto, 10,000 in all", mosquitto(), many},
                                                                        {"mosquitto, only these", mosquitto(), few},
                                                                        {"mqtk, 10,000 in all", mqtk_command, many},
                                                                        {"mqtk, only these", mqtk_command, few}});
  }

  void paced() const {
    const Load load{.publishers = 50, .subscribers = 50, .paired = true, .messages = 20'000, .per_second = 5'000};
    compare("5,000 messages a second over 50 pairs, QoS 0",
            {{"mqtk", mqtk_command, load}, {"mosquitto", mosquitto(), load}});
  }

  void state_directory() const {
    for (const auto sessions : {Load::Sessions::clean, Load::Sessions::kept}) {
      const bool kept = sessions == Load::Sessions::kept;
      for (const bool paired : {true, false}) {
        const Load load{.publishers = 50,
                        .subscribers = paired ? 50 : 1,
                        .paired = paired,
                        .qos = 1,
                        .messages = 150'000,
                        .sessions = sessions};
        compare(fmt::format("QoS 1, {}, {} Sessions", paired ? "50 to 50" : "50 to 1", kept ? "kept" : "clean"),
                {{"mqtk --state-dir", keeping(), load}, {"mqtk", mqtk_command, load}});
      }
    }
  }

  void first_answer() const {
    fmt::print("From the start of the program to the first CONNACK\n");
    for (const auto& [name, command] : {std::pair<std::string, Command>{"mqtk", mqtk_command},
                                        {"mqtk --state-dir", keeping()},
                                        {"mosquitto", mosquitto()}}) {
      std::vector<double> milliseconds;
      for (int i = 0; i < 10 * rounds; ++i) {
        const int port = free_port();
        const auto before = std::chrono::steady_clock::now();
        const auto process = start(command, port);
        while (!is_served(port) && std::chrono::steady_clock::now() - before < std::chrono::seconds{5}) usleep(50);
        const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - before;
        milliseconds.push_back(took.count());
      }
      fmt::print("  {:<34} {:>7.1f} ms\n", name, median(milliseconds));
    }
  }

  void retained() const {
    constexpr int count = 100'000;
    fmt::print("{} retained messages, beyond topic and payload\n", count);
    for (const auto& [name, command] :
         {std::pair<std::string, Command>{"mqtk", mqtk_command}, {"mosquitto", mosquitto()}}) {
      const int port = free_port();
      const auto process = start(command, port);
      if (!wait_for_port(port) || !is_served(port)) continue;
      const auto before = static_cast<double>(process->resident_bytes());
      const auto content = static_cast<double>(retain_messages(port, count));
      const double grown = static_cast<double>(process->resident_bytes()) - before;
      fmt::print("  {:<34} {:>7.0f} bytes each\n", name, (grown - content) / count);
    }
  }

  static void print_round_trips(std::string_view name, const RoundTrips& trips) {
    if (trips.count == 0) {
      fmt::print("  {:<34} failed\n", name);
      return;
    }
    fmt::print("  {:<34} {:>7.3f} ms p50  {:>7.3f} ms p99  {:>7.3f} ms at most, of {}\n", name,
               trips.median_milliseconds, trips.p99_milliseconds, trips.longest_milliseconds, trips.count);
  }

  void stalls() const {
    constexpr int count = 100'000;
    constexpr int sessions = 1'000;
    fmt::print("Round trips of another client; {} retained messages, {} Sessions\n", count, sessions);
    for (const auto& [name, command] :
         {std::pair<std::string, Command>{"mqtk --state-dir", keeping()}, {"mosquitto", mosquitto()}}) {
      const int port = free_port();
      const auto process = start(command, port);
      if (!wait_for_port(port) || retain_messages(port, count) == 0 || !leave_sessions(port, sessions)) continue;
      for (int round = 0; round < rounds; ++round) {
        print_round_trips(name + ", alone", round_trips_during(port, [] { return usleep(1'000'000) == 0; }));
        print_round_trips(name + ", beside '#'",
                          round_trips_during(port, [&] { return read_all_retained(port, count); }));
        const std::string log = directory + "/state/state";
        if (name == "mosquitto") continue;
        print_round_trips(name + ", beside 20 KB messages", round_trips_during(port, [&] {
                            return publish_until(port, [left = 500]() mutable { return --left < 0; });
                          }));
        print_round_trips(name + ", and a new log", round_trips_during(port, [&] {
                            return publish_until(port, [&, old = file_number(log)] { return file_number(log) != old; });
                          }));
      }
    }
  }
};

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 3;
  const std::string wanted = argc > 2 ? argv[2] : "";
  const std::string directory = fmt::format("/tmp/mqtk-benchmark-{}", getpid());
  std::filesystem::create_directory(directory);
  std::filesystem::permissions(directory, std::filesystem::perms::owner_all | std::filesystem::perms::others_all);
  if (mosquitto_command(1, directory).empty()) fmt::print(stderr, "mosquitto is not installed\n");
  const Bench bench{rounds, directory};
  pin_load();
  const std::vector<std::pair<std::string, void (Bench::*)() const>> cases{
      {"flight", &Bench::one_in_flight}, {"filters", &Bench::many_filters}, {"paced", &Bench::paced},
      {"start", &Bench::first_answer},   {"retained", &Bench::retained},    {"state", &Bench::state_directory},
      {"stalls", &Bench::stalls}};
  for (const auto& [name, run] : cases) {
    if (wanted.empty() || wanted == name) (bench.*run)();
  }
  std::filesystem::remove_all(directory);
  return 0;
}
