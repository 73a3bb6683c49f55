// What a test expects to be published: these messages, so many of them, within this time. Read from JSON:
//
//   {"within": "10s", "in_order": true,
//    "messages": [{"topic": "house/+/temperature", "payload": "21.5", "count": 3},
//                 {"topic": "errors/#", "count": 0}]}
#pragma once

#include <cstdint>
#include <expected>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "codec/packet.hpp"

namespace mqtk {

class Expectation {
 public:
  // The error is one line that says where it is: "messages[1].qos: not a number from 0 to 2".
  [[nodiscard]] static std::expected<Expectation, std::string> parse(std::string_view json);

  [[nodiscard]] Duration within() const { return within_; }

  // A message that was published. It counts for every entry that it matches.
  void on_message(std::string_view client_identifier, const Publish& publish);

  // Nothing that may still come makes it unfulfilled.
  [[nodiscard]] bool settled() const;
  // Nothing that may still come makes it fulfilled.
  [[nodiscard]] bool hopeless() const;
  [[nodiscard]] bool fulfilled() const;
  // One line for each entry that is not as it should be: "expected 3 messages to 'a/+', 1 came".
  [[nodiscard]] std::vector<std::string> complaints() const;

 private:
  static constexpr std::uint64_t unlimited = std::numeric_limits<std::uint64_t>::max();
  struct Entry {
    std::string topic_filter;
    std::optional<std::vector<std::uint8_t>> payload;
    std::optional<QoS> qos;
    std::optional<bool> retain;
    std::optional<std::string> client_identifier;
    std::uint64_t at_least = 1;
    std::uint64_t at_most = unlimited;
    std::uint64_t came = 0;
    std::uint64_t first = 0;  // its first message's number among all, 0 while none came

    [[nodiscard]] bool matches(std::string_view client, const Publish& publish) const;
    [[nodiscard]] std::string wanted() const;
  };
  class Reader;

  [[nodiscard]] bool out_of_order(std::size_t entry) const;

  std::vector<Entry> entries_;
  Duration within_ = std::chrono::seconds{10};
  bool in_order_ = false;
  std::uint64_t messages_ = 0;
};

}  // namespace mqtk
