// A recording being written, whatever its format. Writers make bytes; whose file they go to is the caller's affair.
#pragma once

#include <cstdint>
#include <utility>

#include "base/bytes.hpp"
#include "capture/growing_bytes.hpp"
#include "capture/message_record.hpp"

namespace mqtk {

class RecordingWriter {
 public:
  RecordingWriter() = default;
  RecordingWriter(const RecordingWriter&) = delete;
  RecordingWriter& operator=(const RecordingWriter&) = delete;
  virtual ~RecordingWriter() = default;

  // The message has a time and a valid Topic Name. It may stay inside until enough have come or close_chunk().
  virtual void append(const MessageRecord& message) = 0;
  // Messages were appended that are not in output() yet.
  [[nodiscard]] virtual bool has_open_chunk() const { return false; }
  // Brings them there.
  virtual void close_chunk() {}
  // What the format wants at its end, in parts of bounded size: write the output and call again until true. Nothing may
  // follow.
  [[nodiscard]] virtual bool finish() { return true; }

  // Due to be written to the file. It ends where the file may be cut without damage.
  [[nodiscard]] Bytes output() const { return out_.view(); }
  void output_written() {
    written_ += out_.size();
    in_output_ = 0;
    out_.clear();
  }
  // The output could not be written, and the file was cut back to where it began: as if what is in it had never been
  // appended. Returns how many messages these are.
  virtual std::uint64_t revoke_output() {
    out_.clear();
    return std::exchange(in_output_, 0);
  }
  // Bytes that were made, written or not.
  [[nodiscard]] std::uint64_t size() const { return written_ + out_.size(); }

 protected:
  GrowingBytes out_;
  std::uint64_t written_ = 0;
  std::uint64_t in_output_ = 0;  // messages
};

}  // namespace mqtk
