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

HexForm form_of_dump(std::size_t digits, std::string_view rest) {
  if (digits >= 7 && digits <= 16 && rest.starts_with(": ") && is_pair(rest.substr(2))) return HexForm::xxd;
  const std::size_t gap = std::min(rest.find_first_not_of(' '), rest.size());
  const std::string_view behind = rest.substr(gap);
  const bool one_pair = is_pair(behind) && (behind.size() == 2 || behind[2] == ' ');
  const bool one_word = behind.size() >= 4 && all_of(behind.substr(0, 4), [](char c) { return hex_digit(c) >= 0; }) &&
                        (behind.size() == 4 || behind[4] == ' ');
  if (digits == 8 && gap == 2 && one_pair) return HexForm::hexdump;
  if (digits == 7 && (gap == 1 || gap == 4) && one_word) return HexForm::words;
  if ((digits == 6 || digits == 7) && gap == 1 && one_pair) return HexForm::od;
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
  std::size_t digits = 0;
  while (digits < line.size() && hex_digit(line[digits]) >= 0) ++digits;
  const HexForm dump = form_of_dump(digits, line.substr(digits));
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

HexForm detect_hex_form(std::string_view head) { return form_of(first_line(without_byte_order_mark(head))); }

std::string_view hex_form_name(HexForm form) {
  switch (form) {
    case HexForm::automatic: break;
    case HexForm::plain: return "plain hex";
    case HexForm::xxd: return "xxd dump";
    case HexForm::hexdump: return "hexdump -C dump";
    case HexForm::words: return "hexdump dump of little-endian words, bytes swapped";
    case HexForm::od: return "od dump";
    case HexForm::wireshark: return "Wireshark hex dump";
    case HexForm::tcpdump: return "tcpdump hex dump";
    case HexForm::hexyl: return "hexyl dump";
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
