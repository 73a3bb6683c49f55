#include "cli/recording_repair.hpp"
#include "recording/commands.hpp"

namespace mqtk::recording {

cli::ExitStatus run(const Options& options) {
  switch (options.command) {
    case Options::Command::info: return show_info(options);
    case Options::Command::topics: return list_topics(options);
    case Options::Command::cat: return print_messages(options);
    case Options::Command::filter:
    case Options::Command::merge:
    case Options::Command::convert: return write_messages(options);
    case Options::Command::repair: {
      const auto existing = options.overwrite ? OutputFile::Existing::is_replaced : OutputFile::Existing::is_refused;
      return cli::repair_recording(options.files.front(), options.output, existing);
    }
    case Options::Command::diff: return compare(options);
    case Options::Command::none: break;
  }
  return cli::ExitStatus::usage;
}

}  // namespace mqtk::recording
