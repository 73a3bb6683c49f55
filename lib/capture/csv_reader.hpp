// Messages of the CSV files that two existing recorders write:
//
//   timestamp,topic,payload,qos,retain   with this header; RFC 3339 times, `b64:` before a payload that is no text;
//                                        a sixth column `client` may follow
//   topic,payload,qos,retain,time,delta  often without a header; seconds since 1970, True or False
#pragma once

#include <memory>

#include "capture/line_source.hpp"
#include "capture/recording_reader.hpp"

namespace mqtk {

// Whether all payloads are base64, which the second recorder does on request without a mark in the file.
enum class CsvPayload : std::uint8_t { text, base64 };

// The layout shows in the first row. A row that is no message is told as damage, and reading goes on with the next.
[[nodiscard]] std::unique_ptr<RecordingReader> make_csv_reader(std::unique_ptr<ByteStream> stream,
                                                               CsvPayload payload = CsvPayload::text);

}  // namespace mqtk
