// Messages of MQTT-SN: nothing crashes, and the fields of each stand side by side from its first octet to its last.
#include <cstdint>
#include <string>

#include "capture/sn_message.hpp"
#include "capture/sn_view.hpp"
#include "expect.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mqtk;
  Bytes rest{data, size};
  SnTopics topics;
  while (!rest.empty()) {
    const SnMessage message = read_sn(rest);
    expect(!message.bytes.empty(), "each message takes something");
    rest = rest.subspan(message.bytes.size());
    std::size_t at = 0;
    for (const SnField& field : message.fields) {
      expect(field.offset == at, "a field begins where the one before it ends");
      at += field.length;
    }
    expect(at == message.bytes.size() || !message.problems.empty(), "all octets are in a field");
    topics.learn(message);
    const std::string topic = topics.topic_of(message);
    const SnRecord record{0, 1, {}, message.sender, &message, topic};
    std::string out;
    append_sn_line(out, record);
    append_sn_fields(out, record);
    append_sn_json(out, record);
  }
  return 0;
}
