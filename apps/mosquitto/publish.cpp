// mosquitto_pub
#include <fmt/format.h>

#include "cli/message_input.hpp"
#include "mosquitto/conversation.hpp"
#include "mosquitto/messages.hpp"
#include "net/descriptor_watch.hpp"
#include "session/application_message.hpp"

namespace mqtk::mosquitto {
namespace {

using cli::MessageSource;

bool is_aliased(const Arguments& arguments) {
  return arguments.publish_properties.block().find(PropertyId::topic_alias).has_value();
}

class Publisher final : public Conversation {
 public:
  Publisher(const Arguments& arguments, MessageSource& source)
      : Conversation(arguments),
        source_(source),
        input_(loop_, source.descriptor(), [this] { send(); }),
        next_(loop_, [this] { waiting_ = false, send(); }) {}

 private:
  void on_connected(const Connected& connected) override {
    may_retain_ = connected.broker.retain_available;
    Conversation::on_connected(connected);
  }
  void on_ready_to_send() override { send(); }
  void on_publish_done(const PublishDone& done) override {
    if (is_failure(done.reason)) {
      tell(arguments_, fmt::format("Warning: Publish {} failed: {}.", done.tag, reason_name(done.reason, done.answer)));
    }
    after_message();
    send();
  }

  [[nodiscard]] bool is_stream() const { return arguments_.source == Arguments::Source::lines; }

  void send() {
    // One repeated message waits for the acknowledgement of the one before, lines do not.
    while (!waiting_ && !ended_ && (is_stream() || client_.unfinished() == 0)) {
      const MessageSource::State state = source_.next();
      if (state == MessageSource::State::need_input) {
        (void)input_.await_readable();
        return;
      }
      if (state != MessageSource::State::message) {
        ended_ = true;
        break;
      }
      if (!send_one()) return;
    }
    if (ended_ && client_.unfinished() == 0) end(0);
  }

  [[nodiscard]] bool send_one() {
    Publish message{
        .qos = arguments_.qos,
        .retain = arguments_.retain && may_retain_,
        .topic_name = arguments_.topics.front(),
        .properties = arguments_.version == Version::v5 ? arguments_.publish_properties.block() : PropertyBlock{},
        .payload = {}};
    source_.fill(message);
    // Only QoS 0: a message that may be sent again on another connection has to name its topic.
    if (is_aliased(arguments_) && sent_ > 0 && message.qos == QoS::at_most_once) message.topic_name = {};
    if (!read_long_payload(message)) return false;
    const auto sent = long_message_ ? client_.publish(long_message_, sent_ + 1) : client_.publish(message, sent_ + 1);
    if (!sent) return refuse(sent.error().rule), false;
    if (*sent == Client::Flow::wait) return false;
    ++sent_;
    long_message_ = {};
    source_.take();
    if (message.qos == QoS::at_most_once) after_message();
    return true;
  }

  [[nodiscard]] bool read_long_payload(const Publish& message) {
    if (long_message_ || source_.long_payload_bytes() == 0) return true;
    auto read = cli::read_long_message(source_, message, loop_.now());
    if (!read) {
      tell(arguments_, fmt::format("Error: {}", read.error()));
      return end(1), false;
    }
    long_message_ = std::move(*read);
    return true;
  }

  // What this broker takes no message of.
  void refuse(Rule rule) {
    if (rule == Rule::maximum_qos_exceeded) {
      tell(arguments_, "Error: Message QoS not supported on broker, try a lower QoS.");
      return end(0);
    }
    tell(arguments_, fmt::format("Error: {}", rule_info(rule).text));
    constexpr int exit_too_large = 7;
    end(rule == Rule::packet_too_large ? exit_too_large : 1);
  }

  void after_message() {
    if (arguments_.repeat_delay == Duration{0} || is_stream()) return;
    if (source_.next() != MessageSource::State::message) return;
    waiting_ = true;
    next_.arm(loop_.now() + arguments_.repeat_delay);
  }

  MessageSource& source_;
  DescriptorWatch input_;
  Timer next_;
  bool waiting_ = false;
  bool ended_ = false;
  bool may_retain_ = true;  // the broker keeps messages
  std::uint64_t sent_ = 0;
  ApplicationMessage long_message_;  // the next one, where it is a large file
};

}  // namespace

int publish(const Arguments& arguments) {
  // The alias belongs to the packet, which a long message outlives.
  const auto source =
      open_message(arguments, is_aliased(arguments) ? cli::LongPayload::filled : cli::LongPayload::deferred);
  return source == nullptr ? 1 : Publisher(arguments, *source).run();
}

}  // namespace mqtk::mosquitto
