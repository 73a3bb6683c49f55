#include "sub/end_condition.hpp"

#include "codec/topic.hpp"

namespace mqtk::sub {

std::expected<EndCondition, std::string> EndCondition::parse(std::string_view text, Version version) {
  constexpr std::string_view json = "json:";
  constexpr std::string_view topic = "topic:";
  constexpr std::string_view payload = "payload:";
  EndCondition condition;
  if (text.starts_with(json)) {
    auto parsed = cli::JsonCondition::parse(text.substr(json.size()));
    if (!parsed) return std::unexpected(parsed.error());
    condition.json_ = std::move(*parsed);
  } else if (text.starts_with(topic)) {
    condition.topic_filter_ = text.substr(topic.size());
    if (const Fault fault = TopicFilter::check(*condition.topic_filter_, version)) {
      return std::unexpected(std::string{rule_info(fault.rule).text});
    }
  } else if (text.starts_with(payload)) {
    condition.payload_ = text.substr(payload.size());
  } else {
    return std::unexpected("not of the form json:/state==done, topic:job/+/done or payload:bye");
  }
  return condition;
}

bool EndCondition::holds(const Publish& message) const {
  if (json_) return json_->holds(as_text(message.payload));
  if (topic_filter_) return topic_matches(*topic_filter_, message.topic_name);
  return as_text(message.payload) == *payload_;
}

}  // namespace mqtk::sub
