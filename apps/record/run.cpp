#include "record/run.hpp"

#include <csignal>

#include "cli/recording_repair.hpp"
#include "record/recorder.hpp"

namespace mqtk::record {

cli::ExitStatus run(const Options& options) {
  std::signal(SIGXFSZ, SIG_IGN);  // a size limit shows as an error of write(2), like a full disk
  if (options.repair) return cli::repair_recording(options.file);
  return Recorder{options}.run();
}

}  // namespace mqtk::record
