// The -F template of sub and request: how a received message is printed, in mosquitto_sub's letters.
//
//   %[-][0][width][.precision][separator]LETTER   a field of the message
//   @LETTER   what strftime(3) makes of %LETTER, in local time; @N nanoseconds, @@ an at sign
//   \LETTER   \\ \0 \a \e \n \r \t \v
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "codec/packet.hpp"

namespace mqtk::cli {

class MessageTemplate {
 public:
  // What is wrong otherwise, for the line about the option: "%z is no field; ...".
  [[nodiscard]] static std::expected<MessageTemplate, std::string> parse(std::string_view text);

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
    std::string text = {};
  };

  [[nodiscard]] static std::expected<std::size_t, std::string> parse_field(std::string_view text, Part& part);
  static void append_field(std::string& out, const Part& part, const Publish& message, WallTime received_at);
  static void append_time(std::string& out, char letter, WallTime received_at);

  std::vector<Part> parts_;
};

}  // namespace mqtk::cli
