// Text without the colors of a terminal, which some programs write even where no terminal reads them.
//
// Only what sets colors (ESC [ … m) and what grep writes beside it (ESC [ K) is left out: any other control is a
// character that the reader complains of.
#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace mqtk {

class ColorFilter {
 public:
  // A sequence beyond this is none.
  static constexpr std::size_t max_sequence_bytes = 32;

  // `text` itself if there is nothing in it to leave out, else what is left of it, in `room`. What may be the beginning
  // of a sequence comes with the next call.
  [[nodiscard]] std::string_view pass(std::string_view text, std::string& room);
  // The beginning of a sequence that did not come.
  [[nodiscard]] std::string finish() { return std::exchange(begun_, {}); }

 private:
  std::string begun_;
};

// The whole text at once.
[[nodiscard]] std::string without_colors(std::string_view text);

}  // namespace mqtk
