// Texts with placeholders, filled in anew for each message: "room/{n}", "{time} {random:18.0..24.0}".
//
//   {n}             the number of the message, from 1
//   {time}          now, as 2026-11-20T23:56:54.123456789Z; {time:s} {time:ms} {time:us} {time:ns} since 1970
//   {uuid}          a random UUID (version 4)
//   {random:A..B}   a number from A to B, with as many decimals as the longer of the two
//   {random:COUNT}  so many random hex digits
//   {env:NAME}      an environment variable
//   {file:NAME}     the contents of a file without a line break at the end, read for each message
//   {{              a brace
//
// A brace before anything but a small letter stands for itself, so that JSON needs no escapes.
#pragma once

#include <cstdint>
#include <expected>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"

namespace mqtk::cli {

class TextPattern {
 public:
  // What is wrong otherwise, for the line about the option: "{tiem} is no placeholder; ...".
  [[nodiscard]] static std::expected<TextPattern, std::string> parse(std::string_view text);

  // The error says which file cannot be read.
  [[nodiscard]] std::expected<std::string, std::string> fill_in(std::uint64_t number, WallTime now);

 private:
  struct Part {
    enum class Kind : std::uint8_t { text, number, time, uuid, random_number, random_digits, file };
    Kind kind = Kind::text;
    std::string text;         // as it is, or the name of the file, or the unit of the time
    double least = 0;         // of a random number
    double most = 0;          // likewise; or how many digits
    std::uint8_t places = 0;  // after the decimal point
  };

  [[nodiscard]] static std::expected<Part, std::string> parse_placeholder(std::string_view inside);
  [[nodiscard]] static std::expected<Part, std::string> parse_file(std::string name);
  [[nodiscard]] static std::expected<Part, std::string> parse_random(std::string_view range);
  void append_random(std::string& out, const Part& part);
  void append_uuid(std::string& out);

  std::vector<Part> parts_;
  std::mt19937_64 random_{std::random_device{}()};
};

}  // namespace mqtk::cli
