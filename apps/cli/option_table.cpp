#include "cli/option_table.hpp"

#include <algorithm>

namespace mqtk::cli {

void OptionTable::add(Option option) {
  option.group = group_;
  options_.push_back(std::move(option));
}

Accepted OptionTable::run_checks() const {
  for (const auto& check : checks_) {
    if (auto accepted = check(); !accepted) return accepted;
  }
  return {};
}

const Option* OptionTable::find(std::string_view long_name) const {
  const auto found = std::ranges::find_if(options_, [long_name](const Option& option) {
    return option.long_name == long_name || std::ranges::find(option.aliases, long_name) != option.aliases.end();
  });
  return found == options_.end() ? nullptr : &*found;
}

const Option* OptionTable::find(char short_letter) const {
  const auto found = std::ranges::find(options_, short_letter, &Option::short_letter);
  return short_letter == 0 || found == options_.end() ? nullptr : &*found;
}

std::vector<std::string> groups(const OptionTable& table) {
  std::vector<std::string> names;
  for (const Option& option : table.options()) {
    if (option.visibility == Visibility::shown && std::ranges::find(names, option.group) == names.end()) {
      names.push_back(option.group);
    }
  }
  return names;
}

}  // namespace mqtk::cli
