// Colours of the text views. Only standard terminal colours, so that they follow the user's own palette.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace mqtk {

enum class Paint : std::uint8_t { plain, colored };

enum class Ink : std::uint8_t {
  plain,
  title,   // packet type
  faint,   // offsets, counts, meanings
  header,  // packet type and Remaining Length
  flags,
  number,
  length,
  text,
  binary,
  success,  // Reason Codes below 0x80
  failure,  // Reason Codes from 0x80 on, problems
  caution,  // advice
  property,
};

// `Out` is std::string or what appends like it.
template <class Out>
class BasicPainter {
 public:
  BasicPainter(Out& out, Paint paint) : out_(out), paint_(paint) {}

  void operator()(Ink ink, std::string_view text) {
    if (text.empty()) return;
    within(ink, [&] { out_ += text; });
  }
  // What `append` adds to the output has this ink.
  template <class Append>
  void within(Ink ink, Append append) {
    const bool colored = paint_ == Paint::colored && ink != Ink::plain;
    if (colored) out_ += sequence(ink);
    append();
    if (colored) out_ += std::string_view{"\x1b[0m"};
  }
  void operator()(std::string_view text) { out_ += text; }
  void spaces(std::size_t count) { out_.append(count, ' '); }
  [[nodiscard]] Out& out() { return out_; }

 private:
  [[nodiscard]] static std::string_view sequence(Ink ink) {
    switch (ink) {
      case Ink::plain: break;
      case Ink::title: return "\x1b[1m";
      case Ink::faint: return "\x1b[2m";
      case Ink::header: return "\x1b[1;36m";
      case Ink::flags: return "\x1b[33m";
      case Ink::number: return "\x1b[36m";
      case Ink::length: return "\x1b[90m";
      case Ink::text: return "\x1b[32m";
      case Ink::binary: return "\x1b[35m";
      case Ink::success: return "\x1b[1;32m";
      case Ink::failure: return "\x1b[1;31m";
      case Ink::caution: return "\x1b[1;33m";
      case Ink::property: return "\x1b[34m";
    }
    return {};
  }

  Out& out_;
  Paint paint_;
};

using Painter = BasicPainter<std::string>;

}  // namespace mqtk
