// An engine in either role against a peer that sends anything, with an application that does anything at any time.
//
// Input: a byte for version and role of the peer (as for the codec) and options, then bytes of the peer, or, from 9
// on in that byte, a script: a byte for what to do and its arguments.
#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fuzz/expect.hpp"
#include "fuzz/packet_input.hpp"
#include "session/engine.hpp"

using namespace mqtk;
using namespace std::chrono_literals;

namespace {

// Reads the script; zeros once it is over.
class Script {
 public:
  explicit Script(Bytes bytes) : bytes_(bytes) {}
  [[nodiscard]] bool over() const { return bytes_.empty(); }
  std::uint8_t byte() {
    if (bytes_.empty()) return 0;
    const std::uint8_t first = bytes_[0];
    bytes_ = bytes_.subspan(1);
    return first;
  }
  Bytes take(std::size_t count) {
    const Bytes taken = bytes_.first(std::min(count, bytes_.size()));
    bytes_ = bytes_.subspan(taken.size());
    return taken;
  }

 private:
  Bytes bytes_;
};

// Touches every byte of a view, so that the address sanitizer sees a dead one.
std::size_t touch(Bytes bytes) {
  std::size_t sum = 0;
  for (const std::uint8_t byte : bytes) sum += byte;
  return sum;
}
std::size_t touch(std::string_view text) { return touch(as_bytes(text)); }

class Run {
 public:
  Run(Role role, Version version, unsigned options, bool connected) : version_(version), role_(role) {
    if ((options & 2U) != 0) {
      options_.limits.receive_maximum = 2;
      options_.limits.maximum_packet_size = 64;
      options_.limits.topic_alias_maximum = 3;
    }
    if ((options & 4U) != 0) {
      options_.limits.maximum_qos = QoS::at_least_once;
      options_.limits.retain_available = false;
      options_.limits.wildcard_subscription_available = false;
      options_.limits.shared_subscription_available = false;
      options_.limits.subscription_identifier_available = false;
      options_.automatic_topic_aliases = 2;
      options_.maximum_in_flight = 3;
    }
    client_session_.exists = true;
    begin(connected);
  }

  void feed(Bytes bytes) {
    do {
      if (!bytes.empty()) {
        const MutableBytes room = engine_->writable();
        expect(!room.empty(), "there is room for the next read");
        const std::size_t count = std::min(room.size(), bytes.size());
        std::copy_n(bytes.begin(), count, room.begin());
        engine_->received(count);
        bytes = bytes.subspan(count);
        fed_ += count;
      }
      run_events();
    } while (!bytes.empty() && step_ == Engine::Step::need_more);
    check();
  }

  void play(Script& script) {
    switch (script.byte() % 16) {
      case 0:
      case 1:
      case 2:
      case 3: return feed(script.take(script.byte()));
      case 4: return pass(std::chrono::milliseconds{script.byte() * 200});
      case 5: return publish(script);
      case 6: engine_->acknowledge(script.byte(), static_cast<ReasonCode>(script.byte() % 2 * 0x87)); return feed({});
      case 7: return subscribe(script);
      case 8: {
        const Bytes codes = script.take(script.byte() % 4);
        static_cast<void>(engine_->suback(script.byte(), codes));
        return;
      }
      case 9: {
        const Acceptance acceptance{script.byte() % 2 != 0, {}};
        static_cast<void>(engine_->accept(server_session_, acceptance, now_));
        return feed({});
      }
      case 10: engine_->refuse(static_cast<ReasonCode>(0x80 + script.byte() % 16)); return feed({});
      case 11: {
        const ReasonCode codes[] = {ReasonCode::success, ReasonCode::continue_authentication,
                                    ReasonCode::re_authenticate};
        static_cast<void>(engine_->auth(codes[script.byte() % 3], {}, now_));
        return feed({});
      }
      case 12: static_cast<void>(engine_->disconnect(static_cast<ReasonCode>(script.byte()))); return feed({});
      case 13:
        client_session_.connection_closed(now_);
        check_output();
        return begin(script.byte() % 2 != 0);
      case 14: return check_output();
      default: return flush_application(script);
    }
  }

  void finish() {
    check_output();
    pass(1h);
  }

 private:
  void begin(bool connected) {
    client_session_.abandoned.clear();
    engine_ = std::make_unique<Engine>(role_, scratch_, options_, now_);
    fed_ = 0;
    peer_maximum_ = max_packet_size;
    step_ = Engine::Step::need_more;
    if (role_ == Role::client) {
      Connect connect;
      connect.version = version_;
      connect.client_identifier = "c";
      connect.clean_start = false;
      connect.keep_alive = 5;
      PropertyWriter properties;
      properties.add(PropertyId::topic_alias_maximum, 2);
      properties.add(PropertyId::session_expiry_interval, 10);
      properties.add(PropertyId::authentication_method, "m");
      if (!connected) connect.properties = properties.block();
      if (version_ != Version::v5) connect.properties = {};
      expect(engine_->connect(connect, client_session_, now_).has_value(), "CONNECT can be sent");
    }
    if (!connected) return;
    const bool present = version_ != Version::v3_1 && client_session_.exists;
    SendQueue greeting;
    if (role_ == Role::client) {
      static_cast<void>(encode(Connack{present, ReasonCode::success, {}}, {version_, Role::server}, greeting));
    } else {
      Connect connect;
      connect.version = version_;
      connect.client_identifier = "c";
      connect.clean_start = false;
      connect.keep_alive = 5;
      static_cast<void>(encode(connect, {version_, Role::client}, greeting));
    }
    Bytes part;
    static_cast<void>(greeting.gather({&part, 1}));
    feed(part);
    if (role_ == Role::server) {
      expect(engine_->accept(server_session_, {true, {}}, now_).has_value(), "CONNECT can be accepted");
    }
    expect(engine_->open(), "the connection is open");
    feed({});
  }

  void run_events() {
    Event event;
    std::size_t events = 0;
    while ((step_ = engine_->next(now_, event)) == Engine::Step::event) {
      // Every packet takes two bytes; besides come `failed` and PUBLISH packets that cannot be sent again.
      expect(++events <= fed_ / 2 + 70'000, "events end");
      sum_ += touch(event.raw);
      if (event.type == Event::Type::publish) {
        const auto& publish = event.as<Publish>();
        sum_ += touch(publish.topic_name) + touch(publish.payload) + touch(publish.properties.bytes());
        expect(!publish.topic_name.empty(), "the topic is resolved");
        if (publish.payload.size() % 2 == 0) engine_->acknowledge(publish.packet_identifier);
      }
      if (event.type == Event::Type::connect) peer_maximum_ = engine_->peer_limits().maximum_packet_size;
    }
    expect(engine_->held() <= 2 * fed_ + 64, "memory grows with the bytes that came");
  }

  void pass(Duration time) {
    const TimePoint end = now_ + time;
    for (int i = 0; engine_->deadline() && *engine_->deadline() <= end; ++i) {
      expect(i < 100'000, "deadlines move on");
      now_ = std::max(now_, *engine_->deadline());
      engine_->expire(now_);
      run_events();
      if (step_ == Engine::Step::closed) break;
    }
    now_ = end;
    check();
  }

  Delivery delivery(Script& script) {
    Publish publish;
    const std::string_view topics[] = {"a", "a/b", "c", "", "#"};
    publish.topic_name = topics[script.byte() % 5];
    std::vector<std::uint8_t> payload(script.byte() * 9U, 'x');
    publish.payload = payload;
    PropertyWriter properties;
    if (payload.size() % 2 == 1) properties.add(PropertyId::message_expiry_interval, 5);
    publish.properties = properties.block();
    Delivery result;
    result.message = ApplicationMessage::make(publish, now_);
    const std::uint8_t bits = script.byte();
    result.qos = static_cast<QoS>(bits % 3);
    result.retain = (bits & 4U) != 0;
    return result;
  }

  void publish(Script& script) {
    const Delivery message = delivery(script);
    const std::uint32_t window = engine_->send_window();
    if (script.byte() % 2 == 0) {
      const Engine::Sent sent = engine_->publish(message, now_);
      expect(!sent || message.qos == QoS::at_most_once || window > 0, "a full window lets nothing through");
      return;
    }
    PublishImage image;
    if (!image.build(message.message, {engine_->version(), message.qos, message.retain, {}}, now_)) return;
    if (message.qos == QoS::at_most_once) {
      static_cast<void>(engine_->publish(image, now_));
    } else {
      static_cast<void>(engine_->publish(image, message, now_));
    }
  }

  void subscribe(Script& script) {
    const std::string_view filters[] = {"a", "a/#", "$share/g/a", "", "a+"};
    SubscriptionWriter writer;
    writer.add({filters[script.byte() % 5], QoS::at_least_once, false, false, RetainHandling::send});
    Subscribe subscribe;
    subscribe.subscriptions = writer.list();
    static_cast<void>(engine_->subscribe(subscribe, 1, now_));
  }

  // PINGREQ, UNSUBSCRIBE or UNSUBACK.
  void flush_application(Script& script) {
    TopicFilterWriter writer;
    writer.add("a");
    Unsubscribe unsubscribe;
    unsubscribe.topic_filters = writer.list();
    switch (script.byte() % 3) {
      case 0: static_cast<void>(engine_->ping(now_)); break;
      case 1: static_cast<void>(engine_->unsubscribe(unsubscribe, 2, now_)); break;
      default: static_cast<void>(engine_->unsuback(script.byte(), script.take(1)));
    }
  }

  void check() {
    if (!engine_->open()) expect(engine_->send_window() == 0, "what is not open has no window");
    if (step_ != Engine::Step::closed) return;
    expect(engine_->closing(), "closed means closing");
    expect(!engine_->deadline(), "who is closed waits for nothing");
    expect(engine_->held() == 0, "who is closed holds nothing");
    const std::size_t before = engine_->output().size();
    Event event;
    expect(engine_->next(now_, event) == Engine::Step::closed, "closed stays closed");
    expect(!engine_->publish(Publish{}, now_) && !engine_->ping(now_), "nothing is sent after the end");
    expect(engine_->output().size() == before, "nothing is sent after the end");
  }

  // All that the engine sent are packets that its peer would take.
  void check_output() {
    std::vector<std::uint8_t> bytes;
    while (!engine_->output().empty()) {
      Bytes part;
      static_cast<void>(engine_->output().gather({&part, 1}));
      bytes.insert(bytes.end(), part.begin(), part.end());
      engine_->output().consume(part.size());
    }
    Bytes left{bytes};
    while (!left.empty()) {
      const Frame frame = find_frame(left);
      expect(frame.state == Frame::State::complete, "only whole packets go out");
      Packet packet;
      expect(!decode(left.first(frame.packet_size), {engine_->version(), role_}, packet), "only valid packets go out");
      if (role_ == Role::server) expect(frame.packet_size <= peer_maximum_, "nothing too large goes out");
      left = left.subspan(frame.packet_size);
    }
  }

  EngineOptions options_;
  ReceiveScratch scratch_{256};
  ClientSession client_session_;
  SessionState server_session_;
  std::unique_ptr<Engine> engine_;
  TimePoint now_{1h};
  Engine::Step step_ = Engine::Step::need_more;
  std::size_t fed_ = 0;
  std::uint32_t peer_maximum_ = max_packet_size;
  std::size_t sum_ = 0;
  Version version_;
  Role role_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const CodecContext context = fuzzed_context(data[0] % 9);
  const Role role = context.sender == Role::server ? Role::client : Role::server;
  const Bytes rest{data + 1, size - 1};
  const unsigned options = data[0] / 9U;
  if (options == 0) {
    const auto type = static_cast<PacketType>(rest[0] >> 4U);
    Run run{role, context.version, 0, type != PacketType::connect && type != PacketType::connack};
    run.feed(rest);
    run.finish();
    return 0;
  }
  Run run{role, context.version, options, options % 2 != 0};
  Script script{rest};
  while (!script.over()) run.play(script);
  run.finish();
  return 0;
}
