#include "bench/markup.hpp"

namespace mqtk::bench {

std::string escaped(std::string_view utf8) {
  std::string text;
  for (const char c : utf8) {
    switch (c) {
      case '&': text += "&amp;"; break;
      case '<': text += "&lt;"; break;
      case '>': text += "&gt;"; break;
      case '"': text += "&quot;"; break;
      case '\'': text += "&#39;"; break;
      default:
        if (static_cast<unsigned char>(c) >= 0x20 || c == '\n' || c == '\t') {
          text += c;
        } else {
          text += "\xEF\xBF\xBD";
        }
    }
  }
  return text;
}

}  // namespace mqtk::bench
