#include "pub/message_source.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

#include "cli/record_reader.hpp"

namespace mqtk::pub {
namespace {

using Payload = std::vector<std::uint8_t>;

class OneMessage final : public MessageSource {
 public:
  OneMessage(Payload payload, std::uint32_t times) : payload_(std::move(payload)), left_(times) {}

  State next() override { return left_ > 0 ? State::message : State::end; }
  Bytes payload() const override { return payload_; }
  void take() override { --left_; }

 private:
  Payload payload_;
  std::uint32_t left_;
};

class Lines final : public MessageSource {
 public:
  explicit Lines(char delimiter) : reader_(STDIN_FILENO, delimiter, max_packet_size) {}

  State next() override {
    for (;;) {
      switch (reader_.next()) {
        case cli::RecordReader::State::record: return State::message;
        case cli::RecordReader::State::end: return State::end;
        case cli::RecordReader::State::too_long:
        case cli::RecordReader::State::failed: return State::failed;
        case cli::RecordReader::State::need_data:
          if (!readable()) return State::need_input;
          reader_.fill();
      }
    }
  }

  Bytes payload() const override { return as_bytes(reader_.record()); }
  void take() override { reader_.take(); }
  int descriptor() const override { return reader_.descriptor(); }
  std::string position() const override { return fmt::format("line {}: ", reader_.taken() + 1); }

  std::string error() const override {
    if (reader_.error()) return fmt::format("cannot read standard input: {}", reader_.error().message());
    return fmt::format("{}longer than the {} bytes of the largest MQTT packet", position(), max_packet_size);
  }

 private:
  // A regular file always is. The read that follows then does not wait.
  bool readable() const {
    pollfd input{reader_.descriptor(), POLLIN, 0};
    return ::poll(&input, 1, 0) != 0;
  }

  cli::RecordReader reader_;
};

std::expected<Payload, std::string> read_all(int descriptor, const std::string& name) {
  constexpr std::size_t block_bytes = 64 * 1024;
  Payload payload;
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

std::expected<Payload, std::string> read_file(const std::string& name) {
  if (name == "-") return read_all(STDIN_FILENO, "standard input");
  const int descriptor = ::open(name.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return std::unexpected(fmt::format("cannot open {}: {}", name, std::strerror(errno)));
  auto payload = read_all(descriptor, name);
  ::close(descriptor);
  return payload;
}

}  // namespace

std::expected<std::unique_ptr<MessageSource>, std::string> open_source(const Options& options) {
  std::expected<Payload, std::string> payload;
  switch (options.source) {
    case Options::Source::lines: return std::make_unique<Lines>(options.delimiter);
    case Options::Source::text: payload = Payload(options.text.begin(), options.text.end()); break;
    case Options::Source::file: payload = read_file(options.text); break;
    case Options::Source::whole_input: payload = read_file("-"); break;
    case Options::Source::empty:
    case Options::Source::none: break;
  }
  if (!payload) return std::unexpected(payload.error());
  return std::make_unique<OneMessage>(std::move(*payload), options.repeat);
}

}  // namespace mqtk::pub
