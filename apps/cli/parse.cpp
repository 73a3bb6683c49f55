// The one place that knows CLI11. It finds options, splits joined forms and counts values; texts and values
// are ours.
#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <optional>
#include <set>

#include "cli/option_table.hpp"
#include "cli/suggestion.hpp"

namespace mqtk::cli {

namespace {

// CLI11 takes `--message=` for a missing value and would swallow the next word. The empty value travels as
// this.
constexpr std::string_view empty_value = "\x1f(empty)\x1f";

class Parser {
 public:
  Parser(const OptionTable& table, std::vector<TakenSetting>* taken) : table_(table), taken_(taken) {
    app_.set_help_flag();
    app_.allow_extras();
    for (const Option& option : table.options()) declare(option);
  }

  Accepted run(const std::vector<std::string>& arguments) {
    words_.assign(arguments.rbegin(), arguments.rend());  // CLI11 eats from the back
    for (std::string& word : words_) {
      if (is_empty_joined(word)) word += empty_value;
    }
    try {
      app_.parse(words_);
    } catch (const CLI::ParseError& error) {
      return std::unexpected(explain(error, arguments));
    }
    if (auto extras = take_extras(); !extras) return extras;
    if (refusal_) return std::unexpected(*refusal_);
    if (auto read = read_sources(OptionTable::Rank::before_environment); !read) return read;
    if (auto read = read_environment(); !read) return read;
    return read_sources(OptionTable::Rank::after_environment);
  }

 private:
  void declare(const Option& option) {
    std::string names = "--" + option.long_name;
    if (option.short_letter != 0) names += fmt::format(",-{}", option.short_letter);
    for (const std::string& alias : option.aliases) names += ",--" + alias;
    if (option.value.empty()) {
      const std::function<void(std::int64_t)> flag = [this, &option](std::int64_t) { occurred(option, ""); };
      app_.add_flag(names, flag)->disable_flag_override()->trigger_on_parse();
      return;
    }
    const CLI::callback_t value = [this, &option](const CLI::results_t& results) {
      occurred(option, results.front());
      return true;
    };
    app_.add_option(names, value)->expected(1)->allow_extra_args(false)->trigger_on_parse();
  }

  void occurred(const Option& option, std::string value) {
    seen_.insert(&option);
    restore(value);
    if (option.word_count) {
      constexpr std::ptrdiff_t most_words_of_one_option = 4;
      const auto end =
          std::ssize(words_) < most_words_of_one_option ? words_.rend() : words_.rbegin() + most_words_of_one_option;
      const std::vector<std::string> following(words_.rbegin(), end);
      for (std::size_t more = option.word_count(following); more > 0 && !words_.empty(); --more) {
        restore(words_.back());
        value += word_separator + words_.back();
        words_.pop_back();
      }
    }
    note(option, value, "option");
    accept(option.set(value), named("--" + option.long_name, option, value));
  }

  // "--qos '3'", and "--retain" for a flag
  static std::string named(std::string_view what, const Option& option, std::string value) {
    std::ranges::replace(value, word_separator, ' ');
    return option.value.empty() ? std::string{what} : fmt::format("{} '{}'", what, value);
  }

  void note(const Option& option, const std::string& value, const std::string& from) {
    if (taken_ != nullptr) taken_->push_back({&option, value, from});
  }

  void accept(const Accepted& accepted, const std::string& what) {
    if (!accepted && !refusal_) refusal_ = fmt::format("{}: {}", what, accepted.error());
  }

  [[nodiscard]] bool is_empty_joined(std::string_view word) const {
    return word.size() > 3 && word.starts_with("--") && word.ends_with('=') &&
           table_.find(word.substr(2, word.size() - 3)) != nullptr;
  }

  static void restore(std::string& value) {
    if (value.ends_with(empty_value)) value.resize(value.size() - empty_value.size());
  }

  // Unknown options, and words that belong to no option.
  Accepted take_extras() {
    std::vector<std::string> extras = app_.remaining();
    bool only_words = false;
    std::vector<std::string> words;
    for (std::string& extra : extras) {
      restore(extra);
      if (!only_words && extra == "--") {
        only_words = true;
      } else if (!only_words && extra.size() > 1 && extra.front() == '-') {
        return std::unexpected(unknown_option(extra));
      } else {
        words.push_back(std::move(extra));
      }
    }
    std::size_t at = 0;
    for (const Positional& positional : table_.positionals()) {
      while (at < words.size()) {
        accept(positional.set(words[at]), fmt::format("{} '{}'", positional.value, words[at]));
        ++at;
        if (!positional.repeatable) break;
      }
    }
    if (at == words.size()) return {};
    return std::unexpected(fmt::format("unexpected word '{}'; --help lists what is understood", words[at]));
  }

  [[nodiscard]] std::string unknown_option(const std::string& word) const {
    const std::string typed = word.substr(0, word.find('='));
    std::vector<std::string> names;
    for (const Option& option : table_.options()) {
      if (option.visibility == Visibility::shown) names.push_back(option.long_name);
    }
    // The dashes, which are always alike, would make anything look near.
    const auto near = nearest(typed.substr(std::min(typed.find_first_not_of('-'), typed.size())), names);
    return near ? fmt::format("unknown option '{}'; did you mean '--{}'?", typed, *near)
                : fmt::format("unknown option '{}'; --help lists all options", typed);
  }

  [[nodiscard]] std::string explain(const CLI::ParseError& error, const std::vector<std::string>& arguments) const {
    for (const std::string& word : arguments) {
      const auto equals = word.find('=');
      if (equals == std::string::npos || !word.starts_with("--")) continue;
      const Option* option = table_.find(std::string_view{word}.substr(2, equals - 2));
      if (option != nullptr && option->value.empty()) {
        return fmt::format("--{} takes no value; leave out '{}'", option->long_name, word.substr(equals));
      }
    }
    if (!arguments.empty() && dynamic_cast<const CLI::ArgumentMismatch*>(&error) != nullptr) {
      const std::string& last = arguments.back();  // a value can only be missing at the end
      const Option* option = last.starts_with("--") ? table_.find(std::string_view{last}.substr(2)) : nullptr;
      if (option == nullptr && last.size() > 1) option = table_.find(last.back());
      if (option != nullptr) return fmt::format("'{}' needs a value: {}", last, option->value);
    }
    return error.what();
  }

  Accepted read_environment() {
    for (const Option& option : table_.options()) {
      if (option.environment.empty() || seen_.contains(&option)) continue;
      const char* value = std::getenv(option.environment.c_str());
      if (value == nullptr || *value == '\0') continue;
      const Setter& set = option.set_from_environment ? option.set_from_environment : option.set;
      note(option, value, option.environment);
      accept(set(value), named(option.environment, option, value));
      seen_.insert(&option);
    }
    if (refusal_) return std::unexpected(*refusal_);
    return {};
  }

  Accepted read_sources(OptionTable::Rank rank) {
    for (const auto& [source_rank, ask] : table_.sources()) {
      if (source_rank != rank) continue;
      const auto source = ask();
      if (!source) return std::unexpected(source.error());
      std::set<const Option*> set_here;  // a repeatable option may stand several times
      for (const auto& [name, value] : source->settings) {
        const Option* option = table_.find(name);
        if (option == nullptr) {
          return std::unexpected(fmt::format("{}: {} has no option --{}", source->name, table_.text().name, name));
        }
        if (seen_.contains(option) || (option->value.empty() && value == "false")) continue;
        set_here.insert(option);
        const Setter& set = option->set_from_environment ? option->set_from_environment : option->set;
        note(*option, value, source->name);
        accept(set(value), fmt::format("{}: {}", source->name, named(name, *option, value)));
      }
      seen_.merge(set_here);
    }
    if (refusal_) return std::unexpected(*refusal_);
    return {};
  }

  const OptionTable& table_;
  std::vector<TakenSetting>* taken_;
  CLI::App app_;
  std::vector<std::string> words_;
  std::set<const Option*> seen_;
  std::optional<std::string> refusal_;  // the first one
};

}  // namespace

Accepted parse(const OptionTable& table, const std::vector<std::string>& arguments, std::vector<TakenSetting>* taken) {
  if (auto accepted = Parser{table, taken}.run(arguments); !accepted) return accepted;
  return table.run_checks();
}

}  // namespace mqtk::cli
