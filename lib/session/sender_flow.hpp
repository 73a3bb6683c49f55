// What this side has started and the peer not finished: QoS 1 and 2 messages, and a client's SUBSCRIBE and UNSUBSCRIBE.
//
// All of them take Packet Identifiers from one space. Client and broker number independently, so a Session has one
// SenderFlow per side. Identifiers rise and wrap: a freed one comes back last, so that a late acknowledgement cannot be
// taken for one of the packet that follows. Entries lie in a ring in the order of their identifiers; a peer that
// acknowledges all but the first entry stops the flow when 65,535 identifiers are spanned.
#pragma once

#include "codec/reason_code.hpp"
#include "session/delivery.hpp"
#include "session/ring.hpp"

namespace mqtk {

struct InFlight {
  enum class State : std::uint8_t {
    done,               // finished, waits until those before it are
    publish_sent,       // PUBACK or PUBREC is due
    publish_to_resend,  // from an earlier connection, not yet sent on this one
    publish_refused,    // cannot be sent on this connection; to be reported as finished
    pubrel_sent,        // PUBCOMP is due; the message is let go
    subscribe_sent,     // SUBACK is due
    unsubscribe_sent,   // UNSUBACK is due
  };
  ApplicationMessage message;
  SharedBytes subscription_identifiers;
  Tag tag = 0;
  std::uint16_t filters = 0;  // of SUBSCRIBE and UNSUBSCRIBE: as many Reason Codes must come back
  ReasonCode pubrec_code = ReasonCode::success;
  State state = State::done;
  QoS qos = QoS::at_most_once;
  bool retain = false;

  [[nodiscard]] bool is_publish() const { return state >= State::publish_sent && state <= State::pubrel_sent; }
};

class SenderFlow {
 public:
  // The Packet Identifier that the next start() gives, never 0 and not in use [MQTT-2.2.1-3]; 0 when none is free.
  [[nodiscard]] PacketIdentifier next_identifier() const;
  PacketIdentifier start(InFlight entry);

  // The unfinished entry with this identifier, or null. Valid until the next start() or finish().
  [[nodiscard]] InFlight* find(PacketIdentifier id);
  // Frees the identifier of an entry that find() gave.
  void finish(PacketIdentifier id);
  // A new connection carries on: PUBLISH packets are due again, SUBSCRIBE and UNSUBSCRIBE are forgotten.
  void resume();

  // The first entry in State::publish_to_resend and its identifier, or null.
  [[nodiscard]] InFlight* next_to_resend(PacketIdentifier& id);
  [[nodiscard]] bool resending() const { return resend_at_ < ring_.size(); }

  // Entries in the order they were first sent, finished ones (State::done) among them.
  [[nodiscard]] std::uint32_t span() const { return ring_.size(); }
  [[nodiscard]] InFlight& at(std::uint32_t index) { return ring_[index]; }
  [[nodiscard]] PacketIdentifier identifier_at(std::uint32_t index) const;

  [[nodiscard]] std::uint32_t unfinished() const { return unfinished_; }
  [[nodiscard]] std::uint32_t free_identifiers() const { return 65'535 - ring_.size(); }
  [[nodiscard]] std::size_t memory_bytes() const { return ring_.memory_bytes(); }
  void clear();  // numbering goes on

  // Puts an entry of a stored Session State back, in the order of the identifiers: first sent first. False if there is
  // no such order.
  bool restore(PacketIdentifier id, InFlight entry);

 private:
  void drop_done();

  Ring<InFlight> ring_;
  std::uint32_t unfinished_ = 0;
  std::uint32_t resend_at_ = 0;  // no entry before this index is to be sent again
  PacketIdentifier first_ = 1;   // identifier of ring_[0], or the next one when the ring is empty
};

}  // namespace mqtk
