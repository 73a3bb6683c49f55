// Subscribes beside the replay and checks that what was sent arrives: how often, in which order, with which payload.
//
// MQTT keeps the order of what one client publishes to a topic at one QoS: such messages are a stream here. A message
// does not say which stream it is of, so equal ones of two streams must not be on their way at the same time.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
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

  // Whether the message of `client` can be told from all that is on its way; otherwise moved() tells when to ask again.
  [[nodiscard]] bool can_expect(const Publish& message, std::string_view client) const;
  // A message that is about to be sent, and that can be expected.
  void expect(const Publish& message, std::string_view client);
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
  // What a payload is known by: comparing hashes is enough to find what goes wrong by accident.
  struct Fingerprint {
    std::size_t hash = 0;
    std::size_t size = 0;
    bool operator==(const Fingerprint&) const = default;
  };
  struct FingerprintHash {
    std::size_t operator()(const Fingerprint& print) const { return print.hash ^ print.size; }
  };
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  using Stream = std::deque<Fingerprint>;  // in the order in which they were sent
  struct OnItsWay {
    Stream* stream = nullptr;
    std::uint64_t count = 0;
  };
  struct Topic {
    std::unordered_map<std::string, Stream> streams;  // by stream_name()
    std::unordered_map<Fingerprint, OnItsWay, FingerprintHash> on_their_way;
  };

  void on_connected(const Connected& connected) override;
  void on_connection_lost(const ConnectionFailure& failure, Duration next_attempt_in) override;
  void on_stopped(const ConnectionFailure* failure) override;
  void on_subscribed(Tag tag, const Suback& answer) override;
  void on_message(const Publish& message) override;
  void take(std::string_view topic, Fingerprint came, const OnItsWay& on_its_way);
  void note(const std::string& problem);
  [[nodiscard]] static Fingerprint fingerprint(Bytes payload);
  [[nodiscard]] static std::string stream_name(std::string_view client, QoS qos);

  Loop& loop_;
  const Options& options_;
  Events events_;
  Client client_;
  std::unordered_map<std::string, Topic, TextHash, std::equal_to<>> topics_;
  std::uint64_t outstanding_ = 0;
  TimePoint moved_at_{};
  bool subscribed_ = false;
  Result result_;
};

}  // namespace mqtk::replay
