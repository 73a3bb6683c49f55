#include "broker/traffic_record.hpp"

#include <fmt/format.h>

#include "cli/output.hpp"
#include "cli/program.hpp"
#include "net/loop.hpp"

namespace mqtk::broker_program {
namespace {

constexpr Duration write_interval = std::chrono::seconds{1};
constexpr std::size_t enough_bytes = 256 * 1024;

}  // namespace

// --- GatheringFile ---------------------------------------------------------------------------------------------------

GatheringFile::GatheringFile(Loop& loop, std::function<void()> write_out)
    : loop_(loop), due_(loop, std::move(write_out)) {}

std::string GatheringFile::open(const std::string& path) {
  auto file = OutputFile::create(path, OutputFile::Existing::is_refused);
  if (!file) return fmt::format("{}: {}", path, file.error().message());
  file_ = std::move(*file);
  return {};
}

void GatheringFile::gather() {
  if (!due_.is_armed()) due_.arm(loop_.time_after(write_interval));
}

// The broker goes on without its record: others depend on it.
void GatheringFile::write(Bytes bytes) {
  if (failed_ || bytes.empty()) return;
  const std::error_code error = file_->write(bytes);
  if (!error) return;
  failed_ = true;
  cli::report(fmt::format("{}: {}; nothing more is recorded", file_->path(), error.message()));
}

// --- TrafficRecord ---------------------------------------------------------------------------------------------------

TrafficRecord::TrafficRecord(Loop& loop) : loop_(loop), file_(loop, [this] { write_out(); }) {}

std::string TrafficRecord::open(const std::string& path) {
  const auto format = format_of_file(path);
  if (!format) return fmt::format("{}: the name must end in .mcap, .jsonl, .pcapng or .csv", path);
  writer_ = make_recording_writer(*format, {.library = fmt::format("mqtk {}", cli::version())});
  return file_.open(path);
}

void TrafficRecord::on_message(std::string_view /*client_identifier*/, const Publish& publish) {
  if (file_.failed()) return;
  writer_->append(MessageRecord::from(publish, loop_.wall_now()));
  if (writer_->output().size() > enough_bytes) return write_out();
  file_.gather();
}

void TrafficRecord::write_out() {
  writer_->close_chunk();
  file_.write(writer_->output());
  writer_->output_written();
}

bool TrafficRecord::finish() {
  write_out();
  for (bool done = false; !done;) {
    done = writer_->finish();
    file_.write(writer_->output());
    writer_->output_written();
  }
  return !file_.failed();
}

// --- PacketTrace -----------------------------------------------------------------------------------------------------

PacketTrace::PacketTrace(Loop& loop)
    : loop_(loop), writer_(fmt::format("mqtk {}", cli::version())), file_(loop, [this] { write_out(); }) {}

void PacketTrace::on_packet(const PassingPacket& packet) {
  if (file_.failed()) return;
  const Role sender = packet.direction == PacketDirection::to_broker ? Role::client : Role::server;
  const WallTime now = loop_.wall_now();
  writer_.append(packet.connection, sender, packet.head, now);
  if (!packet.tail.empty()) writer_.append(packet.connection, sender, packet.tail, now);
  if (writer_.output().size() > enough_bytes) return write_out();
  file_.gather();
}

void PacketTrace::on_connection_closed(std::uint64_t connection) {
  if (file_.failed()) return;
  writer_.close(connection, Role::client, loop_.wall_now());
  file_.gather();
}

void PacketTrace::write_out() {
  file_.write(writer_.output());
  writer_.output().clear();
}

bool PacketTrace::finish() {
  write_out();
  return !file_.failed();
}

}  // namespace mqtk::broker_program
