#include "retained/commands.hpp"

namespace mqtk::retained {

bool Options::selects(std::string_view topic) const {
  return topics.contains(topic) && (!pattern || pattern->matches(std::string{topic}));
}

cli::ExitStatus run(const Options& options) {
  switch (options.command) {
    case Options::Command::ls: return list_topics(options);
    case Options::Command::tree: return print_tree(options);
    case Options::Command::get: return print_messages(options);
    case Options::Command::export_: return export_messages(options);
    case Options::Command::import: return import_messages(options);
    case Options::Command::rm: return remove_messages(options);
    case Options::Command::diff: return compare(options);
    case Options::Command::lint: return lint_home_assistant(options);
    case Options::Command::none: break;
  }
  return cli::ExitStatus::usage;
}

}  // namespace mqtk::retained
