// Rules that give topics other names.
#pragma once

#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace mqtk {

class TopicMap {
 public:
  TopicMap();
  TopicMap(TopicMap&&) noexcept;
  ~TopicMap();

  // "FROM=TO": the level FROM at the front of a topic (`a/b` of `a/b` and of `a/b/c`) becomes TO; an empty FROM puts TO
  // before every topic. "~REGEX=TO": what the POSIX extended expression matches becomes TO, where \1 to \9 are its
  // groups and \0 all of it; the last = parts the two. The error says what is wrong.
  [[nodiscard]] std::expected<void, std::string> add(std::string_view rule);

  // The first rule that matches counts. Returns `topic`, or a view of `changed`.
  [[nodiscard]] std::string_view apply(std::string_view topic, std::string& changed) const;

 private:
  struct Rule;
  std::vector<std::unique_ptr<Rule>> rules_;
};

}  // namespace mqtk
