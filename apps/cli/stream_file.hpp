// Packets that were shown as a pcapng file: --write.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "capture/packet_record.hpp"
#include "capture/pcapng_writer.hpp"
#include "capture/tcp_reassembly.hpp"

namespace mqtk::cli {

class StreamFile {
 public:
  // Null without a path. On failure the whole message.
  [[nodiscard]] static std::expected<std::unique_ptr<StreamFile>, std::string> create(
      const std::optional<std::string>& path);
  ~StreamFile();
  StreamFile(const StreamFile&) = delete;
  StreamFile& operator=(const StreamFile&) = delete;

  // Where the ends of a stream are, known from a capture.
  void describe(std::uint64_t stream, const ConnectionEnds& ends, Side client);
  // A packet of unknown direction counts as the client's.
  void append(const PacketRecord& record);
  // The end of a stream that was described, begun by `sender`; its number does not come again.
  void close(std::uint64_t stream, Role sender, ConnectionEnd end, WallTime time);
  // The stream's number does not come again, and nothing is to be written of its end.
  void forget(std::uint64_t stream);
  // Writes what there is, for those who read the file while it grows.
  void flush();
  [[nodiscard]] bool failed() const { return !failure_.empty(); }
  // Writes what is left; the message of the first failure, empty if all went well.
  [[nodiscard]] std::string finish();

 private:
  StreamFile(std::string path, int descriptor);

  std::string path_;
  int descriptor_;
  PcapngWriter writer_;
  std::unordered_map<std::uint64_t, PcapngWriter::Ends> ends_;
  std::unordered_map<std::uint64_t, bool> opened_;
  WallTime last_time_{};
  std::string failure_;
};

}  // namespace mqtk::cli
