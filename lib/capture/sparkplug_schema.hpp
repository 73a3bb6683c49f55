// The schema of Sparkplug B payloads for the channels of an MCAP file, so that tools that know Protocol Buffers, and
// nothing of MQTT, show the metrics.
#pragma once

#include <string>
#include <string_view>

namespace mqtk::mcap {

inline constexpr std::string_view sparkplug_schema_name = "org.eclipse.tahu.protobuf.Payload";

// Whether the topic is one whose payloads are of that schema: spBv1.0/GROUP/NDATA/NODE and the like, not STATE.
[[nodiscard]] bool has_sparkplug_payload(std::string_view topic);

// A FileDescriptorSet that says what sparkplug_b.proto of the specification says, but for its extensions, which are
// empty.
[[nodiscard]] std::string sparkplug_descriptors();

}  // namespace mqtk::mcap
