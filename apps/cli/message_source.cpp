// What open_source() makes of payloads that are there as a whole, and of chunks.

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <deque>
#include <memory>

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

// One long payload, once, which is read to where its bytes are sent from.
class LongPayloadSource : public MessageSource {
 public:
  explicit LongPayloadSource(std::size_t size) : size_(size) {}

  State next() final { return taken_ ? State::end : State::message; }
  void fill(Publish& message) final { message.payload = {}; }
  void take() final { taken_ = true; }
  std::size_t long_payload_bytes() const final { return size_; }

 private:
  std::size_t size_;
  bool taken_ = false;
};

class LongFileSource final : public LongPayloadSource {
 public:
  LongFileSource(FileDescriptor file, std::string name, std::size_t size)
      : LongPayloadSource(size), file_(std::move(file)), name_(std::move(name)) {}

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
};

// Bytes whose number nobody knows before the last has come.
class Spool {
 public:
  // To the end of what `descriptor` reads. What is wrong, or nothing.
  std::expected<void, std::string> read(int descriptor, const std::string& name);
  [[nodiscard]] std::size_t size() const { return blocks_.empty() ? 0 : (blocks_.size() - 1) * block_bytes + used_; }
  // Gives each block back when it is copied, so that there is one copy and one block at most.
  void move_to(MutableBytes to);

 private:
  static constexpr std::size_t block_bytes = 1024 * 1024;  // which malloc gives back to the system at once
  std::deque<std::unique_ptr<std::uint8_t[]>> blocks_;
  std::size_t used_ = 0;  // of the last one
};

std::expected<void, std::string> Spool::read(int descriptor, const std::string& name) {
  used_ = block_bytes;
  for (;;) {
    if (used_ == block_bytes) {
      blocks_.push_back(std::make_unique_for_overwrite<std::uint8_t[]>(block_bytes));
      used_ = 0;
    }
    const ssize_t count = ::read(descriptor, blocks_.back().get() + used_, block_bytes - used_);
    if (count == 0) return {};
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return std::unexpected(fmt::format("cannot read {}: {}", name, std::strerror(errno)));
    used_ += static_cast<std::size_t>(count);
    if (size() > max_packet_size) {
      return std::unexpected(
          fmt::format("{} is longer than the {} bytes of the largest MQTT packet", name, max_packet_size));
    }
  }
}

void Spool::move_to(MutableBytes to) {
  while (!blocks_.empty()) {
    const std::size_t count = std::min(block_bytes, to.size());
    if (count > 0) std::memcpy(to.data(), blocks_.front().get(), count);
    to = to.subspan(count);
    blocks_.pop_front();
  }
}

class SpooledSource final : public LongPayloadSource {
 public:
  explicit SpooledSource(Spool spool) : LongPayloadSource(spool.size()), spool_(std::move(spool)) {}

  std::expected<void, std::string> read_long_payload(MutableBytes to) override {
    spool_.move_to(to);
    return {};
  }

 private:
  Spool spool_;
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
  Spool spool;
  if (const auto read = spool.read(descriptor, name); !read) return std::unexpected(read.error());
  PayloadBytes payload(spool.size());
  spool.move_to(payload);
  return payload;
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

// A payload that may be long: one that is sent once, and as it is.
Opened open_payload(const std::string& name) {
  constexpr std::size_t least = 1024 * 1024;
  FileDescriptor file;
  int descriptor = STDIN_FILENO;
  if (name != "-") {
    auto opened = open_file(name);
    if (!opened) return std::unexpected(opened.error());
    file = std::move(*opened);
    descriptor = file.number();
    struct stat status{};
    const bool regular = ::fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode);
    const auto size = static_cast<std::size_t>(status.st_size);
    if (regular && size >= least && size <= max_packet_size) {
      return std::make_unique<LongFileSource>(std::move(file), name, size);
    }
  }
  Spool spool;
  if (const auto read = spool.read(descriptor, name == "-" ? "standard input" : name); !read) {
    return std::unexpected(read.error());
  }
  if (spool.size() >= least) return std::make_unique<SpooledSource>(std::move(spool));
  std::vector<PayloadBytes> payloads(1, PayloadBytes(spool.size()));
  spool.move_to(payloads.front());
  return std::make_unique<PayloadSource>(std::move(payloads), 1);
}

}  // namespace

std::expected<ApplicationMessage, std::string> read_long_message(MessageSource& source, const Publish& message,
                                                                 TimePoint now) {
  MutableBytes payload;
  ApplicationMessage result = ApplicationMessage::make_unfilled(message, source.long_payload_bytes(), now, payload);
  if (const auto read = source.read_long_payload(payload); !read) return std::unexpected(read.error());
  return result;
}

Opened open_source(const MessageInput& input, LongPayload long_payload) {
  if (input.source == MessageInput::Source::lines) return line_source(input);
  if (input.source == MessageInput::Source::json_lines) return json_line_source(input);
  if (input.chunk_bytes) return open_chunks(input);
  std::vector<std::string> files = input.files;
  if (input.source == MessageInput::Source::whole_input) files = {"-"};
  const bool as_it_is = files.size() == 1 && input.repeat == 1 && input.encoding == PayloadEncoding::none;
  if (long_payload == LongPayload::deferred && as_it_is) return open_payload(files.front());
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
