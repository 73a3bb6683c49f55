// What a Client tells its owner. Every call comes from the Loop; views die when it returns.
//
// A listener may call the Client back at any time, but must not destroy it in a call.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/time.hpp"
#include "client/connection_failure.hpp"
#include "codec/packet.hpp"
#include "session/delivery.hpp"
#include "session/limits.hpp"

namespace mqtk {

struct Connected {
  bool session_present = false;  // subscriptions and unfinished messages go on
  Version version = Version::v5;
  std::string_view client_identifier = {};  // ours or the one that the broker assigned
  bool as_bridge = false;                   // by ConnectOptions::announce_bridge
  Limits broker;                            // what the broker takes
  PropertyBlock properties;                 // of CONNACK
};

// The end of a QoS 1 or 2 PUBLISH.
struct PublishDone {
  Tag tag = 0;
  ReasonCode reason = ReasonCode::success;  // 0x80 and above: the broker refused the message
  PacketType answer = PacketType::puback;   // that carried the reason, for its name
  std::string_view reason_string = {};
};

class ClientListener {
 public:
  virtual void on_connected(const Connected& connected) { (void)connected; }

  // An attempt failed or the connection was lost; the next attempt comes by itself after `next_attempt_in`.
  virtual void on_connection_lost(const ConnectionFailure& failure, Duration next_attempt_in) {
    (void)failure, (void)next_attempt_in;
  }

  // The Client has ended, once per start(): as asked by stop(), or for good reason.
  virtual void on_stopped(const ConnectionFailure* failure) = 0;

  // A new Application Message. Without ConnectOptions::Acknowledge::by_caller it is acknowledged at return.
  virtual void on_message(const Publish& message) { (void)message; }
  // All messages that one read brought were told: time to write out what is buffered.
  virtual void on_messages_end() {}

  // publish() takes messages (again): after every connect, and when what made it say `wait` has passed.
  virtual void on_ready_to_send() {}
  virtual void on_publish_done(const PublishDone& done) { (void)done; }

  // One Reason Code for each Topic Filter of the request.
  virtual void on_subscribed(Tag tag, const Suback& answer) { (void)tag, (void)answer; }
  virtual void on_unsubscribed(Tag tag, const Unsuback& answer) { (void)tag, (void)answer; }

  // Enhanced authentication: answer with Client::authenticate.
  virtual void on_authentication(const Auth& auth) { (void)auth; }

 protected:
  ~ClientListener() = default;
};

}  // namespace mqtk
