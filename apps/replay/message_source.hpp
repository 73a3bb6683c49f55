// The messages to publish, one after another: selected, changed, and with the time at which each is due.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "capture/merged_reader.hpp"
#include "capture/replay_schedule.hpp"
#include "codec/packet.hpp"
#include "replay/options.hpp"

namespace mqtk::replay {

class MessageSource {
 public:
  explicit MessageSource(const Options& options);

  // Opens the recordings; what is wrong, or nothing.
  [[nodiscard]] std::string open();

  enum class State : std::uint8_t {
    message,
    end,
    damaged,  // problem() says what; the next call goes on behind it
    invalid,  // a change made a message that cannot be published: problem()
  };
  [[nodiscard]] State next();

  // Times go into payloads: who asks for a message has to know what time it is.
  [[nodiscard]] bool wants_time() const { return !options_.json_changes.empty(); }
  // The message; its views are valid until next(). Times in payloads are those of `now`.
  [[nodiscard]] const Publish& message(WallTime now);
  [[nodiscard]] Duration due() const { return due_; }
  // Whose connection it goes over: a Client Identifier; empty: the one of the options.
  [[nodiscard]] const std::string& client() const { return client_; }
  [[nodiscard]] const std::string& problem() const { return problem_; }
  // How much of one pass is behind this message, 0 to 1, where the recording's span is known.
  [[nodiscard]] std::optional<double> progress() const;
  [[nodiscard]] std::uint64_t unchanged_json() const { return unchanged_json_; }

 private:
  [[nodiscard]] bool is_selected(const MessageRecord& record) const;
  [[nodiscard]] bool in_time(const MessageRecord& record);
  [[nodiscard]] bool begin_next_pass();
  [[nodiscard]] bool take(const MessageRecord& record);
  [[nodiscard]] bool take_client(const MessageRecord& record);
  void take_properties(PropertyBlock recorded);
  void change_payload(WallTime now);

  const Options& options_;
  std::unique_ptr<MergedReader> reader_;
  ReplaySchedule schedule_;
  std::uint32_t passes_begun_ = 1;
  bool any_in_pass_ = false;
  std::optional<TimeRange> range_;  // known from the first message on
  std::optional<WallTime> recorded_at_;
  TimeRange span_;  // of the recordings, where their summaries say it
  MessageRecord record_;
  Publish publish_;
  Duration due_{0};
  std::string topic_;
  std::string client_;
  PropertyWriter properties_;
  std::string payload_;
  std::string problem_;
  std::uint64_t unchanged_json_ = 0;
};

}  // namespace mqtk::replay
