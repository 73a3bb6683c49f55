// mosquitto_sub
#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <map>
#include <random>
#include <utility>

#include "codec/topic.hpp"
#include "mosquitto/conversation.hpp"
#include "mosquitto/messages.hpp"
#include "net/signal_watch.hpp"
#include "net/timer.hpp"

namespace mqtk::mosquitto {
namespace {

class Subscriber final : public Conversation {
 public:
  explicit Subscriber(const Arguments& arguments)
      : Conversation(arguments),
        signals_(loop_, {SIGINT, SIGTERM}, [this](int) { interrupted(); }),
        second_(loop_, [this] { tell_rate(); }),
        random_(std::random_device{}()) {
    request();
    if (arguments.watch) print(fmt::format("\x1b[2J\x1b[1;1HBroker: {}\n", arguments.host));
  }

 private:
  void request() {
    if (!arguments_.topics.empty()) {
      SubscriptionWriter filters;
      for (const std::string& topic : arguments_.topics) {
        filters.add(
            {.topic_filter = topic,
             .qos = arguments_.qos,
             .retain_as_published = arguments_.retain_as_published && arguments_.version == Version::v5,
             .retain_handling = arguments_.version == Version::v5 ? arguments_.retain_handling : RetainHandling::send});
      }
      (void)client_.subscribe({0, arguments_.subscribe_properties.block(), filters.list()});
    }
    if (arguments_.unsubscribe.empty()) return;
    for (const std::string& topic : arguments_.unsubscribe) {
      TopicFilterWriter filters;
      filters.add(topic);
      (void)client_.unsubscribe({0, arguments_.unsubscribe_properties.block(), filters.list()});
    }
  }

  void interrupted() {
    constexpr int exit_before_connack = 255;
    if (is_ending()) return loop_.stop();
    end(was_connected() ? 0 : exit_before_connack, ReasonCode::disconnect_with_will_message);
  }

  void on_subscribed(Tag tag, const Suback& answer) override {
    (void)tag;
    std::string granted;
    bool any = false;
    for (const std::uint8_t code : answer.reason_codes) {
      granted += fmt::format("{}{}", granted.empty() ? "" : ", ", code);
      any = any || !is_failure(static_cast<ReasonCode>(code));
    }
    // The client numbers its requests from 1, and SUBSCRIBE is the first of each connection.
    if (arguments_.debug) print(fmt::format("Subscribed (mid: 1): {}\n", granted));
    if (!any) {
      tell(arguments_, "All subscription requests were denied.");
      return end(0);
    }
    if (arguments_.exit_after_suback) return end(0);
    if (arguments_.message_rate && !second_.is_armed()) second_.arm(loop_.now() + std::chrono::seconds{1});
  }

  void on_message(const Publish& message) override {
    if (is_ending() || finished_) return;
    acknowledge(message);
    if (arguments_.retained_only && !message.retain) {
      finished_ = true;
      return end_when_removed();
    }
    const bool filtered_out = std::ranges::any_of(
        arguments_.filtered_out, [&](const std::string& filter) { return topic_matches(filter, message.topic_name); });
    if (filtered_out) return;
    if (arguments_.remove_retained && message.retain && !message.payload.empty()) remove(message.topic_name);
    if (message.retain && arguments_.hide_retained) return;
    if (arguments_.random_share && std::uniform_real_distribution<>{}(random_) >= *arguments_.random_share) return;
    if (arguments_.message_rate) {
      ++of_this_second_;
    } else {
      if (arguments_.watch) go_to_line_of(message.topic_name);
      print(message_text(arguments_, message, loop_.wall_now()));
    }
    if (++printed_ != arguments_.count) return;
    finished_ = true;
    end_when_removed();
  }

  void tell_rate() {
    print(fmt::format("{} msgs/s\n", std::exchange(of_this_second_, 0)));
    second_.arm(loop_.now() + std::chrono::seconds{1});
  }

  // Each topic has a line of its own below the first.
  void go_to_line_of(std::string_view topic) {
    const auto [line, is_new] = lines_.emplace(topic, lines_.size() + 2);
    print(fmt::format("\x1b[{};1H\x1b[K", line->second));
  }

  void remove(std::string_view topic) {
    to_remove_.emplace_back(topic);
    remove_waiting();
  }

  void remove_waiting() {
    while (!to_remove_.empty()) {
      const auto sent = client_.publish({.qos = QoS::at_least_once,
                                         .retain = true,
                                         .topic_name = to_remove_.back(),
                                         .properties = {},
                                         .payload = {}});
      if (sent && *sent == Client::Flow::wait) return;
      to_remove_.pop_back();
    }
  }

  void on_ready_to_send() override { remove_waiting(); }
  void on_publish_done(const PublishDone& done) override {
    (void)done;
    if (finished_) end_when_removed();
  }

  void end_when_removed() {
    if (to_remove_.empty() && client_.unfinished() == 0) end(0);
  }

  SignalWatch signals_;
  Timer second_;
  int of_this_second_ = 0;
  std::map<std::string, std::size_t, std::less<>> lines_;
  std::minstd_rand random_;
  std::vector<std::string> to_remove_;
  int printed_ = 0;
  bool finished_ = false;  // all is printed; retained messages may still be on their way out
};

}  // namespace

int subscribe(const Arguments& arguments) { return Subscriber(arguments).run(); }

}  // namespace mqtk::mosquitto
