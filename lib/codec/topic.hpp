// Topic Names and Topic Filters (5.0 section 4.7).
#pragma once

#include <optional>
#include <string_view>

#include "base/bytes.hpp"
#include "codec/rule.hpp"

namespace mqtk {

// A checked Topic Name: a view, 1 to 65,535 bytes of valid UTF-8 without wildcards.
class TopicName {
 public:
  // Offsets in the fault count from the first byte of `text`.
  [[nodiscard]] static Fault check(std::string_view text);
  [[nodiscard]] static std::optional<TopicName> from(std::string_view text);
  // For text that a decoded packet holds: decode has checked it.
  [[nodiscard]] static TopicName checked(std::string_view text) { return TopicName{text}; }

  [[nodiscard]] std::string_view text() const { return text_; }

 private:
  explicit TopicName(std::string_view text) : text_(text) {}
  std::string_view text_;
};

// A checked Topic Filter: a view. In 5.0 `$share/name/filter` is a Shared Subscription; in 3.1.1 and 3.1 it is a
// plain filter.
class TopicFilter {
 public:
  [[nodiscard]] static Fault check(std::string_view text, Version version);
  [[nodiscard]] static std::optional<TopicFilter> from(std::string_view text, Version version);
  [[nodiscard]] static TopicFilter checked(std::string_view text, Version version) { return {text, version}; }

  [[nodiscard]] std::string_view text() const { return text_; }  // as subscribed, with $share
  [[nodiscard]] bool is_shared() const { return !share_name_.empty(); }
  [[nodiscard]] std::string_view share_name() const { return share_name_; }
  [[nodiscard]] std::string_view filter() const { return filter_; }  // what topics are matched against
  [[nodiscard]] bool has_wildcard() const;

 private:
  TopicFilter(std::string_view text, Version version);
  std::string_view text_;
  std::string_view share_name_;
  std::string_view filter_;
};

// Offset of the first + or #, npos if there is none.
[[nodiscard]] std::size_t find_wildcard(std::string_view text);

// Whether `filter` (without $share/name/) matches `topic`; `#` takes in its parent level, and a filter that begins
// with a wildcard matches no topic that begins with `$` [MQTT-4.7.2-1]. Both must be valid.
[[nodiscard]] bool topic_matches(std::string_view filter, std::string_view topic);

}  // namespace mqtk
