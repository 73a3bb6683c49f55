#include "inspect/source.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "base/hex.hpp"
#include "inspect/interruption.hpp"

namespace mqtk::inspect {
namespace {

constexpr std::size_t block_bytes = 64UL * 1024;

std::string failure(std::string_view what, std::string_view name) {
  return fmt::format("cannot {} {}: {}", what, name, std::generic_category().message(errno));
}

// Plain hex has neither '.' nor '/'. Text of several lines is no name.
bool looks_like_hex(std::string_view word) {
  if (word.find('\n') != std::string_view::npos) return true;
  if (word.find_first_of("./") != std::string_view::npos) return false;
  return word.empty() || hex_digit(word[0]) >= 0 || word.find_first_of(" \t#\\:,;-") == 0;
}

bool exists(const std::string& name) {
  struct stat facts{};
  return !name.empty() && ::stat(name.c_str(), &facts) == 0;
}

}  // namespace

Source Source::of_text(std::string text) {
  Source source{"", -1};
  source.block_ = std::move(text);
  return source;
}

std::expected<Source, std::string> Source::open(const std::string& file, Following following) {
  const int descriptor = file == "-" ? 0 : ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return std::unexpected(failure("read", file));
  Source source{file == "-" ? "standard input" : file, descriptor};
  struct stat facts{};
  source.following_ = following;
  source.live_ = following == Following::yes || (::fstat(descriptor, &facts) == 0 && !S_ISREG(facts.st_mode));
  return source;
}

Source::Source(Source&& other) noexcept
    : name_(std::move(other.name_)),
      descriptor_(std::exchange(other.descriptor_, -1)),
      block_(std::move(other.block_)),
      text_read_(other.text_read_),
      live_(other.live_),
      following_(other.following_),
      started_(other.started_),
      unpacker_(std::move(other.unpacker_)),
      unpacked_(std::move(other.unpacked_)) {}

Source::~Source() {
  if (descriptor_ > 0) ::close(descriptor_);
}

std::expected<std::string_view, std::string> Source::read() {
  if (unpacker_) return unpack();
  const auto block = read_raw();
  if (!block || std::exchange(started_, true)) return block;
  if (const auto kind = Unpacker::recognize(as_bytes(*block))) {
    unpacker_.emplace(*kind);
    packed_ = as_bytes(*block);
    return unpack();
  }
  return block;
}

std::expected<std::string_view, std::string> Source::unpack() {
  unpacked_.resize(block_bytes);
  const MutableBytes to{reinterpret_cast<std::uint8_t*>(unpacked_.data()), unpacked_.size()};
  while (true) {
    const auto count = unpacker_->unpack(packed_, to);
    damaged_ = !count;
    if (damaged_) return std::unexpected(fmt::format("cannot unpack {}: the file is damaged", name_));
    if (*count > 0) return std::string_view{unpacked_}.substr(0, *count);
    if (!packed_.empty()) continue;
    const auto block = read_raw();
    if (!block) return block;
    packed_ = as_bytes(*block);
    if (!packed_.empty()) continue;
    if (unpacker_->at_end()) return std::string_view{};
    damaged_ = true;
    return std::unexpected(fmt::format("cannot unpack {}: the file is cut off", name_));
  }
}

std::expected<std::string_view, std::string> Source::read_raw() {
  if (descriptor_ < 0) return std::exchange(text_read_, true) ? std::string_view{} : std::string_view{block_};
  block_.resize(block_bytes);
  ssize_t count = 0;
  do {
    if (live_ && !Interruption::catch_signals().await_readable(descriptor_)) return std::string_view{};
    count = ::read(descriptor_, block_.data(), block_.size());
  } while ((count < 0 && errno == EINTR) || (count == 0 && wait_for_more()));
  if (count < 0) return std::unexpected(failure("read", name_));
  return std::string_view{block_}.substr(0, static_cast<std::size_t>(count));
}

// A pause at the end of a file that is followed; false when there is no use in going on.
bool Source::wait_for_more() const {
  if (following_ == Following::no) return false;
  const Interruption& interruption = Interruption::catch_signals();
  interruption.pause(std::chrono::milliseconds{100});
  pollfd output{1, 0, 0};
  const bool reader_has_gone = ::poll(&output, 1, 0) > 0 && (output.revents & (POLLERR | POLLNVAL)) != 0;
  return !reader_has_gone && !interruption.has_come();
}

std::vector<SourceName> sources_of(const std::vector<std::string>& arguments) {
  std::vector<SourceName> sources;
  for (const std::string& argument : arguments) {
    if (argument == "-" || exists(argument) || !looks_like_hex(argument)) {
      sources.push_back({SourceName::Kind::file, argument});
    } else if (!sources.empty() && sources.back().kind == SourceName::Kind::text) {
      sources.back().value.append(1, ' ').append(argument);
    } else {
      sources.push_back({SourceName::Kind::text, argument});
    }
  }
  if (sources.empty()) sources.push_back({SourceName::Kind::file, "-"});
  return sources;
}

}  // namespace mqtk::inspect
