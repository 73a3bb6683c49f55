// The 15 Control Packets as plain structs: views of received or caller's bytes, which own nothing.
//
// A decoded packet dies with the bytes it was decoded from. Members that a version does not have keep their defaults.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>

#include "base/bytes.hpp"
#include "codec/property.hpp"
#include "codec/reason_code.hpp"
#include "codec/types.hpp"

namespace mqtk {

struct Will {
  QoS qos = QoS::at_most_once;
  bool retain = false;
  PropertyBlock properties;
  std::string_view topic;
  Bytes payload;
};

struct Connect {
  Version version = Version::v5;
  bool bridge = false;  // bit 7 of the Protocol Version, set by some bridges in 3.1 and 3.1.1; no specification has it
  bool clean_start = true;       // 3.1 and 3.1.1: Clean Session
  std::uint16_t keep_alive = 0;  // seconds, 0 is off
  PropertyBlock properties;
  std::string_view client_identifier;
  std::optional<Will> will;
  std::optional<std::string_view> user_name;
  std::optional<Bytes> password;
};

struct Connack {
  bool session_present = false;
  // 5.0: the Reason Code. 3.1 and 3.1.1: the return code, 0 to 5, as it is on the wire.
  ReasonCode reason_code = ReasonCode::success;
  PropertyBlock properties;
};

struct Publish {
  bool dup = false;
  QoS qos = QoS::at_most_once;
  bool retain = false;
  PacketIdentifier packet_identifier = 0;  // only for QoS 1 and 2
  std::string_view topic_name;             // 5.0: may be empty with a Topic Alias
  PropertyBlock properties;
  Bytes payload;
};

// PUBACK, PUBREC, PUBREL and PUBCOMP differ only in their type.
template <PacketType type_>
struct Acknowledgement {
  static constexpr PacketType type = type_;
  PacketIdentifier packet_identifier = 0;
  ReasonCode reason_code = ReasonCode::success;
  PropertyBlock properties;
};
using Puback = Acknowledgement<PacketType::puback>;
using Pubrec = Acknowledgement<PacketType::pubrec>;
using Pubrel = Acknowledgement<PacketType::pubrel>;
using Pubcomp = Acknowledgement<PacketType::pubcomp>;

// One entry of SUBSCRIBE.
struct Subscription {
  std::string_view topic_filter;
  QoS qos = QoS::at_most_once;
  bool no_local = false;
  bool retain_as_published = false;
  RetainHandling retain_handling = RetainHandling::send;
};

// The list of SUBSCRIBE in wire form, checked; walked on demand, nothing is allocated.
class SubscriptionList {
 public:
  SubscriptionList() = default;
  // `option_bits` are those that have a meaning: 3.1 lets a sender set the others, too.
  explicit SubscriptionList(Bytes checked, std::uint8_t option_bits = 0xFF)
      : bytes_(checked), option_bits_(option_bits) {}
  [[nodiscard]] Bytes bytes() const { return bytes_; }
  [[nodiscard]] std::size_t count() const;

  class Iterator {
   public:
    Iterator(Bytes bytes, std::size_t at, std::uint8_t option_bits)
        : bytes_(bytes), at_(at), option_bits_(option_bits) {
      read();
    }
    const Subscription& operator*() const { return subscription_; }
    const Subscription* operator->() const { return &subscription_; }
    Iterator& operator++() {
      at_ += 3 + subscription_.topic_filter.size();
      read();
      return *this;
    }
    friend bool operator==(const Iterator& a, const Iterator& b) { return a.at_ == b.at_; }

   private:
    void read();
    Bytes bytes_;
    std::size_t at_;
    std::uint8_t option_bits_;
    Subscription subscription_;
  };
  [[nodiscard]] Iterator begin() const { return {bytes_, 0, option_bits_}; }
  [[nodiscard]] Iterator end() const { return {bytes_, bytes_.size(), option_bits_}; }

 private:
  Bytes bytes_;
  std::uint8_t option_bits_ = 0xFF;
};

// Builds the list; keep the writer alive while the packet is used. Encoding checks the filters.
class SubscriptionWriter {
 public:
  SubscriptionWriter& add(const Subscription& subscription);
  [[nodiscard]] SubscriptionList list() const { return SubscriptionList{bytes_}; }

 private:
  std::vector<std::uint8_t> bytes_;
};

struct Subscribe {
  PacketIdentifier packet_identifier = 0;
  PropertyBlock properties;
  SubscriptionList subscriptions;
};

struct Suback {
  PacketIdentifier packet_identifier = 0;
  PropertyBlock properties;
  Bytes reason_codes;  // one byte per filter of the SUBSCRIBE
};

// The list of UNSUBSCRIBE in wire form, checked.
class TopicFilterList {
 public:
  TopicFilterList() = default;
  explicit TopicFilterList(Bytes checked) : bytes_(checked) {}
  [[nodiscard]] Bytes bytes() const { return bytes_; }
  [[nodiscard]] std::size_t count() const;

  class Iterator {
   public:
    Iterator(Bytes bytes, std::size_t at) : bytes_(bytes), at_(at) { read(); }
    std::string_view operator*() const { return filter_; }
    Iterator& operator++() {
      at_ += 2 + filter_.size();
      read();
      return *this;
    }
    friend bool operator==(const Iterator& a, const Iterator& b) { return a.at_ == b.at_; }

   private:
    void read();
    Bytes bytes_;
    std::size_t at_;
    std::string_view filter_;
  };
  [[nodiscard]] Iterator begin() const { return {bytes_, 0}; }
  [[nodiscard]] Iterator end() const { return {bytes_, bytes_.size()}; }

 private:
  Bytes bytes_;
};

class TopicFilterWriter {
 public:
  TopicFilterWriter& add(std::string_view topic_filter);
  [[nodiscard]] TopicFilterList list() const { return TopicFilterList{bytes_}; }

 private:
  std::vector<std::uint8_t> bytes_;
};

struct Unsubscribe {
  PacketIdentifier packet_identifier = 0;
  PropertyBlock properties;
  TopicFilterList topic_filters;
};

struct Unsuback {
  PacketIdentifier packet_identifier = 0;
  PropertyBlock properties;
  Bytes reason_codes;  // 5.0: one byte per filter; empty in 3.1 and 3.1.1
};

struct Pingreq {};
struct Pingresp {};

struct Disconnect {
  ReasonCode reason_code = ReasonCode::success;
  PropertyBlock properties;
};

struct Auth {
  ReasonCode reason_code = ReasonCode::success;
  PropertyBlock properties;
};

// In the order of the packet types, so that the index is the type.
using Packet = std::variant<std::monostate, Connect, Connack, Publish, Puback, Pubrec, Pubrel, Pubcomp, Subscribe,
                            Suback, Unsubscribe, Unsuback, Pingreq, Pingresp, Disconnect, Auth>;

[[nodiscard]] inline PacketType packet_type(const Packet& packet) { return static_cast<PacketType>(packet.index()); }

}  // namespace mqtk
