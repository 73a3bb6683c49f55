#include "capture/hex_input.hpp"

#include <algorithm>

#include "base/base64.hpp"
#include "base/hex.hpp"
#include "capture/packet_search.hpp"

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

bool all_of(std::string_view text, bool (*is)(char)) { return std::ranges::all_of(text, is); }

bool is_base64_character(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '+' || c == '/' ||
         c == '-' || c == '_' || c == '=';
}

// A line that tcpdump writes about a packet: a time, and IP or a link layer's word.
bool is_tcpdump_line(std::string_view line) {
  if (line.starts_with("\t0x0000:") || line.starts_with("        0x0000:") || line.starts_with("0x0000:")) return true;
  if (line.starts_with("IP ") || line.starts_with("IP6 ")) return true;  // without a time: -t
  const bool has_time = line.size() > 8 && line[0] >= '0' && line[0] <= '9';
  const auto has = [&](std::string_view word) { return line.find(word) != std::string_view::npos; };
  return has_time && (has(" IP ") || has(" IP6 ") || has(", ethertype IPv"));
}

bool is_octal(char c) { return c >= '0' && c <= '7'; }

// Groups of `digits` octal digits, and nothing else.
bool are_octal_groups(std::string_view text, std::size_t digits) {
  bool any = false;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find_first_of(" \r"), text.size());
    if (end != 0 && (end != digits || !all_of(text.substr(0, end), is_octal))) return false;
    any = any || end != 0;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return any;
}

// Behind the offset of six or seven digits, which od and hexdump write.
HexForm form_of_od(std::string_view offset, std::size_t gap, std::string_view behind) {
  const std::size_t group = std::min(behind.find_first_of(" \r"), behind.size());
  const bool is_hex = all_of(behind.substr(0, group), [](char c) { return hex_digit(c) >= 0; });
  // Six digits with such a group behind them may be plain hex, so nothing but the first offset tells of a dump.
  const bool has_offset = offset.size() == 7 || offset == "000000";
  const bool is_word = is_hex && (group == 4 || group == 8 || group == 16);
  if (has_offset && (gap == 1 || gap == 4) && is_word) return HexForm::words;
  if (has_offset && gap <= 2 && are_octal_groups(behind, 6)) return HexForm::words;
  if (gap == 1 && (are_octal_groups(behind, 3) || (is_hex && group == 2))) return HexForm::od;
  if (gap >= 1 && offset == "0000000" && !behind.empty()) return HexForm::other_dump;
  return HexForm::plain;
}

HexForm form_of_dump(std::string_view line) {
  std::size_t digits = 0;
  while (digits < line.size() && hex_digit(line[digits]) >= 0) ++digits;
  const std::string_view rest = line.substr(digits);
  const bool has_colon = digits >= 7 && digits <= 16 && rest.starts_with(": ");
  if (has_colon && is_pair(rest.substr(std::min(rest.find_first_not_of(' ', 2), rest.size())))) return HexForm::xxd;
  const std::size_t gap = std::min(rest.find_first_not_of(' '), rest.size());
  const std::string_view behind = rest.substr(gap);
  const bool one_pair = is_pair(behind) && (behind.size() == 2 || behind[2] == ' ');
  if (digits == 8 && gap == 2 && one_pair) return HexForm::hexdump;
  const HexForm od = digits == 6 || digits == 7 ? form_of_od(line.substr(0, digits), gap, behind) : HexForm::plain;
  if (od != HexForm::plain) return od;
  if (digits >= 4 && digits <= 6 && gap >= 2 && gap <= 4 && one_pair) return HexForm::wireshark;
  return HexForm::plain;
}

// Words of many kinds are valid base64, so what is in it must begin like a packet.
bool is_base64_of_packet(std::string_view line) {
  while (line.ends_with('\r') || line.ends_with('=')) line.remove_suffix(1);
  if (line.size() < 7 || line.starts_with("0x") || !all_of(line, is_base64_character)) return false;
  const auto bytes = from_base64(line.substr(0, line.size() / 4 * 4));
  return bytes && header_may_start(*bytes, {}) != Plausible::no;
}

HexForm form_of(std::string_view line) {
  line = line.substr(0, line.find(" #"));
  if (is_tcpdump_line(line)) return HexForm::tcpdump;
  if (line.starts_with("\xE2\x94") || line.starts_with("+----") || line.starts_with("|0000")) return HexForm::hexyl;
  const HexForm dump = form_of_dump(line);
  if (dump != HexForm::plain) return dump;
  if (line.starts_with("Frame (") || line.starts_with("Packet (")) return HexForm::wireshark;
  if (line.starts_with("Frame ") && line.find(" bytes on wire") != std::string_view::npos) return HexForm::wireshark;
  if (line.find_first_of("{[<'\"") != std::string_view::npos) return HexForm::literal;
  const bool is_hex = all_of(line, [](char c) { return hex_digit(c) >= 0 || c == ':' || c == '-'; });
  return !is_hex && is_base64_of_packet(line) ? HexForm::base64 : HexForm::plain;
}

// Enough to tell the form of a line that does not end: by far more than any dump's.
constexpr std::size_t telling_length = 4096;

std::string_view without_byte_order_mark(std::string_view text) {
  constexpr std::string_view mark = "\xEF\xBB\xBF";
  return text.starts_with(mark) ? text.substr(mark.size()) : text;
}

}  // namespace

HexForm detect_hex_form(std::string_view head) {
  const std::string text = without_colors(head);
  return form_of(first_line(without_byte_order_mark(text)));
}

std::string_view hex_form_name(HexForm form) {
  switch (form) {
    case HexForm::automatic: break;
    case HexForm::plain: return "plain hex";
    case HexForm::xxd: return "xxd dump";
    case HexForm::hexdump: return "hexdump -C dump";
    case HexForm::words: return "dump of little-endian words, bytes swapped";
    case HexForm::od: return "od dump";
    case HexForm::wireshark: return "Wireshark hex dump";
    case HexForm::tcpdump: return "tcpdump hex dump";
    case HexForm::hexyl: return "hexyl dump";
    case HexForm::other_dump: return "dump of od or hexdump";
    case HexForm::literal: return "literal of a programming language";
    case HexForm::base64: return "base64";
  }
  return "hex";
}

HexInput::HexInput(HexForm form) : form_(form) {
  if (form != HexForm::automatic) start(form);
}

void HexInput::start(HexForm form) {
  form_ = form;
  switch (form) {
    case HexForm::xxd: decoder_ = HexDump{HexDump::Kind::xxd}; break;
    case HexForm::hexdump: decoder_ = HexDump{HexDump::Kind::hexdump}; break;
    case HexForm::words: decoder_ = HexDump{HexDump::Kind::words}; break;
    case HexForm::od: decoder_ = HexDump{HexDump::Kind::od}; break;
    case HexForm::wireshark: decoder_ = HexDump{HexDump::Kind::wireshark}; break;
    case HexForm::tcpdump: decoder_ = HexDump{HexDump::Kind::tcpdump}; break;
    case HexForm::hexyl: decoder_ = HexDump{HexDump::Kind::hexyl}; break;
    case HexForm::other_dump: decoder_ = HexDump{HexDump::Kind::unreadable}; break;
    case HexForm::literal: decoder_ = HexLiteral{HexLiteral::Kind::literal}; break;
    case HexForm::base64: decoder_ = HexLiteral{HexLiteral::Kind::base64}; break;
    case HexForm::automatic:
    case HexForm::plain: break;
  }
}

const std::vector<std::uint64_t>& HexInput::starts() const {
  static const std::vector<std::uint64_t> none;
  const auto* dump = std::get_if<HexDump>(&decoder_);
  return dump == nullptr ? none : dump->starts();
}

std::optional<HexError> HexInput::feed(std::string_view text, std::vector<std::uint8_t>& out) {
  return take(colors_.pass(text, without_colors_), out);
}

std::optional<HexError> HexInput::take(std::string_view text, std::vector<std::uint8_t>& out) {
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
  if (auto failed = take(colors_.finish(), out)) return failed;
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
