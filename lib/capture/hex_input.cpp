#include "capture/hex_input.hpp"

#include <algorithm>

#include "base/hex.hpp"

namespace mqtk {
namespace {

// Text that is all comment tells nothing; this much of it is taken for plain hex.
constexpr std::size_t max_head_bytes = 64U * 1024;

// The first line that is neither empty nor a comment; empty if none has begun.
std::string_view first_line(std::string_view text) {
  while (true) {
    const std::size_t from = text.find_first_not_of(" \t\r\n");
    if (from == std::string_view::npos) return {};
    text.remove_prefix(from);
    if (text.front() != '#') return text.substr(0, text.find('\n'));
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return {};
    text.remove_prefix(end);
  }
}

bool is_pair(std::string_view text) { return text.size() >= 2 && hex_digit(text[0]) >= 0 && hex_digit(text[1]) >= 0; }

HexForm form_of(std::string_view line) {
  std::size_t digits = 0;
  while (digits < line.size() && hex_digit(line[digits]) >= 0) ++digits;
  const std::string_view rest = line.substr(digits);
  if (digits >= 7 && digits <= 16) {
    if (rest.starts_with(": ") && is_pair(rest.substr(2))) return HexForm::xxd;
    const bool one_pair = rest.size() == 4 || (rest.size() > 4 && hex_digit(rest[4]) < 0);
    if (digits == 8 && rest.starts_with("  ") && is_pair(rest.substr(2)) && one_pair) return HexForm::hexdump;
  }
  return HexForm::plain;
}

// Enough to tell the form: the longest offset, its separator, a pair and what follows.
constexpr std::size_t telling_length = 24;

std::string_view without_byte_order_mark(std::string_view text) {
  constexpr std::string_view mark = "\xEF\xBB\xBF";
  return text.starts_with(mark) ? text.substr(mark.size()) : text;
}

}  // namespace

std::string_view hex_form_name(HexForm form) {
  switch (form) {
    case HexForm::automatic: break;
    case HexForm::plain: return "plain hex";
    case HexForm::xxd: return "xxd dump";
    case HexForm::hexdump: return "hexdump -C dump";
  }
  return "hex";
}

HexInput::HexInput(HexForm form) : form_(form) {
  if (form != HexForm::automatic) start(form);
}

void HexInput::start(HexForm form) {
  form_ = form;
  if (form == HexForm::xxd) decoder_ = HexDump{HexDump::Kind::xxd};
  if (form == HexForm::hexdump) decoder_ = HexDump{HexDump::Kind::hexdump};
}

std::optional<HexError> HexInput::feed(std::string_view text, std::vector<std::uint8_t>& out) {
  if (form_ != HexForm::automatic) return decode(text, out);
  head_ += text.substr(0, max_head_bytes);
  text.remove_prefix(std::min(text.size(), max_head_bytes));
  const std::string_view line = first_line(without_byte_order_mark(head_));
  const bool line_ended = !line.empty() && line.data() + line.size() != head_.data() + head_.size();
  if (line.size() < telling_length && !line_ended && head_.size() < max_head_bytes) return std::nullopt;
  start(form_of(line));
  const std::string head = std::move(head_);
  if (auto failed = decode(without_byte_order_mark(head), out)) return failed;
  return decode(text, out);
}

std::optional<HexError> HexInput::finish(std::vector<std::uint8_t>& out) {
  if (form_ == HexForm::automatic) {
    const std::string_view head = without_byte_order_mark(head_);
    start(form_of(first_line(head)));
    if (auto failed = decode(head, out)) return failed;
  }
  return std::visit([&](auto& decoder) { return decoder.finish(out); }, decoder_);
}

std::optional<HexError> HexInput::decode(std::string_view text, std::vector<std::uint8_t>& out) {
  return std::visit([&](auto& decoder) { return decoder.feed(text, out); }, decoder_);
}

HexText read_hex(std::string_view text, HexForm form) {
  HexText result;
  HexInput input{form};
  result.error = input.feed(text, result.bytes);
  if (!result.error) result.error = input.finish(result.bytes);
  result.form = input.form();
  return result;
}

}  // namespace mqtk
