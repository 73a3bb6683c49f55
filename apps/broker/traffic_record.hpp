// --record: every message that clients publish, in a file that mqtk replay and mqtk recording read. --trace: every
// packet, in a file that mqtk inspect and Wireshark read.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "broker/broker_listener.hpp"
#include "capture/output_file.hpp"
#include "capture/pcapng_writer.hpp"
#include "capture/recording_format.hpp"
#include "net/timer.hpp"

namespace mqtk::broker_program {

// A file that gets what has gathered once a second, and the rest at the end.
class GatheringFile {
 public:
  GatheringFile(Loop& loop, std::function<void()> write_out);
  // What is wrong, or nothing.
  [[nodiscard]] std::string open(const std::string& path);
  void write(Bytes bytes);
  // Output has come.
  void gather();
  [[nodiscard]] bool failed() const { return failed_; }

 private:
  Loop& loop_;
  std::optional<OutputFile> file_;
  Timer due_;
  bool failed_ = false;
};

class TrafficRecord final : public BrokerListener {
 public:
  explicit TrafficRecord(Loop& loop);
  // The format is that of the file's name. What is wrong, or nothing.
  [[nodiscard]] std::string open(const std::string& path);
  // False if not everything could be written.
  bool finish();

  [[nodiscard]] bool wants_messages() const override { return true; }
  void on_message(std::string_view client_identifier, const Publish& publish) override;

 private:
  void write_out();

  Loop& loop_;
  std::unique_ptr<RecordingWriter> writer_;
  GatheringFile file_;
};

class PacketTrace final : public BrokerListener {
 public:
  explicit PacketTrace(Loop& loop);
  [[nodiscard]] std::string open(const std::string& path) { return file_.open(path); }
  bool finish();

  [[nodiscard]] bool wants_packets() const override { return true; }
  void on_packet(const PassingPacket& packet) override;
  void on_connection_closed(std::uint64_t connection) override;

 private:
  void write_out();

  Loop& loop_;
  PcapngWriter writer_;
  GatheringFile file_;
};

}  // namespace mqtk::broker_program
