// What the user sees of packets: the view that was asked for, the counts, the exit status.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "capture/flow_check.hpp"
#include "capture/packet_record.hpp"
#include "capture/paint.hpp"
#include "cli/exit_status.hpp"
#include "cli/output.hpp"
#include "cli/packet_statistics.hpp"
#include "cli/payload_reader.hpp"
#include "cli/stream_file.hpp"
#include "cli/view_options.hpp"

namespace mqtk::cli {

class PacketViewer {
 public:
  // Who waits when whoever reads the output does not.
  enum class Waiting : std::uint8_t {
    in_calls,   // show() and complain() write, and so wait
    in_caller,  // the caller calls flush_ready() and waits as it likes
  };
  struct Target {
    int descriptor = 1;
    Waiting waiting = Waiting::in_calls;
  };

  // `written` takes what --write asks for; may be null.
  PacketViewer(const ViewOptions& options, std::unique_ptr<StreamFile> written, Target target);
  PacketViewer(const ViewOptions& options, std::unique_ptr<StreamFile> written)
      : PacketViewer(options, std::move(written), Target{}) {}

  // `view` is the one for this source where none was asked for.
  void start_source(View view) { view_ = options_.view.value_or(view); }

  // `flow` is null where the packet belongs to no connection.
  void show(const PacketRecord& record, const FlowCheck* flow);
  // A line on stderr, behind what it is about on stdout. A file that could not be read outweighs damage.
  void complain(const std::string& source_name, const std::string& text, ExitStatus status);
  // Numbers the packets of inputs without connections.
  [[nodiscard]] std::uint64_t next_index() { return next_index_++; }
  // A problem that is not one of a packet; it has been told.
  void count_problem(cli::ExitStatus status = cli::ExitStatus::malformed_input);
  void finish();

  [[nodiscard]] bool wants_notes() const { return view_ == View::annotated || view_ == View::tree; }
  [[nodiscard]] bool ended() const { return output_.ended(); }
  void flush() { output_.flush(); }
  [[nodiscard]] Output::Flushed flush_ready() { return output_.flush_ready(); }
  // What the caller has to say between packets.
  [[nodiscard]] std::string& buffer() { return output_.buffer(); }
  // The stream has ended and its number does not come again.
  void forget(std::uint64_t stream) { payloads_.forget(stream); }
  [[nodiscard]] ExitStatus status() const { return output_.ended() ? output_.status() : status_; }
  [[nodiscard]] PacketStatistics& statistics() { return statistics_; }
  [[nodiscard]] StreamFile* written() { return written_.get(); }

  std::uint64_t streams = 0;  // seen so far

 private:
  void append_view(const PacketRecord& record, const FlowCheck* flow, const PayloadReading& payload);
  void append_fields(const PacketRecord& record, const FlowCheck* flow);
  void append_summary();
  [[nodiscard]] Secrets secrets() const { return options_.show_secrets ? Secrets::shown : Secrets::hidden; }

  const ViewOptions& options_;
  Waiting waiting_;
  Paint paint_;
  View view_ = View::annotated;
  Output output_;
  ExitStatus status_ = ExitStatus::done;
  std::uint64_t next_index_ = 0;
  std::uint64_t packets_ = 0;
  std::uint64_t problems_ = 0;
  PacketStatistics statistics_;
  std::unique_ptr<StreamFile> written_;
  PayloadReader payloads_;
};

}  // namespace mqtk::cli
