// Records of a stream, one per line (or per other delimiter), with bounded memory: the caller decides when to read
// more.
//
// Nothing that was read is lost: a record that the caller did not take yet is given again.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <system_error>

namespace mqtk::cli {

// Whether a read(2) would not wait. A regular file is always ready.
[[nodiscard]] bool can_read(int descriptor);

class RecordReader {
 public:
  // Reads from `descriptor`, which stays the caller's. A record longer than `longest` bytes is not taken apart.
  RecordReader(int descriptor, char delimiter, std::size_t longest)
      : descriptor_(descriptor), delimiter_(delimiter), longest_(longest) {}

  enum class State : std::uint8_t {
    record,     // record() holds the next one; call take() when it is used
    need_data,  // call fill() when the descriptor can be read
    end,        // all records were taken; the last one needs no delimiter
    too_long,   // the next record is longer than allowed
    failed,     // reading failed: error()
  };

  // Looks for the next record in what was read. Repeated calls without take() give the same record.
  [[nodiscard]] State next();
  // The record without its delimiter, any bytes. Valid until fill() or the end of the reader.
  [[nodiscard]] std::string_view record() const { return {buffer_.get() + begin_, record_size_}; }
  void take();

  // One read(2), which blocks if nothing is there.
  void fill();

  [[nodiscard]] int descriptor() const { return descriptor_; }
  [[nodiscard]] std::error_code error() const { return error_; }
  [[nodiscard]] std::uint64_t taken() const { return taken_; }

 private:
  static constexpr std::size_t block_bytes = 256 * 1024;
  void make_room();

  int descriptor_;
  char delimiter_;
  bool found_ = false;
  bool delimited_ = false;  // the found record is followed by its delimiter
  bool ended_ = false;
  std::size_t longest_;
  std::unique_ptr<char[]> buffer_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;     // of the next record
  std::size_t searched_ = 0;  // up to here there is no delimiter
  std::size_t end_ = 0;
  std::size_t record_size_ = 0;
  std::uint64_t taken_ = 0;
  std::error_code error_;
};

}  // namespace mqtk::cli
