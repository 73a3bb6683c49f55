// Where the text of an inspection comes from: arguments, a file or standard input, read in blocks.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "capture/compression.hpp"

namespace mqtk::inspect {

enum class Following : unsigned char { no, yes };

class Source {
 public:
  // `text` is read as it is.
  [[nodiscard]] static Source of_text(std::string text);
  // Standard input for "-". On failure the whole message. A file that is followed has no end: read() waits for what is
  // written to it, until nobody reads our standard output any more.
  [[nodiscard]] static std::expected<Source, std::string> open(const std::string& file, Following following);

  Source(Source&& other) noexcept;
  Source& operator=(Source&&) = delete;
  ~Source();

  // The next block, which lives until the next call; empty at the end. On failure the whole message. Files of gzip and
  // zstd are unpacked.
  [[nodiscard]] std::expected<std::string_view, std::string> read();

  // Whether the last failure was that of a packed file, not of reading it.
  [[nodiscard]] bool is_damaged() const { return damaged_; }
  // Whether more may come at any time: a pipe or a terminal, not a file.
  [[nodiscard]] bool is_live() const { return live_; }

  // For messages: "standard input", the file's name, "" for arguments.
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  [[nodiscard]] std::expected<std::string_view, std::string> read_raw();
  [[nodiscard]] std::expected<std::string_view, std::string> unpack();
  [[nodiscard]] bool wait_for_more() const;

  Source(std::string name, int descriptor) : name_(std::move(name)), descriptor_(descriptor) {}

  std::string name_;
  int descriptor_ = -1;  // -1 for text
  std::string block_;
  bool text_read_ = false;
  bool live_ = false;
  Following following_ = Following::no;
  bool started_ = false;
  bool damaged_ = false;
  std::optional<Unpacker> unpacker_;
  Bytes packed_;  // of the block, not yet unpacked
  std::string unpacked_;
};

// What the arguments say: neighbouring hex texts joined, each file for itself. A word that is neither a file nor
// begins like hex is taken for the name of a file that is missing.
struct SourceName {
  enum class Kind : unsigned char { text, file } kind;
  std::string value;
};
[[nodiscard]] std::vector<SourceName> sources_of(const std::vector<std::string>& arguments);

}  // namespace mqtk::inspect
