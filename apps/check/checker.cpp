#include "check/checker.hpp"

#include <fmt/format.h>

#include <random>
#include <utility>

#include "cli/failure_text.hpp"
#include "net/tls_facts.hpp"

namespace mqtk::check {
namespace {

using Outcome = StepPrinter::Outcome;

constexpr Duration trial_limit = std::chrono::seconds{3};

std::string random_topic() {
  std::random_device random;
  return fmt::format("mqtk/check/{:08x}", random());
}

std::string joined(const std::vector<std::string>& texts) {
  std::string line;
  for (const std::string& text : texts) line.append(line.empty() ? "" : ", ").append(text);
  return line;
}

// What a connection goes through before CONNECT, by the names of the steps.
std::vector<std::string_view> way_to(const Endpoint& endpoint, const ConnectOptions& connect) {
  const Transport transport = endpoint.transport;
  if (transport == Transport::unix_socket) return {"Unix socket"};
  std::vector<std::string_view> way{"name lookup", "TCP"};
  if (connect.transport.proxy) way.emplace_back("proxy");
  if (speaks_tls(transport)) way.emplace_back("TLS");
  if (speaks_websocket(transport)) way.emplace_back("WebSocket");
  return way;
}

// Whose rights are narrow can still find out whether the way is free.
std::string_view remedy() { return "; --topic TOPIC tries where this user may, --connect-only sends no messages"; }

std::string day(WallTime time) { return rfc3339(time).substr(0, 10); }

}  // namespace

const std::vector<Checker::Trial> Checker::trials{
    {.name = "round trip QoS 0", .filter_prefix = "", .filter_suffix = "", .qos = QoS::at_most_once, .retained = false},
    {.name = "round trip QoS 1",
     .filter_prefix = "",
     .filter_suffix = "",
     .qos = QoS::at_least_once,
     .retained = false},
    {.name = "round trip QoS 2", .filter_prefix = "", .filter_suffix = "", .qos = QoS::exactly_once, .retained = false},
    {.name = "wildcards", .filter_prefix = "", .filter_suffix = "/#", .qos = QoS::at_most_once, .retained = false},
    {.name = "retained", .filter_prefix = "", .filter_suffix = "", .qos = QoS::at_least_once, .retained = true},
    {.name = "shared",
     .filter_prefix = "$share/mqtk/",
     .filter_suffix = "",
     .qos = QoS::at_least_once,
     .retained = false},
};

Checker::Checker(const Options& options)
    : options_(options),
      printer_(options.json ? StepPrinter::Form::json : StepPrinter::Form::text),
      limit_(loop_, [this] { trial_overdue(); }),
      way_(way_to(options.connection.endpoint, options.connection.connect)) {}

cli::ExitStatus Checker::run() {
  version_ = options_.connection.version_given ? options_.connection.connect.version : Version::v5;
  topic_ = options_.topic.empty() ? random_topic() : options_.topic;
  connect(version_);
  loop_.run();
  return status_ == cli::ExitStatus::done ? printer_.output().status() : status_;
}

void Checker::connect(Version version) {
  version_ = version;
  ConnectOptions connect = options_.connection.connect;
  connect.version = version;
  connect.fall_back_to_v3_1_1 = false;
  connect.reconnect.attempts = 0;
  // The way there is the same again, and not told twice.
  if (!std::exchange(way_told_, true)) connect.connect_observer = this;
  if (version != Version::v5) connect.properties = {};
  step_began_ = loop_.refresh_now();
  client_.emplace(loop_, options_.connection.endpoint, connect, static_cast<ClientListener&>(*this));
  client_->start();
}

Duration Checker::lap() {
  const TimePoint now = loop_.refresh_now();
  const Duration took = now - step_began_;
  step_began_ = now;
  return took;
}

void Checker::passed(std::string_view name, std::string_view text) {
  printer_.print(name, Outcome::passed, lap(), text);
  if (!way_.empty() && way_.front() == name) way_.erase(way_.begin());
}

std::string_view Checker::connect_step() const {
  switch (version_) {
    case Version::v3_1: return "CONNECT 3.1";
    case Version::v3_1_1: return "CONNECT 3.1.1";
    case Version::v5: break;
  }
  return "CONNECT 5.0";
}

std::string_view Checker::step_under_way(const ConnectionFailure& failure) const {
  if (failure.kind == ConnectionFailure::Kind::could_not_connect && !way_.empty()) return way_.front();
  return failure.was_connected && trial_ > 0 ? trial().name : connect_step();
}

// --- the network's steps ---------------------------------------------------------------------------------------------

void Checker::on_looked_up(const std::vector<std::string>& addresses) { passed("name lookup", joined(addresses)); }

void Checker::on_connected(const std::string& peer_address) {
  const bool local = options_.connection.endpoint.transport == Transport::unix_socket;
  passed(local ? "Unix socket" : "TCP", local ? options_.connection.endpoint.path : peer_address);
}

void Checker::on_proxy_passed() { passed("proxy", "connects us"); }

void Checker::on_tls(const TlsFacts& facts) {
  passed("TLS", fmt::format("{}, {}{}{}", facts.version, facts.cipher, facts.alpn.empty() ? "" : ", ALPN " + facts.alpn,
                            facts.resumed ? ", resumed" : ""));
  for (const CertificateFacts& certificate : facts.chain) {
    const std::string names = certificate.names.empty() ? "" : " for " + joined(certificate.names);
    printer_.print(
        "certificate", Outcome::note, Duration{0},
        fmt::format("{}{}, {} to {}, {}, issued by {}", certificate.subject, names, day(certificate.not_before),
                    day(certificate.not_after), certificate.key, certificate.issuer));
  }
}

void Checker::on_websocket() { passed("WebSocket", "sub-protocol mqtt"); }

// --- MQTT's steps ----------------------------------------------------------------------------------------------------

void Checker::on_connected(const Connected& connected) {
  const bool v5 = connected.version == Version::v5;
  passed(connect_step(), fmt::format("accepted{}", connected.session_present ? ", session present" : ""));
  if (older_under_way_) return client_->stop();  // connecting is enough
  if (v5) show_limits(connected);
  old_version_next_ = v5 && !options_.connection.version_given && !options_.connection.connect.authentication;
  if (!sends_messages()) return client_->stop();
  next_trial();
}

bool Checker::sends_messages() {
  if (options_.connect_only) return false;
  const cli::CloudService* service = options_.connection.typed.preset.service;
  if (service == nullptr || service->topic_beginnings.empty() || !options_.topic.empty()) return true;
  printer_.print("round trip", Outcome::note, Duration{0},
                 fmt::format("left out: {} takes messages at topics of its own only", service->name));
  return false;
}

void Checker::show_limits(const Connected& connected) {
  const Limits& broker = connected.broker;
  std::string text =
      fmt::format("QoS up to {}, Receive Maximum {}, Topic Alias Maximum {}", static_cast<int>(broker.maximum_qos),
                  broker.receive_maximum, broker.topic_alias_maximum);
  if (broker.maximum_packet_size != max_packet_size) {
    text += fmt::format(", packets up to {} bytes", broker.maximum_packet_size);
  }
  if (const auto keep_alive = connected.properties.number(PropertyId::server_keep_alive)) {
    text += fmt::format(", Keep Alive {} s", *keep_alive);
  }
  if (const auto expiry = connected.properties.number(PropertyId::session_expiry_interval)) {
    text += fmt::format(", Session Expiry Interval {} s", *expiry);
  }
  if (!broker.retain_available) text += ", no retained messages";
  if (!broker.wildcard_subscription_available) text += ", no wildcards";
  if (!broker.shared_subscription_available) text += ", no shared subscriptions";
  if (!broker.subscription_identifier_available) text += ", no Subscription Identifiers";
  printer_.print("announced", Outcome::note, Duration{0}, text);
}

void Checker::next_trial() {
  // 3.1.1 knows no Shared Subscriptions.
  if (trial_ == trials.size() || (trial_ + 1 == trials.size() && version_ != Version::v5)) {
    trial_ = trials.size();
    return client_->stop();
  }
  ++trial_;
  trial_ended_ = false;
  step_began_ = loop_.refresh_now();
  limit_.arm(loop_.time_after(trial_limit));
  const std::string topic = fmt::format("{}/{}", topic_, trial_);
  if (trial().retained) {
    static_cast<void>(publish(topic, trial().qos, Retain::yes, "mqtk check"));
    return;  // on_publish_done subscribes
  }
  const std::string filter = trial().filter_prefix + topic + trial().filter_suffix;
  if (const auto sent = subscribe(filter); !sent) {
    end_trial(Outcome::failed, rule_info(sent.error().rule).text);
  }
}

std::expected<void, Fault> Checker::subscribe(const std::string& filter) {
  SubscriptionWriter filters;
  filters.add({.topic_filter = filter, .qos = trial().qos});
  return client_->subscribe({0, {}, filters.list()}, trial_);
}

std::expected<void, Fault> Checker::publish(std::string_view topic, QoS qos, Retain retain, std::string_view payload) {
  Publish message;
  message.qos = qos;
  message.retain = retain == Retain::yes;
  message.topic_name = topic;
  message.payload = as_bytes(payload);
  const auto sent = client_->publish(message, trial_);
  if (!sent) return std::unexpected(sent.error());
  return {};
}

void Checker::on_subscribed(Tag tag, const Suback& answer) {
  if (tag != trial_ || trial_ended_) return;
  const std::uint8_t code = answer.reason_codes.front();
  if (code >= 0x80) {
    return end_trial(Outcome::failed,
                     fmt::format("the subscription to '{}/{}' was refused: {}{}", topic_, trial_,
                                 cli::reason_text(static_cast<ReasonCode>(code), PacketType::suback, ""), remedy()));
  }
  if (trial().retained) return;
  const std::string topic = fmt::format("{}/{}", topic_, trial_);
  step_began_ = loop_.refresh_now();  // the latency of the message alone
  if (const auto sent = publish(topic, trial().qos, Retain::no, "mqtk check"); !sent) {
    end_trial(Outcome::failed, rule_info(sent.error().rule).text);
  }
}

void Checker::on_publish_done(const PublishDone& done) {
  if (done.tag != trial_ || trial_ended_) return;
  if (is_failure(done.reason)) {
    return end_trial(Outcome::failed,
                     fmt::format("the message to '{}/{}' was refused: {}{}", topic_, trial_,
                                 cli::reason_text(done.reason, done.answer, done.reason_string), remedy()));
  }
  if (!trial().retained) return;
  const std::string topic = fmt::format("{}/{}", topic_, trial_);
  static_cast<void>(subscribe(topic));
}

void Checker::on_message(const Publish& message) {
  if (trial_ended_ || message.topic_name != fmt::format("{}/{}", topic_, trial_) || message.payload.empty()) return;
  const std::string lowered =
      message.qos < trial().qos ? fmt::format(", but with QoS {} only", static_cast<int>(message.qos)) : "";
  if (trial().retained) {
    static_cast<void>(publish(message.topic_name, QoS::at_most_once, Retain::yes, ""));
    return end_trial(message.retain ? Outcome::passed : Outcome::note,
                     message.retain ? "kept and sent to a new subscription" : "sent, but not marked as retained");
  }
  end_trial(lowered.empty() ? Outcome::passed : Outcome::note, "there and back" + lowered);
}

void Checker::trial_overdue() {
  end_trial(
      trial_ <= 2 ? Outcome::failed : Outcome::note,
      fmt::format("nothing came back from '{}/{}' within 3 s; the broker may not support it, or not let this user "
                  "read what it writes{}",
                  topic_, trial_, trial_ <= 2 ? remedy() : ""));
}

void Checker::end_trial(Outcome outcome, std::string_view text) {
  limit_.cancel();
  trial_ended_ = true;
  // What a broker need not do is told, not counted as failure.
  const bool must = trial_ <= 2;
  if (outcome == Outcome::failed && !must) outcome = Outcome::note;
  printer_.print(trial().name, outcome, lap(), text);
  if (outcome == Outcome::failed) status_ = cli::ExitStatus::refused_later;
  if (outcome == Outcome::failed) return client_->stop();
  next_trial();
}

void Checker::on_stopped(const ConnectionFailure* failure) {
  limit_.cancel();
  if (failure != nullptr) {
    const cli::FailureText text = cli::describe(*failure, options_.connection.endpoint, options_.connection.connect);
    const bool old_broker =
        version_ == Version::v5 && !options_.connection.version_given && trial_ == 0 &&
        (failure->kind == ConnectionFailure::Kind::refused ||
         failure->kind == ConnectionFailure::Kind::closed_before_connack) &&
        (failure->reason == ReasonCode::unsupported_protocol_version || static_cast<int>(failure->reason) == 1);
    printer_.print(step_under_way(*failure), old_broker ? Outcome::note : Outcome::failed, lap(), text.line);
    if (old_broker) return loop_.post([this] { connect(Version::v3_1_1); });
    status_ = text.status;
    return loop_.stop();
  }
  if (status_ == cli::ExitStatus::done && std::exchange(old_version_next_, false)) {
    older_under_way_ = true;
    return loop_.post([this] { connect(Version::v3_1_1); });
  }
  loop_.stop();
}

}  // namespace mqtk::check
