// The connections that a replay publishes on: one, or one for each client that the recording names.
//
// A connection is made when its first message comes near and lasts until the end: a client that is thrown out would
// lose its Session and its order.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "cli/exit_status.hpp"
#include "client/client.hpp"
#include "net/loop.hpp"
#include "replay/options.hpp"
#include "replay/publish_forms.hpp"

namespace mqtk::replay {

// One connection.
class Publisher final : ClientListener {
 public:
  struct Events {
    std::function<void()> ready;                          // connected, or room for more
    std::function<void(const PublishDone&)> done;         // a QoS 1 or 2 message
    std::function<void(const std::string& line)> report;  // of the connection
    // With a line and a status where it was not asked to.
    std::function<void(const std::string& line, cli::ExitStatus status)> stopped;
  };

  // `name` is its Client Identifier; empty: that of the options.
  Publisher(Loop& loop, const Options& options, std::string_view name, const Events& events, PublishForms& forms);

  void start() { client_.start(); }
  void stop();
  [[nodiscard]] bool is_connected() const { return client_.is_connected(); }
  // Leaves out the properties where the connection is older than 5.0. Rule::none: taken; Rule::not_connected: not now,
  // `ready` tells when; others: what the message breaks.
  [[nodiscard]] Rule publish(const Publish& message);

 private:
  void on_connected(const Connected& connected) override;
  void on_connection_lost(const ConnectionFailure& failure, Duration next_attempt_in) override;
  void on_stopped(const ConnectionFailure* failure) override;
  void on_ready_to_send() override { events_.ready(); }
  void on_publish_done(const PublishDone& done) override { events_.done(done); }
  [[nodiscard]] std::string prefix() const;

  const Options& options_;
  const Events& events_;
  PublishForms& forms_;
  std::string name_;
  Client client_;
  Version version_ = Version::v5;
  bool away_ = false;
  bool stopping_ = false;
};

class Publishers {
 public:
  Publishers(Loop& loop, const Options& options, Publisher::Events events);

  // That for a recorded client; made and started where there is none yet. Stays where it is.
  [[nodiscard]] Publisher& at(std::string_view client);
  void stop();
  [[nodiscard]] std::size_t count() const { return publishers_.size(); }
  [[nodiscard]] bool all_stopped() const { return stopped_ == publishers_.size(); }

 private:
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };

  Loop& loop_;
  const Options& options_;
  Publisher::Events events_;
  PublishForms forms_;
  std::unordered_map<std::string, std::unique_ptr<Publisher>, TextHash, std::equal_to<>> publishers_;
  std::size_t stopped_ = 0;
};

}  // namespace mqtk::replay
