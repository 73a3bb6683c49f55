#include "cli/record_reader.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace mqtk::cli {

bool can_read(int descriptor) {
  pollfd input{descriptor, POLLIN, 0};
  return ::poll(&input, 1, 0) != 0;
}

RecordReader::State RecordReader::next() {
  if (found_) return State::record;
  const void* found =
      searched_ == end_ ? nullptr : std::memchr(buffer_.get() + searched_, delimiter_, end_ - searched_);
  if (found != nullptr) {
    record_size_ = static_cast<std::size_t>(static_cast<const char*>(found) - (buffer_.get() + begin_));
    delimited_ = true;
  } else {
    searched_ = end_;
    record_size_ = end_ - begin_;
    delimited_ = false;
  }
  if (record_size_ > longest_) return State::too_long;
  if (delimited_ || (ended_ && record_size_ > 0 && !error_)) {
    found_ = true;
    return State::record;
  }
  if (error_) return State::failed;
  return ended_ ? State::end : State::need_data;
}

void RecordReader::take() {
  begin_ += record_size_ + (delimited_ ? 1 : 0);
  searched_ = begin_;
  record_size_ = 0;
  found_ = false;
  ++taken_;
}

void RecordReader::make_room() {
  if (begin_ == end_) {
    begin_ = searched_ = end_ = 0;
  }
  if (end_ < capacity_) return;
  const std::size_t kept = end_ - begin_;
  // Moving is cheap while at most half the block is kept; a long record needs a larger block.
  if (kept > capacity_ / 2 || capacity_ == 0) {
    const std::size_t capacity = std::max(block_bytes, capacity_ * 2);
    auto larger = std::make_unique_for_overwrite<char[]>(capacity);
    if (kept > 0) std::memcpy(larger.get(), buffer_.get() + begin_, kept);
    buffer_ = std::move(larger);
    capacity_ = capacity;
  } else {
    std::memmove(buffer_.get(), buffer_.get() + begin_, kept);
  }
  searched_ -= begin_;
  begin_ = 0;
  end_ = kept;
}

void RecordReader::fill() {
  if (ended_) return;
  make_room();
  ssize_t count = 0;
  do {
    count = ::read(descriptor_, buffer_.get() + end_, capacity_ - end_);
  } while (count < 0 && errno == EINTR);
  if (count > 0) {
    end_ += static_cast<std::size_t>(count);
    return;
  }
  if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;  // someone else made it non-blocking
  ended_ = true;
  if (count < 0) error_ = {errno, std::system_category()};
}

}  // namespace mqtk::cli
