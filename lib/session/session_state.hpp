// The part of Session State that both roles have: the unfinished QoS 1 and 2 messages of both directions.
//
// It outlives the Network Connection; an Engine works on the one it was given at connect() or accept().
#pragma once

#include "session/receiver_flow.hpp"
#include "session/sender_flow.hpp"

namespace mqtk {

struct SessionState {
  SenderFlow sender;
  ReceiverFlow receiver;

  void clear() {
    sender.clear();
    receiver.clear();
  }
};

// Told of the steps of QoS 2 that an Engine takes by itself, for a broker that keeps Session State on a disk. All other
// steps follow from calls of the Engine and from its events.
class QoS2Listener {
 public:
  virtual ~QoS2Listener() = default;
  virtual void pubrel_sent(SessionState& session, PacketIdentifier id) = 0;  // PUBREC came for a message of this side
  virtual void released(SessionState& session, PacketIdentifier id) = 0;     // PUBREL came for a message of the peer
};

}  // namespace mqtk
