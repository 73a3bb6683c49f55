// Bytes that wait for the end of a file: in memory while they are few, then in a file without a name.
//
// A long recording grows a summary that may not stay in memory.
#pragma once

#include <cstdint>
#include <string>
#include <system_error>
#include <vector>

#include "base/bytes.hpp"

namespace mqtk {

class ByteSpool {
 public:
  static constexpr std::size_t memory_bytes = std::size_t{4} * 1024 * 1024;

  // `folder` is where the nameless file comes to be.
  explicit ByteSpool(std::string folder) : folder_(std::move(folder)) {}
  ByteSpool(const ByteSpool&) = delete;
  ByteSpool& operator=(const ByteSpool&) = delete;
  ~ByteSpool();

  void append(Bytes bytes);
  [[nodiscard]] std::uint64_t size() const { return in_file_ + memory_.size(); }
  // Forgets what was appended behind the first `size` bytes.
  void shrink(std::uint64_t size);
  // Fills `to` from `offset` on; returns how many bytes there were.
  [[nodiscard]] std::size_t read(std::uint64_t offset, MutableBytes to);
  // Writing or reading the file failed: the bytes are not complete.
  [[nodiscard]] std::error_code error() const { return error_; }

 private:
  void spill();

  std::string folder_;
  int descriptor_ = -1;
  std::uint64_t in_file_ = 0;
  std::vector<std::uint8_t> memory_;
  std::error_code error_;
};

}  // namespace mqtk
