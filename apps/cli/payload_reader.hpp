// What is inside the payload of a PUBLISH or of a Will: by --payload, or by content type and topic.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "capture/packet_record.hpp"
#include "payload/sparkplug_state.hpp"

namespace mqtk::cli {

enum class PayloadFormat : std::uint8_t { automatic, none, hex, cbor, message_pack, sparkplug };

struct PayloadReading {
  std::string_view format;  // "cbor", "msgpack", "sparkplug", "hex"; empty if there is nothing to say
  std::string json;         // the value
  std::string text;         // the value for people, where JSON says less
  std::string error = {};   // why there is no value
  std::vector<SparkplugFinding> findings = {};
};

class PayloadReader {
 public:
  // Directions of connections whose Sparkplug names are kept; others are read without.
  static constexpr std::size_t max_states = 1024;
  // Of all names; beyond, those of the connection that was opened first are forgotten.
  static constexpr std::size_t max_name_bytes = 4U * 1024 * 1024;

  explicit PayloadReader(PayloadFormat format) : format_(format) {}

  // Lives until the next call.
  [[nodiscard]] const PayloadReading& read(const PacketRecord& record);
  // The stream has ended and its number does not come again.
  void forget(std::uint64_t stream);

 private:
  [[nodiscard]] PayloadFormat format_of(std::string_view topic, const Publish& publish) const;
  [[nodiscard]] PayloadReading read_publish(PayloadFormat format, std::string_view topic, const Publish& publish,
                                            const PacketRecord& record);
  [[nodiscard]] PayloadReading read_sparkplug(const SparkplugMessage& message, const PacketRecord& record);

  PayloadFormat format_;
  PayloadReading reading_;
  void erase(std::map<std::pair<std::uint64_t, Role>, SparkplugState>::iterator state);

  std::map<std::pair<std::uint64_t, Role>, SparkplugState> states_;
  std::size_t name_bytes_ = 0;  // of states_
};

}  // namespace mqtk::cli
