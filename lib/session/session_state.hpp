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

}  // namespace mqtk
