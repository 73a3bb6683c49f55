// How Sessions begin, are left, taken up again and end, and what becomes of their Wills.
#pragma once

#include "broker/broker_state.hpp"
#include "broker/fan_out.hpp"

namespace mqtk {

class SessionLife {
 public:
  SessionLife(BrokerState& state, FanOut& fan_out) : state_(state), fan_out_(fan_out) {}

  // The Session to be used by a CONNECT; whoever used it has been disconnected. `present`: it was there before.
  struct Opened {
    Session* session;
    bool present;
  };
  Opened open(std::string_view client_identifier, bool clean_start, TimePoint now);

  // The connection is gone: the Will may be due, the Session over.
  void leave(Session& session, TimePoint now);

  // Throws the Will and all unfinished messages away, on purpose: they are not counted as dropped.
  void forget_state(Session& session);

  // Ends the Session of a client that is away.
  void end(Session& session, TimePoint now);

  // Publishes the Will if it is due, ends the Session if it is over, else waits for either.
  void settle(Session& session, TimePoint now);

 private:
  void publish_will(Session& session, TimePoint now);

  BrokerState& state_;
  FanOut& fan_out_;
};

}  // namespace mqtk
