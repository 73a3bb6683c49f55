#include "record/recording_files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "cli/program.hpp"

namespace mqtk::record {
namespace {

// "log" and ".mcap" of "dir/log.mcap"
std::size_t extension_at(const std::string& path) {
  const std::size_t name = path.rfind('/') == std::string::npos ? 0 : path.rfind('/') + 1;
  const std::size_t dot = path.rfind('.');
  return dot == std::string::npos || dot <= name ? path.size() : dot;
}

std::string with_part(const std::string& path, std::string_view part) {
  const std::size_t dot = extension_at(path);
  return path.substr(0, dot) + "-" + std::string{part} + path.substr(dot);
}

// File systems take names of 255 bytes: room is left for the rest of the name.
std::string escaped(std::string_view topic) {
  constexpr std::size_t longest = 160;
  std::string name;
  for (const char c : topic) {
    const bool plain =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
    if (plain) {
      name += c;
    } else {
      name += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  if (name.size() <= longest) return name;
  return fmt::format("{}~{:016x}", name.substr(0, longest), std::hash<std::string_view>{}(topic));
}

std::string failure(std::string_view doing, const std::string& path, std::error_code error) {
  return fmt::format("cannot {} {}: {}", doing, path, error.message());
}

}  // namespace

McapOptions mcap_options(const Options& options, const mcap::Metadata& about, std::string spool_folder) {
  return {.library = fmt::format("mqtk {}", cli::version()),
          .metadata = about,
          .spool_folder = std::move(spool_folder),
          .chunk_bytes = options.chunk_bytes,
          .zstd_level = options.zstd_level};
}

void append_metadata(RecordingWriter* writer, std::string_view name, const mcap::Metadata& pairs) {
  if (auto* mcap = dynamic_cast<McapWriter*>(writer)) mcap->append_metadata(name, pairs);
}

// --- one series -----------------------------------------------------------------------------------------------------

FileSeries::FileSeries(const Options& options, std::string path)
    : options_(options), path_(std::move(path)), rotates_(options.rotate_bytes || options.rotate_age) {}

std::string FileSeries::numbered(std::uint64_t number) const { return with_part(path_, fmt::format("{:06}", number)); }

std::uint64_t FileSeries::highest_number() const {
  namespace fs = std::filesystem;
  const std::size_t dot = extension_at(path_);
  const std::string front = fs::path{path_.substr(0, dot)}.filename().string() + "-";
  const std::string back = path_.substr(dot);
  std::uint64_t highest = 0;
  std::error_code error;
  for (fs::directory_iterator at{folder_of(path_), error}, end; !error && at != end; at.increment(error)) {
    const std::string name = at->path().filename().string();
    if (!name.starts_with(front) || !name.ends_with(back) || name.size() <= front.size() + back.size()) continue;
    const std::string_view digits =
        std::string_view{name}.substr(front.size(), name.size() - front.size() - back.size());
    std::uint64_t number = 0;
    const auto [stop, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (problem == std::errc{} && stop == digits.data() + digits.size()) highest = std::max(highest, number);
  }
  return highest;
}

std::string FileSeries::open_next() {
  if (rotates_ && next_number_ == 0) next_number_ = highest_number() + 1;
  const std::string path = rotates_ ? numbered(next_number_++) : path_;
  // A broker that cannot be reached costs nobody the recording of yesterday.
  const auto existing =
      options_.overwrite ? OutputFile::Existing::is_kept_until_written : OutputFile::Existing::is_refused;
  auto file = OutputFile::create(path, existing);
  if (!file && file.error() == std::errc::file_exists) {
    return fmt::format("{} exists; name another file, or give --overwrite", path);
  }
  if (!file) return failure("create", path, file.error());
  file_ = std::move(*file);
  first_message_at_.reset();
  return "";
}

void FileSeries::discard() {
  if (file_ && writer_ == nullptr) file_->remove();
}

// The head goes alone, so that a disk that is full from the next chunk on leaves a file that can be read.
std::string FileSeries::begin(const mcap::Metadata& about) {
  if (writer_ != nullptr) return "";
  writer_ = make_recording_writer(options_.format, mcap_options(options_, about, folder_of(path_)));
  return write_output();
}

std::string FileSeries::append(const MessageRecord& message, TimePoint now) {
  if (failed_) {
    ++lost_;
    return "";
  }
  if (!first_message_at_) first_message_at_ = now;
  writer_->append(message);
  // A chunk at a time: only one can be taken back where the disk is full.
  const bool closed = options_.format == RecordingFormat::mcap && !writer_->has_open_chunk();
  return closed ? write_output() : "";
}

std::string FileSeries::write_output() {
  if (failed_) return "";
  const std::error_code error = file_->write(writer_->output());
  if (!error) {
    writer_->output_written();
    return "";
  }
  failed_ = true;
  lost_ += writer_->revoke_output();
  return failure("write", file_->path(), error);
}

std::string FileSeries::write_out(Destination::Chunks chunks) {
  if (writer_ == nullptr || failed_) return "";
  if (chunks == Destination::Chunks::all) writer_->close_chunk();
  return writer_->output().empty() ? "" : write_output();
}

std::string FileSeries::sync() {
  if (!file_ || failed_) return "";
  const std::error_code error = file_->sync();
  return error ? failure("synchronise", file_->path(), error) : "";
}

void FileSeries::note_gap(const mcap::Metadata& gap) {
  if (!failed_) append_metadata(writer_.get(), "gap", gap);
}

std::string FileSeries::finish(const mcap::Metadata& about) {
  if (writer_ == nullptr) return "";
  std::string problem = write_out(Destination::Chunks::all);
  if (file_->size() == 0 && failed_) file_->remove();  // not even its head had room
  append_metadata(writer_.get(), "end", about);
  // After a failure the space of the chunk that did not fit may be enough for the summary; without one the file is
  // readable all the same.
  for (bool done = false; !done;) {
    done = writer_->finish();
    const std::error_code error = file_->write(writer_->output());
    writer_->output_written();
    if (error && problem.empty()) problem = failure("write", file_->path(), error);
    if (error) break;
  }
  const auto* mcap = dynamic_cast<const McapWriter*>(writer_.get());
  if (mcap != nullptr && mcap->error() && problem.empty()) problem = failure("index", file_->path(), mcap->error());
  earlier_bytes_ += file_->size();
  written_.push_back(file_->path());
  file_.reset();
  writer_.reset();
  while (options_.keep && written_.size() > *options_.keep) {
    std::error_code ignored;
    std::filesystem::remove(written_.front(), ignored);
    written_.pop_front();
  }
  return problem;
}

bool FileSeries::is_due(TimePoint now) const {
  if (!rotates_ || writer_ == nullptr || !first_message_at_) return false;
  if (options_.rotate_bytes && file_->size() >= *options_.rotate_bytes) return true;
  return options_.rotate_age && now - *first_message_at_ >= *options_.rotate_age;
}

// --- all series ---------------------------------------------------------------------------------------------------

RecordingFiles::RecordingFiles(const Options& options) : options_(options), common_(options, options.file) {}

RecordingFiles::~RecordingFiles() {
  if (!begun_) common_.discard();
}

std::string RecordingFiles::open_first() {
  if (options_.split == Options::Split::by_topic) return "";
  return common_.open_next();
}

void RecordingFiles::begin(const mcap::Metadata& about) {
  if (std::exchange(begun_, true)) return;
  about_ = about;
  if (common_.is_open()) note(common_.begin(about_));
}

FileSeries& RecordingFiles::series_for(std::string_view topic) {
  if (options_.split == Options::Split::none) return common_;
  const auto found = by_topic_.find(std::string{topic});
  if (found != by_topic_.end()) return found->second;
  if (by_topic_.size() >= most_topic_files) return common_;
  return by_topic_.try_emplace(std::string{topic}, options_, with_part(options_.file, escaped(topic))).first->second;
}

void RecordingFiles::append(const MessageRecord& message, TimePoint now) {
  FileSeries& series = series_for(message.topic);
  if (series.is_due(now)) {
    note(series.finish({{"rotated", rfc3339(message.time.value_or(WallTime{}))}}));
  }
  if (!series.is_open()) {
    if (std::string problem = series.open_next(); !problem.empty()) {
      note(std::move(problem));
      ++lost_;
      return;
    }
    note(series.begin(about_));
  }
  note(series.append(message, now));
}

void RecordingFiles::note_gap(const mcap::Metadata& gap) {
  common_.note_gap(gap);
  for (auto& [topic, series] : by_topic_) series.note_gap(gap);
}

bool RecordingFiles::has_open_chunk() const {
  return common_.has_open_chunk() ||
         std::ranges::any_of(by_topic_, [](const auto& entry) { return entry.second.has_open_chunk(); });
}

template <class Do>
Destination::Written RecordingFiles::each(Do act) {
  const auto one = [&](FileSeries& series) {
    note(act(series));
    bytes_ += series.bytes();
  };
  bytes_ = 0;
  one(common_);
  for (auto& [topic, series] : by_topic_) one(series);
  return error_.empty() ? Written::all : Written::failed;
}

Destination::Written RecordingFiles::write_out(Chunks chunks) {
  return each([chunks](FileSeries& series) { return series.write_out(chunks); });
}

Destination::Written RecordingFiles::sync() {
  return each([](FileSeries& series) { return series.sync(); });
}

Destination::Written RecordingFiles::finish(const mcap::Metadata& about) {
  const Written written = each([&about](FileSeries& series) { return series.finish(about); });
  lost_ += common_.lost();
  for (const auto& [topic, series] : by_topic_) lost_ += series.lost();
  return written;
}

}  // namespace mqtk::record
