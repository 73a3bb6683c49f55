// Messages into files: one for each topic, one for each message, or one for all, by a pattern such as
// "log/{topic}.txt".
//
// Written when write_out() is called, so that a message is acknowledged only after that.
#pragma once

#include <cstdint>
#include <expected>
#include <map>
#include <string>
#include <string_view>

#include "codec/packet.hpp"
#include "net/file_descriptor.hpp"

namespace mqtk::sub {

class FileOutput {
 public:
  // Nothing, or what is wrong with the pattern.
  [[nodiscard]] static std::expected<void, std::string> check(std::string_view pattern);
  explicit FileOutput(std::string pattern) : pattern_(std::move(pattern)) {}

  // A file of its own for each message: nothing parts it from others.
  [[nodiscard]] bool one_per_message() const { return pattern_.find("{n}") != std::string::npos; }

  // Where `append` adds the message's text. Valid until the next call.
  [[nodiscard]] std::string& text_for(std::string_view topic, std::uint64_t number);
  // Appends all texts to their files, and makes folders as needed. The error is one line.
  [[nodiscard]] std::expected<void, std::string> write_out();

  // The file for a message. What in a topic would lead out of the folder or name no file is written as %XX.
  [[nodiscard]] std::string path_for(std::string_view topic, std::uint64_t number) const;

 private:
  static constexpr std::size_t most_open_files = 100;
  [[nodiscard]] std::expected<int, std::string> open(const std::string& path);

  std::string pattern_;
  std::map<std::string, std::string, std::less<>> texts_;  // by path
  std::map<std::string, FileDescriptor, std::less<>> open_files_;
};

}  // namespace mqtk::sub
