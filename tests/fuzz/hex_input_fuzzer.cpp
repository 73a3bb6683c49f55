// Hex text from outside, and all that inspect does with the bytes in it.
//
// The first byte of the input chooses the size of the pieces in which the text comes. Whatever the pieces, bytes and
// error must be those of the whole text.
#include <cstdlib>

#include "base/utf8.hpp"
#include "capture/annotated_view.hpp"
#include "capture/hex_input.hpp"
#include "capture/packet_json.hpp"
#include "capture/packet_line.hpp"
#include "capture/packet_stream.hpp"

using namespace mqtk;

namespace {

void require(bool kept) {
  if (!kept) std::abort();
}

HexText read_in_pieces(std::string_view text, std::size_t piece) {
  HexText result;
  HexInput input;
  for (std::size_t at = 0; at < text.size() && !result.error; at += piece) {
    std::vector<std::uint8_t> part;
    result.error = input.feed(text.substr(at, piece), part);
    result.bytes.insert(result.bytes.end(), part.begin(), part.end());
  }
  if (!result.error) result.error = input.finish(result.bytes);
  return result;
}

void show(const PacketStream::Item& item) {
  if (item.state == PacketStream::Item::State::skipped) return;
  std::vector<std::uint8_t> copy;
  const CodecContext context{item.version, item.sender};
  const Annotated notes = item.state == PacketStream::Item::State::incomplete
                              ? annotate_incomplete(item.bytes, context, copy)
                              : annotate(item.bytes, context);
  PacketRecord record;
  record.offset = item.offset;
  record.sender = item.sender;
  record.version = version_of_connect(notes).value_or(item.version);
  record.type = item.type;
  record.bytes = item.bytes;
  record.missing_bytes = item.missing_bytes;
  record.packet = &notes.packet;
  record.decoded = notes.decoded;
  record.annotations = notes.annotations;
  record.problems = notes.problems;
  std::string out;
  append_packet_json(out, record, Secrets::hidden);
  require(is_mqtt_text(as_bytes(out)) && out.find('\n') == std::string::npos);
  append_packet_line(out, record, {});
  append_annotated_view(out, record, {});
  for (const char c : out) require(static_cast<unsigned char>(c) >= 0x20 || c == '\n');
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text = as_text({data + 1, size - 1});
  const HexText whole = read_hex(text);
  require(whole.bytes.size() <= text.size() + HexDump::max_repeated_bytes);
  const HexText pieces = read_in_pieces(text, data[0] + 1U);
  require(pieces.bytes == whole.bytes);
  require(pieces.error.has_value() == whole.error.has_value());
  if (whole.error) require(pieces.error->text() == whole.error->text());
  if (whole.bytes.size() > 64UL * 1024) return 0;

  PacketStream stream{{}};
  stream.feed_buffer().assign(whole.bytes.begin(), whole.bytes.end());
  stream.finish();
  while (const auto item = stream.next()) show(*item);
  return 0;
}
