#include "capture/line_source.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace mqtk {
namespace {

constexpr std::size_t block_bytes = std::size_t{256} * 1024;

class DescriptorStream final : public ByteStream {
 public:
  enum class Ends : std::uint8_t { left_open, closed };
  DescriptorStream(int descriptor, std::error_code error, Ends ends)
      : descriptor_(descriptor), error_(error), ends_(ends) {}
  DescriptorStream(const DescriptorStream&) = delete;
  DescriptorStream& operator=(const DescriptorStream&) = delete;
  ~DescriptorStream() override {
    if (descriptor_ >= 0 && ends_ == Ends::closed) ::close(descriptor_);
  }

  std::size_t read(MutableBytes to) override {
    while (!error_) {
      const ssize_t count = ::read(descriptor_, to.data(), to.size());
      if (count >= 0) return static_cast<std::size_t>(count);
      if (errno != EINTR) error_ = {errno, std::system_category()};
    }
    return 0;
  }
  std::error_code error() const override { return error_; }

 private:
  int descriptor_;
  std::error_code error_;
  Ends ends_;
};

class MemoryStream final : public ByteStream {
 public:
  explicit MemoryStream(Bytes bytes) : rest_(bytes) {}
  std::size_t read(MutableBytes to) override {
    const Bytes part = rest_.first(std::min(rest_.size(), to.size()));
    std::ranges::copy(part, to.begin());
    rest_ = rest_.subspan(part.size());
    return part.size();
  }

 private:
  Bytes rest_;
};

}  // namespace

std::unique_ptr<ByteStream> descriptor_stream(int descriptor) {
  return std::make_unique<DescriptorStream>(descriptor, std::error_code{}, DescriptorStream::Ends::left_open);
}

std::unique_ptr<ByteStream> file_stream(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const std::error_code error = descriptor < 0 ? std::error_code{errno, std::system_category()} : std::error_code{};
  return std::make_unique<DescriptorStream>(descriptor, error, DescriptorStream::Ends::closed);
}

std::unique_ptr<ByteStream> memory_stream(Bytes bytes) { return std::make_unique<MemoryStream>(bytes); }

bool LineSource::fill() {
  if (ended_) return false;
  buffer_.erase(0, at_);
  at_ = 0;
  const std::size_t held = buffer_.size();
  buffer_.resize(held + block_bytes);
  const std::size_t count = stream_->read({reinterpret_cast<std::uint8_t*>(buffer_.data()) + held, block_bytes});
  buffer_.resize(held + count);
  ended_ = count == 0;
  return !ended_;
}

LineSource::State LineSource::next(std::string_view& line) {
  std::size_t searched = at_;
  bool too_long = false;
  for (;;) {
    const std::size_t feed = buffer_.find('\n', searched);
    if (feed != std::string::npos || (ended_ && at_ < buffer_.size())) {
      cut_ = feed == std::string::npos;
      const std::size_t end = cut_ ? buffer_.size() : feed;
      line = std::string_view{buffer_}.substr(at_, end - at_);
      at_ = cut_ ? end : end + 1;
      ++number_;
      return too_long ? State::too_long : State::line;
    }
    if (ended_) return stream_->error() ? State::failed : State::end;
    if (buffer_.size() - at_ > longest_) {
      too_long = true;
      at_ = buffer_.size();
    }
    searched = buffer_.size() - at_;  // fill() moves what is kept to the front
    (void)fill();
  }
}

}  // namespace mqtk
