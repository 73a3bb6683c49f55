// A connection as somebody sees it who reads along: its state, and what breaks the rules that need it.
//
// Nothing is held to be wrong that could be right had more been captured. A check that needs the whole connection is
// made only where its start was seen and nothing is missing since.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "capture/flow_side.hpp"
#include "codec/packet.hpp"
#include "codec/rule.hpp"

namespace mqtk {

// A rule that a packet breaks, and the field that breaks it, by the name that annotations give it.
struct FlowProblem {
  Rule rule = Rule::none;
  std::string_view field;  // "Packet Identifier"; empty for the whole packet
  std::string detail;      // "5 are in flight, the Receive Maximum is 4"
};

struct FlowPacket {
  Role sender = Role::unknown;  // client or server: a packet of unknown direction cannot be judged
  const Packet* packet = nullptr;
  std::uint32_t size_bytes = 0;
  std::optional<WallTime> time;
};

// What a client has subscribed to with one filter, at any time and taken together.
struct SeenSubscription {
  QoS qos = QoS::at_most_once;   // the highest
  bool may_be_retained = false;  // a message with RETAIN 1 may come because of it
};

// What outlives a connection: the Session as both sides must have it.
struct FlowSession {
  std::array<FlowSide, 2> sides;  // by Role
  std::map<std::string, SeenSubscription, std::less<>> filters;
  std::uint64_t messages = 0;     // sent by either side so far
  bool is_new = false;            // it began with Clean Start: the client had nothing of an older one either
  std::optional<WallTime> ended;  // when its last connection did, if there was no other since for certain
  std::uint32_t expiry_seconds = never_expires;  // behind that
  std::size_t filter_bytes = 0;                  // that `filters` takes

  [[nodiscard]] std::size_t held_bytes() const { return sides[0].held_bytes() + sides[1].held_bytes() + filter_bytes; }
};

class FlowCheck {
 public:
  static constexpr std::size_t max_filters = 4096;              // remembered; beyond, deliveries are not checked
  static constexpr std::size_t max_alias_bytes = 1024U * 1024;  // of all Topic Names; beyond, they are not resolved

  // `start_seen`: the first bytes of the connection were captured.
  explicit FlowCheck(bool start_seen) : complete_(start_seen), start_seen_(start_seen) {}

  // Appends what the packet breaks.
  void take(const FlowPacket& packet, std::vector<FlowProblem>& problems);
  // Bytes are missing: packets may be.
  void lose() { complete_ = false; }
  // Memory that it takes beside its own: what is in flight, subscriptions, aliases.
  [[nodiscard]] std::size_t held_bytes() const;
  // Lets go of all that, as if it had not been captured.
  void forget();

  // The Session of the client that connects, where an earlier connection of it was captured. Give it when a CONNECT has
  // been taken; it counts if CONNACK says that the server has it, too.
  void offer_session(FlowSession session) { offered_ = std::make_unique<FlowSession>(std::move(session)); }
  // The Session has ended with the last connection of that client, and there has been no other since. When a CONNECT
  // has been taken.
  void expect_no_session() { no_session_expected_ = true; }
  // The other way round: whether the Session has ended with this connection for certain.
  [[nodiscard]] bool session_has_ended() const { return complete_ && connected_ && session_expiry_ == 0; }
  // What is left of the Session when the connection has ended, at `time`; nothing if it ended with it or was not
  // captured.
  [[nodiscard]] std::optional<FlowSession> take_session(std::optional<WallTime> time);

  // A packet for which its receiver has to close the connection; call it before lose().
  void broke(Role sender, Rule rule, std::optional<WallTime> time);

  // The server has accepted another connection with the same Client Identifier.
  void taken_over(std::optional<WallTime> time) { taken_over_ = time; }

  [[nodiscard]] const std::string& client_identifier() const { return client_identifier_; }
  [[nodiscard]] bool connected() const { return connected_; }
  [[nodiscard]] bool connect_seen() const { return connect_seen_; }
  [[nodiscard]] Version version() const { return version_; }
  // The Topic Name that a PUBLISH without one stands for; empty if that is not known. Lives until the next take().
  [[nodiscard]] std::string_view topic_of_alias(Role sender, std::uint16_t alias) const;
  [[nodiscard]] const FlowSide& side(Role role) const { return session_.sides[index(role)]; }
  [[nodiscard]] unsigned pings_unanswered() const { return pings_; }
  // What can be said only now that the connection has ended: what was never answered.
  void end(std::vector<FlowProblem>& problems) const;
  // The same of who sent DISCONNECT; `closed`: when that side closed the connection, or the connection ended.
  void end_of(Role role, std::optional<WallTime> closed, std::vector<FlowProblem>& problems) const;
  // Why it ended, for people: "the server sent DISCONNECT: Session taken over (0x8E)". Empty if no packet tells.
  [[nodiscard]] std::string ending() const;
  static constexpr std::string_view goodbye = "the client sent DISCONNECT";
  // From a packet to what answers it, of the answer that take() has just seen.
  [[nodiscard]] std::optional<Duration> latency() const { return latency_; }

 private:
  using Asked = std::pair<std::string, QoS>;  // filter of a SUBSCRIBE

  struct Limits {  // of a receiver
    std::uint32_t receive_maximum = 65535;
    std::uint32_t maximum_packet_size = max_packet_size;
    std::uint32_t topic_alias_maximum = 0;
  };

  [[nodiscard]] static std::size_t index(Role role) { return static_cast<std::size_t>(role); }
  void find(Rule rule, std::string_view field, std::string detail = {});
  [[nodiscard]] bool v5() const { return version_ == Version::v5; }
  [[nodiscard]] FlowSide& own() { return session_.sides[index(now_.sender)]; }
  [[nodiscard]] FlowSide& peer() { return session_.sides[index(peer_of(now_.sender))]; }

  void check_phase(PacketType type);
  void check_size();
  [[nodiscard]] bool has_problem_information() const;
  void check_silence(PacketType type);
  void check_problem_information(PropertyBlock properties, PacketType type);

  void on(const Connect& p);
  void on(const Connack& p);
  void on(const Publish& p);
  void on_puback(const Puback& p);
  void on_pubrec(const Pubrec& p);
  void on_pubrel(const Pubrel& p);
  void on_pubcomp(const Pubcomp& p);
  void on(const Subscribe& p);
  void on(const Suback& p);
  void on(const Unsubscribe& p);
  void on(const Unsuback& p);
  void on(const Disconnect& p);
  void on(const Auth& p);
  void on_pingresp();

  void check_connack(const Connack& p);
  void check_session_lost(const Connack& p);
  void resume_session(bool session_present);
  void remember_filter(const Subscription& subscription);
  void remember_request(PacketIdentifier id, std::vector<Asked> asked);
  [[nodiscard]] bool has_unknown_alias(const Publish& p);
  void remember_alias(std::string& to, std::string_view topic);
  void check_server_limits(const Publish& p);
  void check_delivery(const Publish& p);
  void check_identifier(const Publish& p, bool alias_unknown);
  void check_first_delivery(const Publish& p, std::uint64_t content);
  void check_sent_again(const Publish& p, FlowEntry& known, std::uint64_t content);
  void acknowledge(PacketIdentifier id, FlowEntry::Stage expected, std::string_view wanted);
  void note_latency(const FlowEntry& what);

  FlowPacket now_;  // being taken
  std::vector<FlowProblem>* problems_ = nullptr;

  bool complete_;  // everything since the start was seen
  bool start_seen_;
  bool connect_seen_ = false;
  bool connack_seen_ = false;
  bool connected_ = false;
  bool refused_ = false;
  std::array<bool, 2> disconnected_{};
  Version version_ = Version::v5;
  std::string client_identifier_;
  bool clean_start_ = false;
  std::uint32_t session_expiry_ = 0;
  std::chrono::seconds keep_alive_{0};
  std::string authentication_method_;
  bool has_authentication_method_ = false;
  bool wants_response_information_ = false;
  bool wants_problem_information_ = true;
  std::array<Limits, 2> limits_;  // of each side as receiver
  QoS maximum_qos_ = QoS::exactly_once;
  bool retain_available_ = true;
  bool wildcards_available_ = true;
  bool shared_available_ = true;
  bool identifiers_available_ = true;

  FlowSession session_;
  bool session_known_ = false;  // everything in the Session has been seen
  bool session_resumed_ = false;
  bool no_session_expected_ = false;
  std::unique_ptr<FlowSession> offered_;
  std::array<std::map<std::uint16_t, std::string>, 2> aliases_;
  std::size_t alias_bytes_ = 0;
  std::map<PacketIdentifier, std::vector<Asked>> subscribing_;
  std::size_t subscribing_bytes_ = 0;
  AnswerOrder puback_order_;  // of the client
  AnswerOrder pubrec_order_;
  AnswerOrder pubrel_order_;
  std::array<std::uint64_t, 2> sent_again_{};  // order of the message that each side has sent again last
  unsigned pings_ = 0;
  std::optional<WallTime> first_ping_;  // of those without an answer
  std::array<std::optional<WallTime>, 2> last_from_;
  ReasonCode refusal_ = ReasonCode::success;
  std::array<ReasonCode, 2> disconnect_code_{};
  std::array<std::optional<WallTime>, 2> disconnected_at_;
  std::optional<WallTime> connected_at_;
  std::optional<WallTime> authenticates_again_;  // since when an AUTH of the client waits for an answer
  struct Violation {
    Rule rule = Rule::none;
    std::optional<WallTime> time;
  };
  std::array<Violation, 2> violations_;  // the first of each side for which the connection should have been closed
  std::optional<WallTime> taken_over_;
  std::optional<Duration> latency_;
};

}  // namespace mqtk
