// An Application Message that outlives the packet it came in: one counted block with topic, properties and payload.
//
// What belongs to one hop is not in it: DUP, Packet Identifier, Topic Alias and Subscription Identifiers.
#pragma once

#include <optional>
#include <string_view>

#include "base/shared_bytes.hpp"
#include "base/time.hpp"
#include "codec/packet.hpp"

namespace mqtk {

// A handle of 8 bytes; copies share the block. Not for use in several threads.
class ApplicationMessage {
 public:
  ApplicationMessage() = default;  // no message

  // Copies everything out of `publish`. Topic Alias and Subscription Identifiers are left out, the Message Expiry
  // Interval is kept apart. The topic must be there (resolved from its alias).
  [[nodiscard]] static ApplicationMessage make(const Publish& publish, TimePoint received_at);

  // The same with a payload of `payload_bytes` bytes in the place of that of `publish`, for who can read it to where it
  // is to be: `payload` is not initialised and must be filled before anything else happens with the message.
  [[nodiscard]] static ApplicationMessage make_unfilled(const Publish& publish, std::size_t payload_bytes,
                                                        TimePoint received_at, MutableBytes& payload);

  explicit operator bool() const { return static_cast<bool>(block_); }

  [[nodiscard]] std::string_view topic() const;
  [[nodiscard]] PropertyBlock properties() const;  // those to pass on unchanged, in their order [MQTT-3.3.2-18]
  [[nodiscard]] Bytes payload() const;
  [[nodiscard]] QoS qos() const;  // as published
  [[nodiscard]] bool retain() const;
  [[nodiscard]] TimePoint received_at() const;

  // Message Expiry Interval as published, in seconds.
  [[nodiscard]] std::optional<std::uint32_t> message_expiry_interval() const;
  // What is left of it, in whole seconds; nothing if the message never expires, 0 from its expiry on.
  [[nodiscard]] std::optional<std::uint32_t> remaining_expiry(TimePoint now) const;
  [[nodiscard]] bool expired(TimePoint now) const;

  // The block that topic, properties and payload lie in: for SendQueue::append_shared.
  [[nodiscard]] const SharedBytes& block() const { return block_; }
  [[nodiscard]] std::size_t memory_bytes() const { return block_.size(); }

 private:
  friend struct WillMessage;
  struct Header;
  [[nodiscard]] const Header& header() const;
  SharedBytes block_;
};

// The Will Message of a connection: an Application Message to be published later.
struct WillMessage {
  ApplicationMessage message;
  std::uint32_t delay_seconds = 0;  // Will Delay Interval

  [[nodiscard]] static WillMessage make(const Will& will);

  // The message as published at `now`, from when its Message Expiry Interval counts. The Will is empty afterwards.
  [[nodiscard]] ApplicationMessage publish(TimePoint now);

  explicit operator bool() const { return static_cast<bool>(message); }
};

}  // namespace mqtk
