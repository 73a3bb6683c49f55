#include "load/clock_exchange.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace mqtk {

ClockExchange::ClockExchange(Loop& loop, Setting setting, Changed changed)
    : loop_(loop),
      setting_(std::move(setting)),
      changed_(std::move(changed)),
      beat_timer_(loop, [this] { beat(); }),
      client_(loop, setting_.endpoint, setting_.connect, *this) {
  client_.start();
}

ClockExchange::~ClockExchange() = default;

std::optional<ClockDifference> ClockExchange::first_part() const {
  if (is_first()) return ClockDifference{};
  return comparison_.best(loop_.now());
}

bool ClockExchange::is_first_parts_clock() const {
  const auto first = std::ranges::find(notices_, 0U, &ClockNotice::part);
  return is_first() || (first != notices_.end() && first->clock == setting_.clock);
}

std::string ClockExchange::topic(std::string_view last) const {
  return fmt::format("mqtk/bench/clocks/{}/{}", setting_.run, last);
}

ClockReading ClockExchange::read_clocks() { return {.steady = loop_.refresh_now(), .wall = loop_.wall_now()}; }

ClockNotice ClockExchange::own_notice() const {
  return {.part = setting_.process.index, .clock = setting_.clock, .first_part = first_part()};
}

void ClockExchange::on_connected(const Connected& connected) {
  if (connected.session_present) return;
  SubscriptionWriter subscriptions;
  const std::string notices = topic("notice");
  const std::string own = is_first() ? topic("question") : topic(fmt::format("answer/{}", setting_.process.index));
  for (const std::string& filter : {notices, own}) {
    subscriptions.add({.topic_filter = filter, .qos = QoS::at_most_once});
  }
  if (const auto asked = client_.subscribe({.properties = {}, .subscriptions = subscriptions.list()}); !asked) {
    failure_ = rule_info(asked.error().rule).text;
  }
}

void ClockExchange::on_subscribed(Tag, const Suback& answer) {
  const auto denied = [](std::uint8_t code) { return code >= 0x80; };
  if (std::ranges::any_of(answer.reason_codes, denied)) {
    failure_ = "the broker denies the subscription to " + topic("#");
    return;
  }
  beat();
}

void ClockExchange::on_stopped(const ConnectionFailure*) {
  if (failure_.empty()) failure_ = "the connection beside the load failed";
}

void ClockExchange::say(std::string_view topic, std::string_view text) {
  if (!client_.is_connected()) return;
  Publish message;
  message.topic_name = topic;
  message.payload = as_bytes(text);
  // What cannot be sent now is asked or told again at the next beat.
  (void)client_.publish(message);
}

void ClockExchange::beat() {
  if (!is_first()) {
    say(topic("question"), to_text(ClockQuestion{.part = setting_.process.index, .asked = read_clocks()}));
  }
  constexpr std::uint64_t beats_to_a_notice = 10;
  if (beats_ % beats_to_a_notice == 0 || beats_ >= most_first_beats) say(topic("notice"), to_text(own_notice()));
  const bool learns = comparison_.samples() < ClockComparison::most_samples && !is_first();
  ++beats_;
  const bool often = beats_ < most_first_beats && (learns || beats_ < ClockComparison::most_samples);
  if (!often) beats_ = std::max(beats_, most_first_beats);
  beat_timer_.arm(loop_.time_after(often ? first_beats : later_beats));
  if (!is_first()) tell_changes();
}

void ClockExchange::on_message(const Publish& message) {
  const ClockReading now = read_clocks();
  const std::string_view text = as_text(message.payload);
  if (message.topic_name.ends_with("/notice")) {
    if (const auto notice = parse_clock_notice(text)) take_notice(*notice);
  } else if (is_first()) {
    const auto question = parse_clock_question(text);
    if (!question || question->part >= setting_.process.count) return;
    say(topic(fmt::format("answer/{}", question->part)), to_text(ClockAnswer{.asked = question->asked, .there = now}));
  } else if (const auto answer = parse_clock_answer(text)) {
    comparison_.add(answer->asked, answer->there, now);
  }
}

void ClockExchange::take_notice(const ClockNotice& notice) {
  if (notice.part >= setting_.process.count || notice.part == setting_.process.index) return;
  const auto known = std::ranges::find(notices_, notice.part, &ClockNotice::part);
  if (known == notices_.end()) {
    notices_.push_back(notice);
    say(topic("notice"), to_text(own_notice()));  // it has come later, and has not heard ours
  } else {
    *known = notice;
  }
  tell_changes();
}

void ClockExchange::tell_changes() {
  std::vector<SenderClock> clocks(setting_.process.count);
  const ClockNotice own = own_notice();
  clocks[own.part] = {.known = true, .is_ours = true};
  for (const ClockNotice& notice : notices_) clocks[notice.part] = compare_clocks(own, notice);
  changed_(clocks);
}

}  // namespace mqtk
