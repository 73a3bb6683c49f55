// The PUBLISH packets of a packet capture as a recording: captured traffic can be replayed.
#pragma once

#include <cstdint>
#include <memory>

#include "capture/line_source.hpp"
#include "capture/recording_reader.hpp"

namespace mqtk {

// Whose PUBLISH packets. A capture at a broker holds a message once on its way in and again for each subscriber.
enum class CaptureDirection : std::uint8_t { both, to_server, to_client };

// All TCP streams of the capture are looked at, whatever their port; MQTT may be in WebSocket frames, and what is not
// MQTT gives nothing. What is missing, and a PUBLISH that is no message, are told as damage.
[[nodiscard]] std::unique_ptr<RecordingReader> make_pcap_recording(std::unique_ptr<ByteStream> stream,
                                                                   CaptureDirection direction);

}  // namespace mqtk
