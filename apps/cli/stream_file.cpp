#include "cli/stream_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "cli/program.hpp"

namespace mqtk::cli {
namespace {

constexpr std::size_t block_bytes = 64UL * 1024;

}  // namespace

std::expected<std::unique_ptr<StreamFile>, std::string> StreamFile::create(const std::optional<std::string>& path) {
  if (!path) return nullptr;
  const int descriptor = *path == "-" ? 1 : ::open(path->c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (descriptor < 0) {
    return std::unexpected(fmt::format("cannot write {}: {}", *path, std::generic_category().message(errno)));
  }
  return std::unique_ptr<StreamFile>{new StreamFile{*path, descriptor}};
}

StreamFile::StreamFile(std::string path, int descriptor)
    : path_(std::move(path)), descriptor_(descriptor), writer_(fmt::format("mqtk {}", version())) {}

StreamFile::~StreamFile() {
  if (descriptor_ > 2) ::close(descriptor_);
}

void StreamFile::describe(std::uint64_t stream, const ConnectionEnds& ends, Side client) {
  const SocketEnd& client_end = client == Side::first ? ends.first : ends.second;
  const SocketEnd& server_end = client == Side::first ? ends.second : ends.first;
  PcapngWriter::Ends to;
  if (client_end.family == 4 && server_end.family == 4) {
    std::copy_n(client_end.address.begin(), 4, to.client_address.begin());
    std::copy_n(server_end.address.begin(), 4, to.server_address.begin());
  }
  to.client_port = client_end.port;
  to.server_port = server_end.port == 0 ? std::uint16_t{1883} : server_end.port;
  ends_[stream] = to;
}

void StreamFile::append(const PacketRecord& record) {
  // Without a time, packets follow each other by a microsecond, so that their order stays.
  const WallTime time = record.time.value_or(last_time_ + std::chrono::microseconds{1});
  last_time_ = time;
  if (!std::exchange(opened_[record.stream], true)) {
    const auto known = ends_.find(record.stream);
    writer_.open(record.stream, known == ends_.end() ? PcapngWriter::Ends{} : known->second, time);
  }
  writer_.append(record.stream, record.sender == Role::server ? Role::server : Role::client, record.bytes, time);
  if (writer_.output().size() >= block_bytes) flush();
}

void StreamFile::close(std::uint64_t stream, Role sender, ConnectionEnd end, WallTime time) {
  ends_.erase(stream);
  if (opened_.erase(stream) == 0) return;
  if (end == ConnectionEnd::reset) {
    writer_.reset(stream, sender, time);
  } else {
    writer_.close(stream, sender, time);
  }
}

void StreamFile::forget(std::uint64_t stream) {
  ends_.erase(stream);
  opened_.erase(stream);
  writer_.forget(stream);
}

void StreamFile::flush() {
  std::vector<std::uint8_t>& out = writer_.output();
  std::size_t at = 0;
  while (at < out.size() && failure_.empty()) {
    const ssize_t count = ::write(descriptor_, out.data() + at, out.size() - at);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      failure_ = fmt::format("cannot write {}: {}", path_, std::generic_category().message(errno));
    } else {
      at += static_cast<std::size_t>(count);
    }
  }
  out.clear();
}

std::string StreamFile::finish() {
  flush();
  return failure_;
}

}  // namespace mqtk::cli
