// One side of MQTT on one Network Connection, as client or as server: without socket, clock or thread.
//
// Bytes go in through writable() and received(), events come out of next(), bytes to write lie in output(). The caller
// tells the time. There is no second path: programs, broker and tests all speak through this class.
//
// The loop of a connection:
//   socket readable:  read into writable(); received(n); then next() until it says other than `event`
//   deadline() past:  expire(now); then next() likewise
//   at `closed`:      write what output() still holds, then close the socket
//   after each turn:  write output()
#pragma once

#include <expected>
#include <memory>
#include <optional>
#include <string>

#include "base/receive_buffer.hpp"
#include "base/send_queue.hpp"
#include "base/time.hpp"
#include "codec/codec.hpp"
#include "session/acknowledgement_queue.hpp"
#include "session/client_session.hpp"
#include "session/engine_counters.hpp"
#include "session/event.hpp"
#include "session/keep_alive.hpp"
#include "session/limits.hpp"
#include "session/publish_form.hpp"
#include "session/publish_image.hpp"
#include "session/send_quota.hpp"
#include "session/topic_alias.hpp"

namespace mqtk {

// Shared by all engines of a program; outlives them.
struct EngineOptions {
  // Server: what CONNACK announces and the engine enforces. Client: CONNECT's properties say it; only
  // maximum_packet_size counts here, as the most that is ever accepted, announced or not.
  Limits limits;

  // Server: for the whole CONNECT to come. Client: for CONNACK.
  Duration connect_timeout = std::chrono::seconds{10};
  // Client: for PINGRESP.
  Duration ping_timeout = std::chrono::seconds{10};

  // The most QoS 1 and 2 messages sent and unfinished, if the peer's Receive Maximum allows more; at least 1.
  std::uint16_t maximum_in_flight = 65'535;
  // The same from the first QoS 2 message on when the peer cannot announce a Receive Maximum, before 5.0: brokers have
  // one of their own all the same, and close the connection above it (mosquitto's is 20).
  std::uint16_t maximum_in_flight_unannounced = 65'535;

  // Topic Aliases that the engine sets by itself, if the peer allows some; 0 is off.
  std::uint16_t automatic_topic_aliases = 0;

  // Where packets are counted; may be null.
  EngineCounters* counters = nullptr;

  QoS2Listener* qos2_listener = nullptr;
};

// Sees every packet as it passes: for traces. Views die with the call.
class PacketObserver {
 public:
  virtual ~PacketObserver() = default;
  virtual void packet_received(Bytes packet) = 0;
  // A packet in one or two parts was appended to the output.
  virtual void packet_sent(Bytes head, Bytes tail) = 0;
};

// Server's answer to a CONNECT.
struct Acceptance {
  bool session_present = false;
  // Beside those that the engine adds from its Limits: Assigned Client Identifier, Server Keep Alive (obeyed by the
  // engine), Session Expiry Interval, Authentication Data, Reason String … The Authentication Method is added, too.
  PropertyBlock properties;
};

class Engine {
 public:
  // `now` starts the server's wait for CONNECT.
  Engine(Role role, ReceiveScratch& scratch, const EngineOptions& options, TimePoint now);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // Null ends the observation.
  void observe(PacketObserver* observer) { observer_ = observer; }

  // --- bytes ---------------------------------------------------------------------------------------------------------

  // Where the next read goes: at least one byte. Ends with received(), and then next() until it says other than
  // `event`, before another engine with the same scratch takes its turn.
  [[nodiscard]] MutableBytes writable() { return input_.writable(); }
  void received(std::size_t count) {
    input_.commit(count);
    in_round_ = true;
  }

  enum class Step : std::uint8_t {
    event,      // `event` is filled in; call again
    need_more,  // read more
    waiting,    // CONNECT or AUTH is not answered: do not read, call next() again after the answer
    closed,     // nothing more comes; write output(), then close
  };
  // Takes one packet at most, and answers it as far as the protocol alone can say the answer.
  [[nodiscard]] Step next(TimePoint now, Event& event);

  // Leaves the packets that are not taken yet for a later next(), which then needs no received() before. Until they
  // are taken nothing more is read.
  void set_aside();

  // What the socket is to write.
  [[nodiscard]] SendQueue& output() { return output_; }
  // Closed on this side: no more packets are read or sent, output() is to be written and the socket closed.
  [[nodiscard]] bool closing() const { return phase_ == Phase::closed; }

  // --- time ----------------------------------------------------------------------------------------------------------

  // When expire() is to be called. Moves to an earlier time only in connect(), accept(), refuse(), disconnect() and
  // expire(); a timer set to it may be left alone until it fires and then be set anew.
  [[nodiscard]] std::optional<TimePoint> deadline() const { return keep_alive_.deadline(); }
  void expire(TimePoint now);

  // --- what is known ------------------------------------------------------------------------------------------------

  // Why the connection failed; Rule::none if it did not.
  [[nodiscard]] Fault fault() const { return fault_; }
  [[nodiscard]] Role role() const { return role_; }
  [[nodiscard]] Version version() const { return version_; }         // after CONNECT
  [[nodiscard]] bool open() const { return phase_ == Phase::open; }  // CONNACK with success has passed
  [[nodiscard]] const Limits& own_limits() const { return own_; }
  [[nodiscard]] const Limits& peer_limits() const { return peer_; }  // client: after CONNACK
  [[nodiscard]] std::uint16_t keep_alive_seconds() const { return keep_alive_.seconds(); }
  // Bytes of memory held for a packet that is not complete.
  [[nodiscard]] std::size_t held() const { return input_.held(); }

  // --- sending -------------------------------------------------------------------------------------------------------
  // All of these append to output() or return the rule that the packet would break, and then nothing has happened.
  // Rule::not_connected: the connection is not open (any more). Rule::receive_maximum_exceeded: the window is full,
  // try again when send_window() is above 0. Rule::packet_too_large: the peer does not take it.

  using Sent = std::expected<PacketIdentifier, Fault>;  // 0 for packets without
  using Done = std::expected<void, Fault>;

  // Client. `session` must outlive the engine. With Clean Start its state is thrown away. The views in `connect` may
  // die after the call.
  Done connect(const Connect& connect, ClientSession& session, TimePoint now);

  // QoS 0 straight from the caller's views: nothing is allocated. An explicit Topic Alias in the properties is checked.
  Done publish(const Publish& publish, TimePoint now);
  // Any QoS. QoS 1 and 2 end with a publish_done event with the delivery's tag.
  Sent publish(const Delivery& delivery, TimePoint now);
  // Any QoS from the caller's views, nothing is allocated: QoS 1 and 2 end as above, but the message is not kept. In a
  // Session that outlives the connection it counts as refused there instead of being sent again.
  Sent publish_once(const Publish& publish, Tag tag, TimePoint now);
  // Any QoS with what was encoded before for many messages; QoS 1 and 2 end as above. As those for a form of another
  // version, a large payload, and where Topic Aliases are chosen. Rule::none when it is sent: a Done costs as much as
  // the packet.
  [[nodiscard]] Rule publish(const PublishForm& form, Bytes payload, Tag tag, TimePoint now);
  // QoS 0, encoded before for many receivers. The image's version must be version().
  Done publish(const PublishImage& image, TimePoint now);
  // QoS 1 and 2 likewise; `delivery` is kept for being sent again, its QoS and RETAIN are those of the image.
  Sent publish(const PublishImage& image, const Delivery& delivery, TimePoint now);

  // Messages of that QoS, 1 or 2, that may be sent now.
  [[nodiscard]] std::uint32_t send_window(QoS qos = QoS::at_least_once) const;

  // Client; `packet_identifier` is chosen by the engine. They end with suback and unsuback events. Not sent again on a
  // new connection.
  Sent subscribe(const Subscribe& subscribe, Tag tag, TimePoint now);
  Sent unsubscribe(const Unsubscribe& unsubscribe, Tag tag, TimePoint now);
  // Client, beyond what Keep Alive does by itself.
  Done ping(TimePoint now);

  // Server. `session` must outlive the engine's use of it; without session_present it is cleared. Unfinished messages
  // are sent again.
  Done accept(SessionState& session, const Acceptance& acceptance, TimePoint now);
  // Server: refuses the CONNECT. Before 5.0 with the return code that fits, or none. `closed` follows.
  void refuse(ReasonCode reason_code, PropertyBlock properties = {});
  // Server.
  Done suback(PacketIdentifier id, Bytes reason_codes, PropertyBlock properties = {});
  Done unsuback(PacketIdentifier id, Bytes reason_codes, PropertyBlock properties = {});  // codes before 5.0: none sent

  // The application has taken over (or refuses) a QoS 1 or 2 message that a publish event reported; PUBACK or PUBREC is
  // sent as soon as those of earlier messages are. False if no such message waits. The rest of QoS 2 goes by itself.
  // While no connection is open, SessionState::receiver.take_over() takes its place for QoS 2.
  bool acknowledge(PacketIdentifier id, ReasonCode reason_code = ReasonCode::success, PropertyBlock properties = {});

  // Both: a step of enhanced authentication; the Authentication Method is added. Client: with re_authenticate, begins
  // anew on an open connection.
  Done auth(ReasonCode reason_code, PropertyBlock properties, TimePoint now);

  // Ends the connection; `closed` follows. Before 5.0 only a client has a DISCONNECT, and only for success. A server
  // that has not accepted just closes.
  Done disconnect(ReasonCode reason_code = ReasonCode::success, PropertyBlock properties = {});

 private:
  enum class Phase : std::uint8_t {
    idle,            // client before connect()
    await_connect,   // server
    answer_connect,  // server: the application has to answer
    await_connack,   // client
    authenticating,  // server: AUTH was sent, AUTH or DISCONNECT is due
    open,
    failed,  // the `failed` event is due
    closed,
  };
  struct Handshake;  // what only matters until CONNACK, or with enhanced authentication

  // engine.cpp: input
  [[nodiscard]] Fault admit(const Frame& frame) const;
  bool take_packet(const Frame& frame, Event& event);
  bool dispatch(Event& event);  // as all on_...: whether `event` is to be reported
  void drop_consumed();
  Step end_round(std::uint32_t packet_size, Step step);
  static Step report(Event& event, Event::Type type, ReasonCode reason_code = ReasonCode::success);

  // engine_close.cpp
  bool fail(Fault fault);  // false, for the on_... functions
  void close();
  bool on_disconnect(Event& event);

  // engine_output.hpp
  template <class P>
  Done send(const P& packet);
  template <class P>
  Done send_trimmed(P packet);  // without diagnostics that are too much for the peer

  // engine_client.cpp
  struct Answer {
    PacketIdentifier packet_identifier;
    std::size_t codes;
    PropertyBlock properties;
  };
  bool on_connack(Event& event);
  bool on_suback(Event& event);
  bool on_unsuback(Event& event);
  bool on_answer(const Answer& answer, InFlight::State due, Event::Type type, Event& event);
  [[nodiscard]] Rule check_connack(const Connack& connack) const;
  [[nodiscard]] Rule check_subscribe(const Subscribe& subscribe, const Limits& server) const;
  [[nodiscard]] bool diagnostics_unrequested(PropertyBlock properties) const;
  template <class P>
  Sent request(P packet, InFlight::State state, std::size_t filters, Tag tag);

  // engine_server.cpp
  bool on_connect(Event& event);
  bool on_subscribe(Event& event);
  bool on_unsubscribe(Event& event);
  void refuse_faulty_connect(const Event& event, Fault fault);
  void begin_open(SessionState& session, std::uint16_t keep_alive);
  [[nodiscard]] Rule check_will(const Connect& connect) const;
  [[nodiscard]] bool in_use(PacketIdentifier id) const;

  // engine_authentication.cpp
  bool on_auth(Event& event);
  [[nodiscard]] bool expects(ReasonCode reason_code) const;
  [[nodiscard]] bool in_turn(ReasonCode reason_code) const;

  // engine_receive.cpp
  bool on_publish(Publish& publish, Event& event);
  bool on_pubrel(const Pubrel& pubrel);
  [[nodiscard]] Rule resolve_alias(Publish& publish);
  [[nodiscard]] bool admit_message(const Publish& publish);
  void repeat_pubrec(PacketIdentifier id, ReceiverFlow::Seen seen, bool waits);
  bool refuse_identifier(const Publish& publish, ReceiverFlow::Seen seen);
  void flush_acknowledgements();

  // engine_send.cpp
  bool on_puback(const Puback& puback, Event& event);
  bool on_pubrec(const Pubrec& pubrec, Event& event);
  bool on_pubcomp(const Pubcomp& pubcomp, Event& event);
  bool finish_publish(PacketIdentifier id, ReasonCode reason_code, Event& event);
  bool report_refused(Event& event);
  [[nodiscard]] Rule check_publish(QoS qos, bool retain) const;
  Rule publish_unformed(const Publish& publish, Tag tag, TimePoint now);
  Done send_publish(const Publish& publish, const SharedBytes& owner);
  void count_sent(QoS qos);
  Done send_aliased(const Publish& publish, const SharedBytes& owner);
  Done send_image(const PublishImage& image, PacketIdentifier id);
  void note_sent(Bytes head, Bytes tail);
  void resume();
  void resend();
  bool resend_publish(const InFlight& entry, PacketIdentifier id);

  ReceiveBuffer input_;
  SendQueue output_;
  const EngineOptions* options_;
  SessionState* session_ = nullptr;
  PacketObserver* observer_ = nullptr;
  std::unique_ptr<Handshake> handshake_;
  std::unique_ptr<IncomingAliases> incoming_aliases_;
  std::unique_ptr<OutgoingAliases> outgoing_aliases_;
  AcknowledgementQueue acknowledgements_;
  KeepAlive keep_alive_;
  Limits own_;
  Limits peer_;
  SendQuota send_quota_;
  bool sent_exactly_once_ = false;  // on this connection
  SendQuota receive_quota_;
  std::uint32_t refused_ = 0;   // entries in State::publish_refused, to be reported
  std::uint32_t consumed_ = 0;  // size of the packet that the last event shows
  TimePoint now_;               // of the latest call that told it
  Fault fault_;
  Role role_;
  Version version_ = Version::v5;
  Phase phase_;
  bool in_round_ = false;               // bytes were received since the last need_more
  bool round_noted_ = false;            // and next() has seen them
  bool problem_information_ = true;     // requested by the client
  bool session_expiry_is_zero_ = true;  // in CONNECT: DISCONNECT must not raise it
};

}  // namespace mqtk
