// A recording in files: one, one after another (--rotate), or one for each topic (--split-by).
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "capture/output_file.hpp"
#include "record/destination.hpp"

namespace mqtk::record {

[[nodiscard]] McapOptions mcap_options(const Options& options, const mcap::Metadata& about, std::string spool_folder);

// Of MCAP; other formats hold none.
void append_metadata(RecordingWriter* writer, std::string_view name, const mcap::Metadata& pairs);

// One series of files of which the last is open.
class FileSeries {
 public:
  // `path` is the file's name; with rotation a number goes into it.
  FileSeries(const Options& options, std::string path);

  // Makes the next file; what is wrong otherwise. With mqtk::record::Options::overwrite it replaces one that is there.
  [[nodiscard]] std::string open_next();
  [[nodiscard]] bool is_open() const { return file_.has_value(); }
  // Removes a file that never got anything.
  void discard();

  // What went wrong, or nothing, here and below.
  [[nodiscard]] std::string begin(const mcap::Metadata& about);
  [[nodiscard]] std::string append(const MessageRecord& message, TimePoint now);
  [[nodiscard]] bool has_open_chunk() const { return writer_ != nullptr && writer_->has_open_chunk(); }
  // After a failure the file ends with its last whole chunk.
  [[nodiscard]] std::string write_out(Destination::Chunks chunks);
  [[nodiscard]] std::string sync();
  void note_gap(const mcap::Metadata& gap);
  [[nodiscard]] std::string finish(const mcap::Metadata& about);

  [[nodiscard]] bool is_due(TimePoint now) const;  // to be followed by the next file
  [[nodiscard]] std::uint64_t bytes() const { return earlier_bytes_ + (file_ ? file_->size() : 0); }
  [[nodiscard]] std::uint64_t lost() const { return lost_; }

 private:
  [[nodiscard]] std::string write_output();
  [[nodiscard]] std::string numbered(std::uint64_t number) const;
  [[nodiscard]] std::uint64_t highest_number() const;

  const Options& options_;
  std::string path_;
  bool rotates_;
  std::uint64_t next_number_ = 0;
  std::deque<std::string> written_;  // of this run, oldest first
  std::optional<OutputFile> file_;
  std::unique_ptr<RecordingWriter> writer_;
  std::optional<TimePoint> first_message_at_;
  std::uint64_t earlier_bytes_ = 0;
  std::uint64_t lost_ = 0;
  bool failed_ = false;
};

class RecordingFiles final : public Destination {
 public:
  explicit RecordingFiles(const Options& options);
  ~RecordingFiles() override;

  // What is wrong, or nothing.
  [[nodiscard]] std::string open_first();

  void begin(const mcap::Metadata& about) override;
  void append(const MessageRecord& message, TimePoint now) override;
  void note_gap(const mcap::Metadata& gap) override;
  [[nodiscard]] bool has_open_chunk() const override;
  [[nodiscard]] Written write_out(Chunks chunks) override;
  [[nodiscard]] Written sync() override;
  [[nodiscard]] Written finish(const mcap::Metadata& about) override;

 private:
  static constexpr std::size_t most_topic_files = 200;

  [[nodiscard]] FileSeries& series_for(std::string_view topic);
  template <class Do>
  [[nodiscard]] Written each(Do act);
  void note(std::string problem) {
    if (error_.empty()) error_ = std::move(problem);
  }

  const Options& options_;
  mcap::Metadata about_;
  bool begun_ = false;
  FileSeries common_;
  std::unordered_map<std::string, FileSeries> by_topic_;
};

}  // namespace mqtk::record
