#include "load/load_run.hpp"

#include <doctest/doctest.h>

#include <thread>

#include "load/load_sink.hpp"

using namespace mqtk;
using namespace std::chrono_literals;

namespace {

// A sink with a thread of its own.
class SinkThread {
 public:
  SinkThread() : sink_(loop_) {
    endpoint_ = sink_.listen({.host = "127.0.0.1", .port = 0}).value();
    thread_ = std::thread([this] { loop_.run(); });
  }
  ~SinkThread() { end(); }

  [[nodiscard]] const Endpoint& endpoint() const { return endpoint_; }
  // Ends it.
  const LoadSink::Counts& counts() {
    end();
    return sink_.counts();
  }

 private:
  void end() {
    if (!thread_.joinable()) return;
    loop_.stop();
    thread_.join();
  }

  Loop loop_;
  LoadSink sink_;
  Endpoint endpoint_;
  std::thread thread_;
};

class Run final : LoadRunListener {
 public:
  explicit Run(const Scenario& scenario, LoadSlice process = {}) : run_(loop_, scenario, *this, process) {}

  LoadResult result() {
    run_.start();
    for (int turns = 0; !done_ && turns < 100'000; ++turns) loop_.run_turn(1s);
    REQUIRE(done_);
    return run_.take_result();
  }

  std::uint64_t sent_in_intervals = 0;
  bool interrupts = false;  // once it runs

 private:
  void on_running() override {
    // What part 2 tells of its clock comes at any time, too.
    run_.set_clocks(
        {{.known = true, .is_ours = true}, {.known = true, .is_ours = false, .ahead = 5s, .uncertainty = 1ms}});
  }
  void on_interval(const LoadInterval& interval) override {
    sent_in_intervals += interval.traffic.sent;
    if (interrupts) run_.end_early();
  }
  void on_done() override { done_ = true; }

  Loop loop_;
  LoadRun run_;
  bool done_ = false;
};

Scenario scenario_of(const Endpoint& endpoint, std::uint32_t threads) {
  Scenario scenario;
  scenario.endpoint = endpoint;
  scenario.threads = threads;
  scenario.phases = {{.name = "hold", .length = 20s}};
  ClientGroup group;
  group.count = 7;
  group.connect.client_identifier = "c{i}";
  group.topic = *TextTemplate::parse("t/{i}", TextTemplate::Braces::are_places, nullptr);
  group.qos = QoS::at_least_once;
  group.rate = 5000;
  group.messages = 1003;
  scenario.groups.push_back(std::move(group));
  return scenario;
}

}  // namespace

TEST_CASE("threads send together exactly what one sends, and every message is acknowledged") {
  for (const std::uint32_t threads : {1U, 4U}) {
    CAPTURE(threads);
    SinkThread sink;
    const Scenario scenario = scenario_of(sink.endpoint(), threads);
    Run run{scenario};
    const LoadResult result = run.result();
    CHECK(result.counts.connected == 7);
    CHECK(result.counts.traffic.sent == 1003);
    CHECK(result.counts.traffic.acknowledged == 1003);
    CHECK(result.latency(Latency::publish).count() == 1003);
    CHECK(result.errors.count() == 0);
    CHECK(run.sent_in_intervals == 1003);
    CHECK(sink.counts().messages == 1003);
  }
}

TEST_CASE("each of several processes connects its part of the clients and sends its part of the messages") {
  SinkThread sink;
  const Scenario scenario = scenario_of(sink.endpoint(), 2);
  std::uint64_t sent = 0;
  std::uint64_t connected = 0;
  for (const std::uint32_t part : {0U, 1U}) {
    const LoadResult result = Run{scenario, {.index = part, .count = 2}}.result();
    sent += result.counts.traffic.sent;
    connected += result.counts.connected;
  }
  CHECK(sent == 1003);
  CHECK(connected == 7);
}

TEST_CASE("an early end lets all threads finish what is under way") {
  SinkThread sink;
  Scenario scenario = scenario_of(sink.endpoint(), 3);
  scenario.groups[0].messages.reset();
  scenario.groups[0].rate = 2000;
  Run run{scenario};
  run.interrupts = true;
  const LoadResult result = run.result();
  CHECK(result.ended_early);
  CHECK(result.counts.traffic.sent > 0);
  CHECK(result.counts.traffic.sent < 40'000);
  CHECK(result.counts.traffic.acknowledged == result.counts.traffic.sent);
}

TEST_CASE("where nobody listens the run ends by itself and says so") {
  Scenario scenario = scenario_of({.host = "127.0.0.1", .port = 1}, 3);
  const LoadResult result = Run{scenario}.result();
  CHECK(result.counts.connected == 0);
  CHECK(result.errors.count(LoadErrorKind::connect_failed) == 7);
}
