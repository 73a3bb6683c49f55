// One table per program describes its options: parsing, --help, the manual page and the completions all read
// it.
//
// The setters run in the order of the command line, so a setter may act on what earlier occurrences stored.
#pragma once

#include <expected>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/exit_status.hpp"

namespace mqtk::cli {

// Nothing, or why a value is refused and what would be accepted: "not a number from 1 to 65535". The parser
// puts program, option and value in front.
using Accepted = std::expected<void, std::string>;
using Setter = std::function<Accepted(std::string_view value)>;

inline constexpr char word_separator = '\x1f';

// What a shell offers for the value.
enum class Completion : unsigned char { none, file, directory, choice, host, topic };

enum class Visibility : unsigned char { shown, hidden };

struct Option {
  std::string long_name;    // without dashes
  char short_letter = 0;    // 0 for none
  std::string value = {};   // placeholder of the value, "TOPIC"; empty for a flag
  std::string help;         // one line, no full stop
  std::string manual = {};  // what else the manual says; blank lines part paragraphs
  Completion completion = Completion::none;
  std::vector<std::string> choices = {};  // for Completion::choice; the setter does the refusing
  bool repeatable = false;                // otherwise the last one wins
  std::string default_text = {};
  std::string environment = {};           // variable that is used where the option is absent; empty counts as unset
  std::vector<std::string> aliases = {};  // other long names, accepted but not advertised
  // Words that one occurrence takes, told the words that follow it; more than one is handed to the setter
  // joined by `word_separator`. Null: one word.
  std::function<std::size_t(const std::vector<std::string>& following)> word_count = nullptr;
  Setter set;                                 // a flag's setter gets ""
  Setter set_from_environment = nullptr;      // null: `set`
  Visibility visibility = Visibility::shown;  // hidden: in no help, manual or completion
  bool secret = false;                        // its value is never shown
  std::string group = {};                     // filled in by OptionTable::add
};

// Words that belong to no option.
struct Positional {
  std::string value;  // placeholder, "FILE"
  std::string help;
  std::string manual = {};
  Completion completion = Completion::none;
  bool repeatable = false;
  Setter set;
};

struct Example {
  std::string text;     // "Publish one message"
  std::string command;  // without prompt
};

struct ProgramText {
  std::string name;                   // "mqtk-pub"
  std::string summary;                // "publish messages": one line of `mqtk`, NAME of the manual
  std::vector<std::string> synopsis;  // what follows the name: "[OPTION]... -t TOPIC -m MESSAGE"
  std::string description;            // of the manual; blank lines part paragraphs
  std::vector<Example> examples = {};
  std::vector<ExitStatus> exit_statuses = {};
  std::vector<std::string> see_also = {};  // "mqtk-sub(1)"
};

// Options from elsewhere, by long name: a profile, the query of a URL. What the command line or an earlier source has
// said is left alone. Of a flag any value but "false" counts.
struct OptionSource {
  // Behind "--name 'value': …" nothing tells where that stands, so this does: "the profile 'plant'".
  std::string name;
  std::vector<std::pair<std::string, std::string>> settings;
};

// What an option was set to, in the order in which that happened.
struct TakenSetting {
  const Option* option;
  std::string value;
  std::string from;  // "option", "MQTK_URL", "the profile 'plant'"
};

class OptionTable {
 public:
  explicit OptionTable(ProgramText text) : text_(std::move(text)) {}

  // Asked for when the command line has been read, or after the environment. An option that this program lacks is an
  // error, unless the source has sorted that out.
  using Source = std::function<std::expected<OptionSource, std::string>()>;
  enum class Rank : unsigned char { before_environment, after_environment };
  void add_source(Rank rank, Source source) { sources_.emplace_back(rank, std::move(source)); }
  [[nodiscard]] const std::vector<std::pair<Rank, Source>>& sources() const { return sources_; }

  // The options added after this stand under this heading: "Connection", "Message".
  void group(std::string heading) { group_ = std::move(heading); }
  void add(Option option);
  void add(Positional positional) { positionals_.push_back(std::move(positional)); }

  // For a table within another program's: variables are not for it.
  void ignore_environment() {
    for (Option& option : options_) option.environment.clear();
  }

  // Runs after all setters, also those from the environment: what no single value can show, such as a missing
  // topic. Checks run in the order in which they were added, until one fails; the text must name the options.
  void check(std::function<Accepted()> check) { checks_.push_back(std::move(check)); }

  // What --print-config shows beside the options themselves, asked for when the checks have passed; a table without it
  // has no --print-config.
  using Result = std::function<std::vector<std::pair<std::string, std::string>>()>;
  void show_result(Result result) { result_ = std::move(result); }
  [[nodiscard]] bool has_result() const { return result_ != nullptr; }
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> result() const { return result_(); }

  [[nodiscard]] const ProgramText& text() const { return text_; }
  [[nodiscard]] const std::vector<Option>& options() const { return options_; }
  [[nodiscard]] const std::vector<Positional>& positionals() const { return positionals_; }
  [[nodiscard]] Accepted run_checks() const;
  [[nodiscard]] const Option* find(std::string_view long_name) const;  // also by alias
  [[nodiscard]] const Option* find(char short_letter) const;

 private:
  ProgramText text_;
  std::string group_ = "General";
  std::vector<Option> options_;
  std::vector<Positional> positionals_;
  std::vector<std::function<Accepted()>> checks_;
  std::vector<std::pair<Rank, Source>> sources_;
  Result result_;
};

// The headings of shown options, in the order of their first option.
[[nodiscard]] std::vector<std::string> groups(const OptionTable& table);

// Sets everything that `arguments` (without the program's name) and the environment say. On refusal: the
// whole line for stderr without the program's name. `taken`, if not null, is told what was set.
[[nodiscard]] Accepted parse(const OptionTable& table, const std::vector<std::string>& arguments,
                             std::vector<TakenSetting>* taken = nullptr);

}  // namespace mqtk::cli
