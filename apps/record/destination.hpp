// Where recorded messages go: files, or standard output.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/time.hpp"
#include "capture/mcap_mapping.hpp"
#include "capture/message_record.hpp"
#include "cli/exit_status.hpp"
#include "record/options.hpp"

namespace mqtk::record {

class Destination {
 public:
  Destination() = default;
  Destination(const Destination&) = delete;
  Destination& operator=(const Destination&) = delete;
  virtual ~Destination() = default;

  enum class Written : std::uint8_t {
    all,
    waiting,  // the reader of a pipe does not keep up
    failed,   // error() says why, unless it has been said
  };
  enum class Chunks : std::uint8_t { full, all };

  // The first call that needs it makes the file; what is said of the recording goes to its head.
  virtual void begin(const mcap::Metadata& about) = 0;
  virtual void append(const MessageRecord& message, TimePoint now) = 0;
  // The connection was away for a while. Only MCAP files tell it.
  virtual void note_gap(const mcap::Metadata& gap) = 0;
  // Messages wait in a chunk that is not closed.
  [[nodiscard]] virtual bool has_open_chunk() const = 0;
  [[nodiscard]] virtual Written write_out(Chunks chunks) = 0;
  [[nodiscard]] virtual Written sync() { return Written::all; }
  // Closes the recording; `about` goes to its end.
  [[nodiscard]] virtual Written finish(const mcap::Metadata& about) = 0;

  // For standard output that does not take all at once; -1 for files.
  [[nodiscard]] virtual int descriptor() const { return -1; }
  [[nodiscard]] const std::string& error() const { return error_; }
  // After `failed`.
  [[nodiscard]] virtual cli::ExitStatus failure_status() const { return cli::ExitStatus::local_failure; }
  // Messages that were appended and could not be written.
  [[nodiscard]] std::uint64_t lost() const { return lost_; }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

 protected:
  std::string error_;
  std::uint64_t lost_ = 0;
  std::uint64_t bytes_ = 0;
};

// `error` if the first file cannot be made, before anything is connected.
[[nodiscard]] std::unique_ptr<Destination> make_destination(const Options& options, std::string& error);

}  // namespace mqtk::record
