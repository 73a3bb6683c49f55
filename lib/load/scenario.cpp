#include "load/scenario.hpp"

namespace mqtk {

std::string with_number(std::string_view text, std::uint32_t number) {
  constexpr std::string_view place = "{i}";
  std::string result;
  for (;;) {
    const std::size_t at = text.find(place);
    result += text.substr(0, at);
    if (at == std::string_view::npos) return result;
    result += std::to_string(number);
    text.remove_prefix(at + place.size());
  }
}

}  // namespace mqtk
