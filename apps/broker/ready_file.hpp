// The file that says where the broker listens, for whoever cannot read its standard output.
#pragma once

#include <expected>
#include <string>
#include <string_view>

namespace mqtk::broker_program {

class ReadyFile {
 public:
  ReadyFile() = default;
  ReadyFile(const ReadyFile&) = delete;
  ReadyFile& operator=(const ReadyFile&) = delete;
  ~ReadyFile();  // removes the file: it must not speak of a broker that is gone

  // The file appears with its whole content at once. The error is one line.
  [[nodiscard]] std::expected<void, std::string> write(const std::string& path, std::string_view content);

 private:
  std::string path_;  // empty until it is written
};

}  // namespace mqtk::broker_program
