#include "record/destination.hpp"

#include "cli/output.hpp"
#include "cli/program.hpp"
#include "record/recording_files.hpp"

namespace mqtk::record {
namespace {

class StandardOutput final : public Destination {
 public:
  explicit StandardOutput(const Options& options) : options_(options) {}

  void begin(const mcap::Metadata& about) override {
    if (writer_ != nullptr) return;
    writer_ = make_recording_writer(options_.format, mcap_options(options_, about, "/tmp"));
  }
  void append(const MessageRecord& message, TimePoint now) override {
    (void)now;
    writer_->append(message);
  }
  void note_gap(const mcap::Metadata& gap) override { append_metadata(writer_.get(), "gap", gap); }
  bool has_open_chunk() const override { return writer_ != nullptr && writer_->has_open_chunk(); }

  Written write_out(Chunks chunks) override {
    if (writer_ == nullptr) return Written::all;
    if (chunks == Chunks::all) writer_->close_chunk();
    take();
    switch (output_.flush_ready()) {
      case cli::Output::Flushed::all: return Written::all;
      case cli::Output::Flushed::part: return Written::waiting;
      case cli::Output::Flushed::ended: break;
    }
    return Written::failed;
  }

  Written finish(const mcap::Metadata& about) override {
    if (writer_ == nullptr) return Written::all;
    append_metadata(writer_.get(), "end", about);
    bool done = false;
    while (!done) {
      done = writer_->finish();
      take();
      if (!output_.flush()) return Written::failed;
    }
    return Written::all;
  }

  // The reader of a pipe that has gone is no failure.
  cli::ExitStatus failure_status() const override { return output_.status(); }
  int descriptor() const override { return output_.descriptor(); }

 private:
  void take() {
    output_.buffer() += as_text(writer_->output());
    bytes_ += writer_->output().size();
    writer_->output_written();
  }

  const Options& options_;
  std::unique_ptr<RecordingWriter> writer_;
  cli::Output output_;
};

}  // namespace

std::unique_ptr<Destination> make_destination(const Options& options, std::string& error) {
  if (options.file == "-") return std::make_unique<StandardOutput>(options);
  auto files = std::make_unique<RecordingFiles>(options);
  error = files->open_first();
  return files;
}

}  // namespace mqtk::record
