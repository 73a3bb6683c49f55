// The -F template of sub and request: how a received message is printed, in mosquitto_sub's letters.
//
//   %[-][0][width][.precision][separator]LETTER   a field of the message
//   @LETTER   what strftime(3) makes of %LETTER, in local time; @N nanoseconds, @@ an at sign
//   \LETTER   \\ \0 \a \e \n \r \t \v
#pragma once

#include <cstdint>
#include <expected>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "codec/packet.hpp"

namespace mqtk::cli {

class MessageTemplate {
 public:
  enum class Widths : std::uint8_t {
    of_all,        // every field is padded and none is cut
    of_mosquitto,  // some are not padded, and payloads are cut to fit, as mosquitto_sub does
  };
  // What is wrong otherwise, for the line about the option: "%z is no field; ...".
  [[nodiscard]] static std::expected<MessageTemplate, std::string> parse(std::string_view text,
                                                                         Widths widths = Widths::of_all);

  void append(std::string& out, const Publish& message, WallTime received_at) const;

 private:
  struct Part {
    enum class Kind : std::uint8_t { text, field, time };
    Kind kind = Kind::text;
    char letter = 0;
    bool left = false;  // pad on the right
    bool zero = false;  // pad with zeros
    std::uint32_t width = 0;
    std::uint32_t precision = 0;
    bool has_precision = false;
    char separator = ' ';  // between groups of hex digits
    bool nothing_stays_nothing = false;
    std::uint32_t most_bytes = std::numeric_limits<std::uint32_t>::max();  // of the payload
    std::string text = {};
  };

  [[nodiscard]] static std::expected<std::size_t, std::string> parse_field(std::string_view text, Part& part);
  static void restrict_width(Part& part);
  static void append_field(std::string& out, const Part& part, const Publish& message, WallTime received_at);
  static void append_time(std::string& out, char letter, WallTime received_at);

  std::vector<Part> parts_;
};

}  // namespace mqtk::cli
