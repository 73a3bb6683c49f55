// Where the text of an inspection comes from: arguments, a file or standard input, read in blocks.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace mqtk::inspect {

class Source {
 public:
  // `text` is read as it is.
  [[nodiscard]] static Source of_text(std::string text);
  // Standard input for "-". On failure the whole message.
  [[nodiscard]] static std::expected<Source, std::string> open(const std::string& file);

  Source(Source&& other) noexcept;
  Source& operator=(Source&&) = delete;
  ~Source();

  // The next block, which lives until the next call; empty at the end. On failure the whole message.
  [[nodiscard]] std::expected<std::string_view, std::string> read();

  // For messages: "standard input", the file's name, "" for arguments.
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  Source(std::string name, int descriptor) : name_(std::move(name)), descriptor_(descriptor) {}

  std::string name_;
  int descriptor_ = -1;  // -1 for text
  std::string block_;
  bool text_read_ = false;
};

// What the arguments say: neighbouring hex texts joined, each file for itself. A word that is neither a file nor
// begins like hex is taken for the name of a file that is missing.
struct SourceName {
  enum class Kind : unsigned char { text, file } kind;
  std::string value;
};
[[nodiscard]] std::vector<SourceName> sources_of(const std::vector<std::string>& arguments);

}  // namespace mqtk::inspect
