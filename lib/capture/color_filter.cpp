#include "capture/color_filter.hpp"

namespace mqtk {
namespace {

constexpr char escape = '\x1B';

bool is_parameter(char c) { return (c >= '0' && c <= '9') || c == ';' || c == ':'; }

}  // namespace

std::string_view ColorFilter::pass(std::string_view text, std::string& room) {
  if (begun_.empty() && text.find(escape) == std::string_view::npos) return text;
  room.clear();
  for (const char c : text) {
    const bool goes_on = begun_.size() == 1 ? c == '[' : begun_.size() > 1 && is_parameter(c);
    if (goes_on && begun_.size() < max_sequence_bytes) {
      begun_ += c;
      continue;
    }
    const bool is_whole = begun_.size() > 1 && (c == 'm' || c == 'K');
    if (!is_whole) room += begun_;
    begun_.clear();
    if (c == escape) {
      begun_ = c;
    } else if (!is_whole) {
      room += c;
    }
  }
  return room;
}

std::string without_colors(std::string_view text) {
  ColorFilter filter;
  std::string room;
  std::string out{filter.pass(text, room)};
  out += filter.finish();
  return out;
}

}  // namespace mqtk
