// Payloads of binary formats as text, for people: what --pretty prints.
#pragma once

#include <string>

#include "codec/packet.hpp"
#include "payload/sparkplug_state.hpp"

namespace mqtk::cli {

class PayloadDecoder {
 public:
  // JSON laid out over several lines: of payloads that are JSON, that the Content Type says are CBOR or MessagePack, or
  // that a topic below spBv1.0/ says are Sparkplug B. One of these that cannot be decoded is hex digits and the reason.
  // Anything else stays as it is. Remembers the names of Sparkplug metrics, so give it all messages in their order.
  [[nodiscard]] std::string pretty(const Publish& message);

 private:
  SparkplugState sparkplug_;
};

}  // namespace mqtk::cli
