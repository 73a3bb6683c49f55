// Payloads from outside. The first byte chooses the decoder. JSON that comes out must be text without control
// characters, and not out of proportion to what went in.
#include "base/utf8.hpp"
#include "fuzz/expect.hpp"
#include "payload/cbor.hpp"
#include "payload/message_pack.hpp"
#include "payload/sparkplug_state.hpp"

using namespace mqtk;

namespace {

void check(std::string_view text, std::size_t input_bytes) {
  expect(is_mqtt_text(as_bytes(text)), "the text is UTF-8");
  for (const char c : text) expect(static_cast<unsigned char>(c) >= 0x20, "control characters are escaped");
  expect(text.size() <= 400 * (input_bytes + 4), "a few bytes do not become a long text");
}

// Parts of a Sparkplug session: each message is a topic, a length and so many bytes.
void sparkplug(Bytes input) {
  input = input.first(std::min<std::size_t>(input.size(), 65536));
  constexpr std::string_view topics[] = {"spBv1.0/g/NBIRTH/n",  "spBv1.0/g/DBIRTH/n/d", "spBv1.0/g/NDATA/n",
                                         "spBv1.0/g/DDATA/n/d", "spBv1.0/g/NDEATH/n",   "spBv1.0/g/NCMD/n",
                                         "spBv1.0/STATE/h",     "spBv1.0/odd"};
  SparkplugState state;
  while (input.size() >= 2) {
    const std::string_view topic = topics[input[0] % std::size(topics)];
    const Bytes payload = input.subspan(2, std::min<std::size_t>(input[1], input.size() - 2));
    const SparkplugReading reading = state.take({.topic = topic, .payload = payload});
    check(reading.json, 100 + payload.size());
    input = input.subspan(2 + payload.size());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const Bytes payload{data + 1, size - 1};
  const Notation notation = (data[0] & 4U) != 0 ? Notation::json : Notation::diagnostic;
  switch (data[0] & 3U) {
    case 0:
      if (const auto text = cbor_text(payload, notation)) check(*text, payload.size());
      break;
    case 1:
      if (const auto text = message_pack_text(payload, notation)) check(*text, payload.size());
      break;
    default: sparkplug(payload);
  }
  return 0;
}
