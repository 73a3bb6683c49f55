// Subscribes beside the replay and checks that what was sent arrives: how often, in which order within a topic, with
// which payload.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <unordered_map>

#include "client/client.hpp"
#include "net/loop.hpp"
#include "net/timer.hpp"
#include "replay/options.hpp"

namespace mqtk::replay {

class Verifier final : ClientListener {
 public:
  struct Events {
    std::function<void()> ready;                                   // subscribed: sending may begin
    std::function<void(const ConnectionFailure* failure)> failed;  // nothing can be proved any more
    std::function<void()> moved;                                   // something arrived
  };
  Verifier(Loop& loop, const Options& options, Events events);

  void start() { client_.start(); }
  void stop() { client_.stop(); }

  // A message that is about to be sent.
  void expect(const Publish& message);
  // Sent and not arrived yet.
  [[nodiscard]] std::uint64_t outstanding() const { return outstanding_; }
  // Nothing has arrived for `limit` although something is outstanding.
  [[nodiscard]] bool is_stuck(TimePoint now, Duration limit) const {
    return outstanding_ > 0 && now - moved_at_ > limit;
  }

  struct Result {
    std::uint64_t arrived = 0;  // as expected
    std::uint64_t wrong = 0;    // another payload or order than expected
    std::uint64_t surplus = 0;  // of a replayed topic, but not expected
    std::uint64_t ignored = 0;  // sent to topics that the filter does not match
    std::string first_problem;
  };
  [[nodiscard]] const Result& result() const { return result_; }

 private:
  void on_connected(const Connected& connected) override;
  void on_connection_lost(const ConnectionFailure& failure, Duration next_attempt_in) override;
  void on_stopped(const ConnectionFailure* failure) override;
  void on_subscribed(Tag tag, const Suback& answer) override;
  void on_message(const Publish& message) override;
  void note(const std::string& problem);

  // What a payload is known by: comparing hashes is enough to find what goes wrong by accident.
  struct Fingerprint {
    std::size_t hash = 0;
    std::size_t size = 0;
    bool operator==(const Fingerprint&) const = default;
  };
  [[nodiscard]] static Fingerprint fingerprint(Bytes payload);

  Loop& loop_;
  const Options& options_;
  Events events_;
  Client client_;
  std::unordered_map<std::string, std::deque<Fingerprint>> expected_;
  std::uint64_t outstanding_ = 0;
  TimePoint moved_at_{};
  bool subscribed_ = false;
  Result result_;
};

}  // namespace mqtk::replay
