// A file being written: every byte or an error, and back to an earlier size where a write failed half way.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <system_error>

#include "base/bytes.hpp"

namespace mqtk {

class OutputFile {
 public:
  // What becomes of a file that is there. Devices and pipes hold nothing that could be lost: they are always written
  // to.
  enum class Existing : std::uint8_t { is_refused, is_replaced, is_kept_until_written };

  [[nodiscard]] static std::expected<OutputFile, std::error_code> create(std::string path, Existing existing);

  OutputFile(OutputFile&& other) noexcept;
  OutputFile& operator=(OutputFile&& other) noexcept;
  ~OutputFile();

  // After an error the file is as it was before, unless not even that can be done.
  [[nodiscard]] std::error_code write(Bytes bytes);
  // Waits until all that was written is on the disk.
  [[nodiscard]] std::error_code sync();
  // Leaves what is not a regular file, and one from before that is still as it was.
  void remove();

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::uint64_t size() const { return size_; }

 private:
  enum class Content : std::uint8_t { ours, from_before, of_a_device };
  OutputFile(std::string path, int descriptor, Content content)
      : path_(std::move(path)), descriptor_(descriptor), content_(content) {}

  std::string path_;
  int descriptor_ = -1;
  Content content_ = Content::ours;
  std::uint64_t size_ = 0;
};

// The folder that a path lies in: "." for a bare name.
[[nodiscard]] std::string folder_of(const std::string& path);

}  // namespace mqtk
