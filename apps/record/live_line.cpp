#include "record/live_line.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include "cli/byte_size.hpp"

namespace mqtk::record {
namespace {

void write_line(const std::string& text) {
  // A terminal that does not take it gets the next one.
  if (::write(STDERR_FILENO, text.data(), text.size()) < 0) return;
}

}  // namespace

bool LiveLine::is_wanted() { return ::isatty(STDERR_FILENO) == 1; }

void LiveLine::count_topic(std::string_view topic) {
  if (topics_.size() < most_topics) topics_.insert(std::hash<std::string_view>{}(topic));
}

void LiveLine::show(const State& state, TimePoint now) {
  const double seconds = to_seconds(now - shown_at_);
  const double rate = visible_ && seconds > 0 ? static_cast<double>(state.messages - messages_shown_) / seconds : 0;
  write_line(fmt::format("\r\x1b[K{} messages, {}/s, {}, {}{} topics, {} dropped, file {}",
                         cli::grouped(state.messages), cli::grouped(static_cast<std::uint64_t>(rate)),
                         cli::byte_size_text(state.payload_bytes), cli::grouped(topics_.size()),
                         topics_.size() < most_topics ? "" : "+", cli::grouped(state.dropped),
                         cli::byte_size_text(state.file_bytes)));
  messages_shown_ = state.messages;
  shown_at_ = now;
  visible_ = true;
}

void LiveLine::clear() {
  if (visible_) write_line("\r\x1b[K");
  visible_ = false;
}

}  // namespace mqtk::record
