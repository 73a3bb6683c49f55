// How the kept state of a broker lies in its log: frames with a checksum, each with the records of one turn.
//
//   file    magic, frames
//   frame   length of the records (4 bytes, little-endian), their CRC-32C (likewise), records
//   record  type (1 byte), fields
//   number  7 bits a byte, lowest first, the high bit says that more follow;  text: its length as a number, its bytes
//
// A frame counts as a whole or not at all, so that what one turn did is never there in part.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"

namespace mqtk {

inline constexpr std::string_view state_log_magic{"mqtk state 1\n\0\0\0", 16};

// Sessions and messages go by numbers that are unique in one log.
enum class StateRecord : std::uint8_t {
  session = 1,        // session, Client Identifier, expiry interval, away, left at, Will: flag [, delay, left, PUBLISH]
  session_left = 2,   // session, left at, expiry interval, whether the Will stays
  session_ended = 3,  // session
  will_gone = 4,      // session
  subscription = 5,   // session, options, identifier, group, filter
  unsubscription = 6,  // session, filter
  message = 7,         // message, received at, PUBLISH
  retained = 8,        // message
  retained_gone = 9,   // topic
  all_retained_gone = 10,
  queued = 11,          // session, message, QoS and RETAIN, group, Subscription Identifier properties
  queued_sent = 12,     // session, Packet Identifier: of the first that is queued
  queued_dropped = 13,  // session: the first that is queued
  sent = 14,            // session, Packet Identifier, then as queued
  pubrel_sent = 15,     // session, Packet Identifier
  finished = 16,        // session, Packet Identifier
  received = 17,        // session, Packet Identifier: QoS 2, from the client
  released = 18,        // session, Packet Identifier
  retained_due = 19,    // session, QoS, identifier, filter: a new subscription is to be sent retained messages
  retained_served = 20  // session: the first of these
};

class StateWriter {
 public:
  void begin(StateRecord type) { bytes_.push_back(static_cast<std::uint8_t>(type)); }
  void number(std::uint64_t value);
  void text(Bytes value);
  void text(std::string_view value) { text(as_bytes(value)); }
  void append(Bytes records) { bytes_.insert(bytes_.end(), records.begin(), records.end()); }

  [[nodiscard]] std::vector<std::uint8_t>& bytes() { return bytes_; }
  [[nodiscard]] bool empty() const { return bytes_.empty(); }

 private:
  std::vector<std::uint8_t> bytes_;
};

// Reads the fields of records. After a field that is not there all others are empty, too.
class StateFields {
 public:
  explicit StateFields(Bytes bytes) : rest_(bytes) {}
  std::uint64_t number();
  // For fields that are no larger than `most`; else as if it were not there.
  std::uint64_t number(std::uint64_t most);
  Bytes text();
  [[nodiscard]] bool at_end() const { return rest_.empty(); }
  [[nodiscard]] bool failed() const { return failed_; }

 private:
  void fail();
  Bytes rest_;
  bool failed_ = false;
};

// Appends a frame's head and its records to `out`.
void append_state_frame(Bytes records, std::vector<std::uint8_t>& out);

// The frames of a log, one after the other.
class StateFrames {
 public:
  // `log` is the whole file. Without magic nothing is found and has_magic() is false.
  explicit StateFrames(Bytes log);
  [[nodiscard]] bool has_magic() const { return has_magic_; }
  // The records of the next frame; empty at the end, and at the first frame that is cut off or damaged.
  [[nodiscard]] Bytes next();
  // Bytes behind the last frame that next() gave.
  [[nodiscard]] std::size_t left() const { return rest_.size(); }

 private:
  Bytes rest_;
  bool has_magic_;
};

}  // namespace mqtk
