#include "client/bridge.hpp"

#include <algorithm>
#include <utility>

#include "codec/reason_code.hpp"
#include "session/bridge_property.hpp"

namespace mqtk {
namespace {

// Which SUBSCRIBE an answer belongs to.
constexpr Tag all_topics = 0;
constexpr Tag outward_topics = 1;  // those that go out only

constexpr Duration local_pause = std::chrono::seconds{1};

// At the end, what is under way gets so long to arrive, and nothing must have moved in two looks in a row.
constexpr Duration look_interval = std::chrono::milliseconds{10};
constexpr int looks_at_most = 200;

bool is_meant(const BridgeTopic& topic, BridgeDirection way, Tag tag) {
  return goes(topic, way) && (tag == all_topics || topic.direction == BridgeDirection::out);
}

// The User Property of a bridge or a broker with bridges.
std::string_view identity_in(PropertyBlock properties) {
  for (const Property& property : properties) {
    if (property.id == PropertyId::user_property && property.name == bridge_property) return property.text;
  }
  return {};
}

}  // namespace

class Bridge::Lane final : BridgeLaneListener {
 public:
  Lane(Bridge& bridge, BridgeDirection way, Client& source, Client& destination)
      : lane(bridge.loop_, source, destination, *this), bridge_(bridge), way_(way) {}
  BridgeLane lane;

 private:
  void on_forwarded(const ApplicationMessage& message) override {
    if (way_ == BridgeDirection::in) {
      ++bridge_.counters_.received;
      return;
    }
    ++bridge_.counters_.sent;
    if (bridge_.sees_echoes_ && bridge_.options_.topics.mapped(message.topic(), BridgeDirection::in)) {
      bridge_.echoes_.sent(message.topic(), message.payload(), bridge_.loop_.now());
    }
  }
  void on_not_forwarded(std::string_view topic, std::string_view why) override {
    ++bridge_.counters_.dropped;
    bridge_.listener_.on_bridge_drop(bridge_, way_, topic, why);
  }

  Bridge& bridge_;
  BridgeDirection way_;
};

class Bridge::Local final : public ClientListener {
 public:
  explicit Local(Bridge& bridge) : bridge_(bridge) {}
  void on_connected(const Connected& connected) override {
    bridge_.in_->lane.destination_connected(connected.broker);
    bridge_.out_->lane.source_connected(connected.session_present);
    bridge_.let_local_go();
  }
  void on_stopped(const ConnectionFailure* failure) override { bridge_.local_stopped(failure != nullptr); }
  void on_message(const Publish& message) override { bridge_.take(message, BridgeDirection::out); }
  void on_ready_to_send() override { bridge_.in_->lane.ready_to_send(); }
  void on_publish_done(const PublishDone& done) override {
    bridge_.in_->lane.publish_done(done);
    bridge_.let_local_go();
  }
  void on_subscribed(Tag tag, const Suback& answer) override {
    bridge_.local_subscribed_ = true;
    bridge_.note_denials(answer, BridgeDirection::out, tag);
    bridge_.let_local_go();
  }

 private:
  Bridge& bridge_;
};

class Bridge::Remote final : public ClientListener {
 public:
  explicit Remote(Bridge& bridge) : bridge_(bridge) {}
  void on_connected(const Connected& connected) override { bridge_.remote_connected(connected); }
  void on_connection_lost(const ConnectionFailure& failure, Duration /*next_attempt_in*/) override {
    bridge_.listener_.on_bridge_lost(bridge_, failure);
    bridge_.let_local_go();
  }
  void on_stopped(const ConnectionFailure* failure) override { bridge_.remote_stopped(failure); }
  void on_message(const Publish& message) override { bridge_.take(message, BridgeDirection::in); }
  void on_ready_to_send() override { bridge_.out_->lane.ready_to_send(); }
  void on_publish_done(const PublishDone& done) override { bridge_.out_->lane.publish_done(done); }
  void on_subscribed(Tag tag, const Suback& answer) override { bridge_.note_denials(answer, BridgeDirection::in, tag); }

 private:
  Bridge& bridge_;
};

Bridge::Bridge(Loop& loop, BridgeOptions options, BridgeListener& listener)
    : loop_(loop),
      options_(prepared(std::move(options))),
      listener_(listener),
      echoes_(std::hash<std::string>{}(options_.local.client_identifier)),
      local_side_(std::make_unique<Local>(*this)),
      remote_side_(std::make_unique<Remote>(*this)),
      local_(loop, options_.endpoint, options_.local, *local_side_),
      remote_(loop, options_.endpoint, options_.remote, *remote_side_),
      in_(std::make_unique<Lane>(*this, BridgeDirection::in, remote_, local_)),
      out_(std::make_unique<Lane>(*this, BridgeDirection::out, local_, remote_)),
      local_again_(loop, [this] { start_local(); }),
      farewell_(loop, [this] { look_whether_all_arrived(); }) {}

Bridge::~Bridge() = default;

BridgeOptions Bridge::prepared(BridgeOptions options) {
  ConnectOptions& local = options.local;
  local.version = Version::v5;
  local.clean_start = false;
  local.keep_alive_seconds = 0;
  local.reconnect.attempts = ReconnectPolicy::forever;
  local.reconnect.longest_delay = local_pause;
  local.properties.clear();
  local.properties.add(PropertyId::session_expiry_interval, never_expires);
  local.acknowledge = ConnectOptions::Acknowledge::by_caller;
  ConnectOptions& remote = options.remote;
  remote.acknowledge = ConnectOptions::Acknowledge::by_caller;
  remote.announce_bridge = true;
  if (!options.identity.empty() && remote.version == Version::v5) {
    const std::string_view moved = options.topics.moves() ? bridge_moves_topics : std::string_view{};
    remote.properties.add_user_property(bridge_property, options.identity + std::string{moved});
  }
  return options;
}

// --- the two ends ----------------------------------------------------------------------------------------------------

void Bridge::start() {
  // What was retained here before goes out once; the local broker may know the subscription from an earlier run.
  if (options_.topics.any(BridgeDirection::out)) {
    subscribe(local_, BridgeDirection::out, RetainHandling::send_if_new, all_topics);
  }
  remote_running_ = true;
  start_local();
  remote_.start();
}

void Bridge::start_local() {
  if (stopping_ || std::exchange(local_running_, true)) return;
  local_.start();
}

// While the remote broker is away the local one keeps what is to go out, as for any client that is away. What came in
// is given to it first.
void Bridge::let_local_go() {
  const bool needed = remote_.is_connected() || !options_.topics.any(BridgeDirection::out);
  if (stopping_ || needed || !local_subscribed_) return;
  if (local_.is_connected() && local_.unfinished() == 0) local_.stop();
}

void Bridge::local_stopped(bool failed) {
  local_running_ = false;
  if (stopping_) return end_if_done();
  if (failed) {
    // Somebody else may use the Client Identifier; the local broker itself is in this process.
    local_again_.arm(loop_.now() + local_pause);
  } else if (remote_.is_connected()) {
    start_local();
  }
}

void Bridge::remote_connected(const Connected& connected) {
  const bool first = counters_.connects++ == 0;
  sees_echoes_ = connected.version != Version::v5 && !connected.as_bridge;
  out_->lane.destination_connected(connected.broker);
  in_->lane.source_connected(connected.session_present);
  name_remote(identity_in(connected.properties));
  if (first && options_.topics.any(BridgeDirection::in)) {
    subscribe(remote_, BridgeDirection::in, RetainHandling::send, all_topics,
              connected.version == Version::v5 ? Options::all : Options::qos_only);
  }
  if (!first && !connected.session_present) send_retained_again();
  listener_.on_bridge_connected(*this, connected);
  start_local();
}

void Bridge::remote_stopped(const ConnectionFailure* failure) {
  remote_running_ = false;
  if (stopping_) return end_if_done();
  if (failure != nullptr) listener_.on_bridge_stopped(*this, *failure);
  let_local_go();
}

// Tells the local broker which one is behind this bridge, if that is one with bridges of its own.
void Bridge::name_remote(std::string_view identity) {
  if (identity == remote_identity_) return;
  remote_identity_ = identity;
  PropertyWriter properties;
  properties.add(PropertyId::session_expiry_interval, never_expires);
  if (!identity.empty()) {
    const std::string_view moved = options_.topics.moves() ? bridge_moves_topics : std::string_view{};
    properties.add_user_property(bridge_property, remote_identity_ + std::string{moved});
  }
  local_.set_connect_properties(std::move(properties));
  if (local_running_) local_.stop();  // and comes again
}

// --- subscriptions ---------------------------------------------------------------------------------------------------

void Bridge::subscribe(Client& client, BridgeDirection way, RetainHandling handling, Tag tag, Options options) {
  const BridgeTopics& topics = options_.topics;
  const std::string& prefix = topics.source_prefix(way);
  SubscriptionWriter filters;
  for (const BridgeTopic& topic : topics.topics) {
    if (!is_meant(topic, way, tag)) continue;
    const std::string filter = prefix + topic.filter;
    const bool all = options == Options::all;
    filters.add({.topic_filter = filter,
                 .qos = topic.qos,
                 .no_local = all,
                 .retain_as_published = all,
                 .retain_handling = all ? handling : RetainHandling::send});
  }
  if (const auto sent = client.subscribe({0, {}, filters.list()}, tag); !sent) {
    listener_.on_bridge_denied(*this, prefix + topics.topics.front().filter, rule_info(sent.error().rule).text);
  }
}

// The remote broker has forgotten the bridge, and its retained messages with it, or so it may be. Topics that also
// come in are left as they are there.
void Bridge::send_retained_again() {
  TopicFilterWriter filters;
  for (const BridgeTopic& topic : options_.topics.topics) {
    if (is_meant(topic, BridgeDirection::out, outward_topics)) {
      filters.add(options_.topics.local_prefix + topic.filter);
    }
  }
  if (filters.list().bytes().empty()) return;
  static_cast<void>(local_.unsubscribe({0, {}, filters.list()}, outward_topics));
  subscribe(local_, BridgeDirection::out, RetainHandling::send, outward_topics);
}

void Bridge::note_denials(const Suback& answer, BridgeDirection way, Tag tag) {
  const BridgeTopics& topics = options_.topics;
  std::size_t place = 0;
  for (const BridgeTopic& topic : topics.topics) {
    if (!is_meant(topic, way, tag) || place >= answer.reason_codes.size()) continue;
    const auto reason = static_cast<ReasonCode>(answer.reason_codes[place++]);
    if (!is_failure(reason)) continue;
    const std::string& prefix = topics.source_prefix(way);
    listener_.on_bridge_denied(*this, prefix + topic.filter, reason_name(reason, PacketType::suback));
  }
}

// --- messages --------------------------------------------------------------------------------------------------------

void Bridge::take(const Publish& message, BridgeDirection way) {
  BridgeLane& lane = way == BridgeDirection::in ? in_->lane : out_->lane;
  const auto topic = options_.topics.mapped(message.topic_name, way);
  if (!topic) {
    ++counters_.unmatched;
    return lane.leave(message);
  }
  if (way == BridgeDirection::in && sees_echoes_ && echoes_.is_echo(message.topic_name, message.payload, loop_.now())) {
    ++counters_.echoes;
    return lane.leave(message);
  }
  Publish renamed = message;
  renamed.topic_name = *topic;
  lane.take(renamed);
}

// --- the end ---------------------------------------------------------------------------------------------------------

void Bridge::stop(std::function<void()> done) {
  done_ = std::move(done);
  looks_left_ = remote_.is_connected() ? looks_at_most : 0;
  farewell_.arm(loop_.now() + look_interval);
}

void Bridge::look_whether_all_arrived() {
  const std::uint64_t moved = counters_.sent + counters_.received;
  const bool idle = out_->lane.idle() && in_->lane.idle() && moved == std::exchange(moved_before_, moved);
  quiet_looks_ = idle ? quiet_looks_ + 1 : 0;
  if (quiet_looks_ < 2 && looks_left_-- > 0 && remote_.is_connected()) {
    return farewell_.arm(loop_.now() + look_interval);
  }
  stopping_ = true;
  local_again_.cancel();
  local_.stop();
  remote_.stop();
  end_if_done();
}

void Bridge::end_if_done() {
  if (local_running_ || remote_running_ || !done_) return;
  std::exchange(done_, nullptr)();
}

}  // namespace mqtk
