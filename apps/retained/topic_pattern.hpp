// A regular expression that topics are held against (POSIX, extended).
#pragma once

#include <expected>
#include <memory>
#include <string>

namespace mqtk::retained {

class TopicPattern {
 public:
  // The error is what the system says of the expression.
  [[nodiscard]] static std::expected<TopicPattern, std::string> compile(const std::string& text);

  // Whether it matches anywhere in the topic.
  [[nodiscard]] bool matches(const std::string& topic) const;

 private:
  struct Compiled;
  explicit TopicPattern(std::shared_ptr<const Compiled> compiled) : compiled_(std::move(compiled)) {}
  std::shared_ptr<const Compiled> compiled_;
};

}  // namespace mqtk::retained
