// What the broker says about itself under $SYS, heard by a client of its own beside the load.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "client/client.hpp"
#include "load/load_report.hpp"

namespace mqtk::bench {

class BrokerFigures final : ClientListener {
 public:
  // For the options see side_client_options; the loop outlives this.
  BrokerFigures(Loop& loop, const Endpoint& endpoint, const ConnectOptions& options);
  ~BrokerFigures();

  // From now on the values are those after the run; brokers tell them every few seconds.
  void run_ended();
  // Some came after that, or none are to be expected.
  [[nodiscard]] bool complete() const { return failed_ || updates_after_ > 0; }

  // By topic.
  [[nodiscard]] std::vector<LoadReport::BrokerFigure> figures() const;
  // Why there are none; empty if there are.
  [[nodiscard]] std::string failure() const;

 private:
  void on_connected(const Connected& connected) override;
  void on_subscribed(Tag tag, const Suback& answer) override;
  void on_message(const Publish& message) override;
  void on_stopped(const ConnectionFailure* failure) override;

  static constexpr std::size_t most_topics = 500;
  static constexpr std::size_t most_text = 200;

  Loop& loop_;
  struct Values {
    std::string first;
    std::string last;
  };
  std::map<std::string, Values, std::less<>> values_;
  bool failed_ = false;
  TimePoint counts_from_ = TimePoint::max();
  std::uint64_t updates_after_ = 0;
  std::string failure_;
  Client client_;
};

}  // namespace mqtk::bench
