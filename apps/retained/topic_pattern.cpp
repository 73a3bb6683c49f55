#include "retained/topic_pattern.hpp"

#include <regex.h>

namespace mqtk::retained {

struct TopicPattern::Compiled {
  Compiled() = default;
  Compiled(const Compiled&) = delete;
  Compiled& operator=(const Compiled&) = delete;
  ~Compiled() {
    if (valid) ::regfree(&expression);
  }
  regex_t expression{};
  bool valid = false;
};

std::expected<TopicPattern, std::string> TopicPattern::compile(const std::string& text) {
  auto compiled = std::make_shared<Compiled>();
  const int error = ::regcomp(&compiled->expression, text.c_str(), REG_EXTENDED | REG_NOSUB);
  if (error != 0) {
    char why[200];
    ::regerror(error, &compiled->expression, why, sizeof why);
    return std::unexpected(std::string{"not a regular expression: "} + why);
  }
  compiled->valid = true;
  return TopicPattern{std::move(compiled)};
}

bool TopicPattern::matches(const std::string& topic) const {
  return ::regexec(&compiled_->expression, topic.c_str(), 0, nullptr, 0) == 0;
}

}  // namespace mqtk::retained
