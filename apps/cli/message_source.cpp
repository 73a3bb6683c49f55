// What open_source() makes of payloads that are there as a whole, and of chunks.

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "cli/message_input.hpp"
#include "cli/record_reader.hpp"
#include "cli/record_source.hpp"
#include "net/file_descriptor.hpp"

namespace mqtk::cli {

namespace {

class PayloadSource final : public MessageSource {
 public:
  PayloadSource(std::vector<PayloadBytes> payloads, std::uint64_t times)
      : payloads_(std::move(payloads)), times_left_(times) {}

  State next() override { return times_left_ > 0 ? State::message : State::end; }
  void fill(Publish& message) override { message.payload = payloads_[at_]; }
  void take() override {
    if (++at_ < payloads_.size()) return;
    at_ = 0;
    if (times_left_ != MessageInput::forever) --times_left_;
  }

 private:
  std::vector<PayloadBytes> payloads_;
  std::size_t at_ = 0;
  std::uint64_t times_left_;
};

// One file, once, read to where its bytes are sent from.
class LongFileSource final : public MessageSource {
 public:
  LongFileSource(FileDescriptor file, std::string name, std::size_t size)
      : file_(std::move(file)), name_(std::move(name)), size_(size) {}

  State next() override { return taken_ ? State::end : State::message; }
  void fill(Publish& message) override { message.payload = {}; }
  void take() override { taken_ = true; }
  std::size_t long_payload_bytes() const override { return size_; }

  std::expected<void, std::string> read_long_payload(MutableBytes to) override {
    std::size_t used = 0;
    while (used < to.size()) {
      const ssize_t count = ::pread(file_.number(), to.data() + used, to.size() - used, static_cast<off_t>(used));
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return std::unexpected(fmt::format("cannot read {}: {}", name_, std::strerror(errno)));
      if (count == 0) return std::unexpected(fmt::format("{} has become shorter while it was read", name_));
      used += static_cast<std::size_t>(count);
    }
    return {};
  }

 private:
  FileDescriptor file_;
  std::string name_;
  std::size_t size_;
  bool taken_ = false;
};

class ChunkSource final : public MessageSource {
 public:
  ChunkSource(FileDescriptor file, int descriptor, std::size_t size)
      : file_(std::move(file)), descriptor_(descriptor), chunk_(size) {}

  State next() override {
    while (error_ == 0 && !ended_ && used_ < chunk_.size()) {
      if (!can_read(descriptor_)) return State::need_input;
      const ssize_t count = ::read(descriptor_, chunk_.data() + used_, chunk_.size() - used_);
      if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
      if (count < 0) error_ = errno;
      ended_ = count <= 0;
      used_ += static_cast<std::size_t>(std::max<ssize_t>(count, 0));
    }
    if (error_ != 0) return State::failed;
    return used_ > 0 ? State::message : State::end;
  }

  void fill(Publish& message) override { message.payload = Bytes{chunk_}.first(used_); }
  void take() override {
    used_ = 0;
    ++taken_;
  }
  int descriptor() const override { return descriptor_; }
  std::string error() const override { return fmt::format("cannot read the input: {}", std::strerror(error_)); }
  ExitStatus error_status() const override { return ExitStatus::local_failure; }
  std::string position() const override { return fmt::format("chunk {}: ", taken_ + 1); }

 private:
  FileDescriptor file_;  // not open where standard input is read
  int descriptor_;
  PayloadBytes chunk_;
  std::size_t used_ = 0;
  std::uint64_t taken_ = 0;
  bool ended_ = false;
  int error_ = 0;
};

std::expected<PayloadBytes, std::string> read_all(int descriptor, const std::string& name) {
  constexpr std::size_t block_bytes = 64 * 1024;
  PayloadBytes payload;
  struct stat status{};
  // One byte more than the file's size, so that its end is seen without growing again.
  if (::fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode)) {
    payload.reserve(std::min<std::size_t>(static_cast<std::size_t>(status.st_size), max_packet_size) + 1);
  }
  for (;;) {
    const std::size_t used = payload.size();
    if (payload.capacity() == used) payload.reserve(std::max(used * 2, block_bytes));
    payload.resize(payload.capacity());
    const ssize_t count = ::read(descriptor, payload.data() + used, payload.size() - used);
    payload.resize(used + static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
    if (count == 0) return payload;
    if (count < 0 && errno != EINTR) {
      return std::unexpected(fmt::format("cannot read {}: {}", name, std::strerror(errno)));
    }
    if (payload.size() > max_packet_size) {
      return std::unexpected(
          fmt::format("{} is longer than the {} bytes of the largest MQTT packet", name, max_packet_size));
    }
  }
}

std::expected<FileDescriptor, std::string> open_file(const std::string& name) {
  FileDescriptor file{::open(name.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!file.is_open()) return std::unexpected(fmt::format("cannot open {}: {}", name, std::strerror(errno)));
  return file;
}

std::expected<PayloadBytes, std::string> read_file(const std::string& name, PayloadEncoding encoding) {
  std::expected<PayloadBytes, std::string> payload;
  if (name == "-") {
    payload = read_all(STDIN_FILENO, "standard input");
  } else {
    const auto file = open_file(name);
    if (!file) return std::unexpected(file.error());
    payload = read_all(file->number(), name);
  }
  if (!payload || encoding == PayloadEncoding::none) return payload;
  auto decoded = decode_payload(as_text(*payload), encoding);
  if (!decoded) return std::unexpected(fmt::format("{}: {}", name, decoded.error()));
  return decoded;
}

using Opened = std::expected<std::unique_ptr<MessageSource>, std::string>;

Opened open_chunks(const MessageInput& input) {
  const std::string name = input.source == MessageInput::Source::files ? input.files.front() : "-";
  const auto size = static_cast<std::size_t>(*input.chunk_bytes);
  if (name == "-") return std::make_unique<ChunkSource>(FileDescriptor{}, STDIN_FILENO, size);
  auto file = open_file(name);
  if (!file) return std::unexpected(file.error());
  const int descriptor = file->number();
  return std::make_unique<ChunkSource>(std::move(*file), descriptor, size);
}

// Null where the file is small, or no regular one.
std::unique_ptr<MessageSource> open_long_file(const std::string& name) {
  constexpr off_t least = 1024 * 1024;
  auto file = open_file(name);
  struct stat status{};
  if (!file || ::fstat(file->number(), &status) != 0 || !S_ISREG(status.st_mode) || status.st_size < least) return {};
  if (status.st_size > static_cast<off_t>(max_packet_size)) return {};
  return std::make_unique<LongFileSource>(std::move(*file), name, static_cast<std::size_t>(status.st_size));
}

}  // namespace

Opened open_source(const MessageInput& input, LongPayload long_payload) {
  if (input.source == MessageInput::Source::lines) return line_source(input);
  if (input.source == MessageInput::Source::json_lines) return json_line_source(input);
  if (input.chunk_bytes) return open_chunks(input);
  const bool is_one_file = input.source == MessageInput::Source::files && input.files.size() == 1 &&
                           input.repeat == 1 && input.encoding == PayloadEncoding::none;
  if (long_payload == LongPayload::deferred && is_one_file && input.files.front() != "-") {
    if (auto source = open_long_file(input.files.front())) return source;
  }
  std::vector<std::string> files = input.files;
  if (input.source == MessageInput::Source::whole_input) files = {"-"};
  std::vector<PayloadBytes> payloads;
  for (const std::string& file : files) {
    auto payload = read_file(file, input.encoding);
    if (!payload) return std::unexpected(payload.error());
    payloads.push_back(std::move(*payload));
  }
  if (files.empty()) {
    auto payload = decode_payload(input.text,
                                  input.source == MessageInput::Source::empty ? PayloadEncoding::none : input.encoding);
    if (!payload) return std::unexpected(fmt::format("the message is {}", payload.error()));
    payloads.push_back(std::move(*payload));
  }
  return std::make_unique<PayloadSource>(std::move(payloads), input.repeat);
}

}  // namespace mqtk::cli
