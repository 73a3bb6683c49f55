// Standard output and standard error of a program.
//
// Data goes to stdout through one Output, which is buffered: call flush() when there is nothing more to do at
// the moment (the loop's end of turn), so that a reader sees every message at once and a busy run still
// writes large blocks.
#pragma once

#include <string>
#include <string_view>

#include "cli/exit_status.hpp"

namespace mqtk::cli {

class Output {
 public:
  explicit Output(int descriptor = 1);
  ~Output();
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  // Copies `data`; writes when a block is full. Nothing happens any more once ended().
  void write(std::string_view data);

  // For formatting in place (append_format(output.buffer(), …)); call wrote() afterwards.
  [[nodiscard]] std::string& buffer() { return buffer_; }
  void wrote() {
    if (buffer_.size() >= block_bytes) flush();
  }

  // Writes what is buffered and `data`, which is not copied: for long data and a regular file, which takes it at once.
  void write_long(std::string_view data);

  // Writes all that is buffered. Blocks as long as the reader does. False once ended().
  bool flush();

  // Nobody waits at the other end, and a write never blocks for long.
  [[nodiscard]] bool is_regular_file() const { return regular_file_; }

  // Writes what the reader takes without waiting for it; to a regular file that is everything.
  enum class Flushed : unsigned char { all, part, ended };
  [[nodiscard]] Flushed flush_ready();
  // Throws away what is buffered.
  void drop() {
    buffer_.clear();
    written_ = 0;
  }
  [[nodiscard]] int descriptor() const { return descriptor_; }

  // True when nothing can be written any more. The run should then stop with status(): `done` where the
  // reader has gone (EPIPE), `local_failure` otherwise, in which case the error line has been printed.
  [[nodiscard]] bool ended() const { return ended_; }
  [[nodiscard]] ExitStatus status() const { return status_; }

 private:
  void end(int error);

  static constexpr std::size_t block_bytes = 64 * 1024;
  int descriptor_;
  bool regular_file_;
  bool ended_ = false;
  ExitStatus status_ = ExitStatus::done;
  std::string buffer_;
  std::size_t written_ = 0;  // so much of the buffer's beginning
};

enum class ColorChoice : unsigned char { automatic, always, never };

// automatic: only on a terminal, and not where NO_COLOR is set to anything or TERM is "dumb".
[[nodiscard]] bool use_color(ColorChoice choice, int descriptor = 1);

// Descriptors 0 to 2 that the caller has closed are made unusable instead of free: a socket that got the number 1 would
// receive our output. Called first in every main.
void occupy_standard_descriptors();

enum class Quiet : unsigned char { no, yes };

// Set once by run_program; what stands before every line on stderr.
void set_program_name(std::string name);
[[nodiscard]] const std::string& program_name();

// --quiet: report() keeps silent.
void set_quiet(Quiet quiet);
[[nodiscard]] bool is_quiet();

// One line on stderr: "mqtk-pub: TEXT". Line breaks and control characters inside the text are escaped. Says
// nothing under --quiet.
void report(std::string_view text);

// The same and never silent; for what is decided before anything was tried.
void report_usage(std::string_view text);

}  // namespace mqtk::cli
