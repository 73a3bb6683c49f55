// mosquitto_rr
#include <fmt/format.h>

#include "mosquitto/conversation.hpp"
#include "mosquitto/messages.hpp"

namespace mqtk::mosquitto {
namespace {

std::string latency_text(Duration latency) {
  const auto nanoseconds = static_cast<double>(latency.count());
  if (nanoseconds < 1e3) return fmt::format("{:.0f} ns", nanoseconds);
  if (nanoseconds < 1e6) return fmt::format("{:.3f} µs", nanoseconds / 1e3);
  if (nanoseconds < 1e9) return fmt::format("{:.3f} ms", nanoseconds / 1e6);
  return fmt::format("{:.3f} s", nanoseconds / 1e9);
}

class Requester final : public Conversation {
 public:
  Requester(const Arguments& arguments, cli::MessageSource& source) : Conversation(arguments), source_(source) {
    SubscriptionWriter filters;
    filters.add(
        {.topic_filter = arguments.response_topic,
         .qos = arguments.qos,
         .retain_as_published = arguments.retain_as_published && arguments.version == Version::v5,
         .retain_handling = arguments.version == Version::v5 ? arguments.retain_handling : RetainHandling::send});
    (void)client_.subscribe({0, arguments.subscribe_properties.block(), filters.list()});
    properties_ = arguments.publish_properties;
    if (!properties_.block().find(PropertyId::response_topic)) {
      properties_.add(PropertyId::response_topic, arguments.response_topic);
    }
  }

 private:
  void on_subscribed(Tag tag, const Suback& answer) override {
    (void)tag;
    const auto reason = static_cast<ReasonCode>(answer.reason_codes[0]);
    if (is_failure(reason)) {
      tell(arguments_, std::string{reason_name(reason, PacketType::suback)});
      return end(0);
    }
    listening_ = true;
    send();
  }

  void on_ready_to_send() override { send(); }

  void send() {
    if (!listening_ || sent_) return;
    Publish message{.qos = arguments_.qos,
                    .topic_name = arguments_.topics.front(),
                    .properties = arguments_.version == Version::v5 ? properties_.block() : PropertyBlock{},
                    .payload = {}};
    source_.fill(message);
    sent_at_ = loop_.refresh_now();
    const auto sent = client_.publish(message);
    sent_ = !sent || *sent == Client::Flow::taken;
    if (sent) return;
    tell(arguments_, fmt::format("Error: {}", rule_info(sent.error().rule).text));
    end(1);
  }

  void on_message(const Publish& message) override {
    if (is_ending()) return;
    acknowledge(message);
    if (message.retain && arguments_.hide_retained) return;
    print(message_text(arguments_, message, loop_.wall_now()));
    if (arguments_.latency) print(fmt::format("Latency: {}\n", latency_text(loop_.now() - sent_at_)));
    end(0);
  }

  cli::MessageSource& source_;
  PropertyWriter properties_;
  bool listening_ = false;
  bool sent_ = false;
  TimePoint sent_at_{};
};

}  // namespace

int request(const Arguments& arguments) {
  const auto source = open_message(arguments);
  return source == nullptr ? 1 : Requester(arguments, *source).run();
}

}  // namespace mqtk::mosquitto
