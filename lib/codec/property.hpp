// The 27 properties of MQTT 5.0. The wire form is the stored form: a PropertyBlock is a view of encoded bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "codec/types.hpp"

namespace mqtk {

enum class PropertyId : std::uint8_t {
  payload_format_indicator = 1,
  message_expiry_interval = 2,
  content_type = 3,
  response_topic = 8,
  correlation_data = 9,
  subscription_identifier = 11,
  session_expiry_interval = 17,
  assigned_client_identifier = 18,
  server_keep_alive = 19,
  authentication_method = 21,
  authentication_data = 22,
  request_problem_information = 23,
  will_delay_interval = 24,
  request_response_information = 25,
  response_information = 26,
  server_reference = 28,
  reason_string = 31,
  receive_maximum = 33,
  topic_alias_maximum = 34,
  topic_alias = 35,
  maximum_qos = 36,
  retain_available = 37,
  user_property = 38,
  maximum_packet_size = 39,
  wildcard_subscription_available = 40,
  subscription_identifier_available = 41,
  shared_subscription_available = 42,
};

enum class PropertyType : std::uint8_t {
  byte,
  two_byte_integer,
  four_byte_integer,
  variable_byte_integer,
  utf8_string,
  binary,
  utf8_string_pair,
};

// Where a property block stands: the 13 packets that have one, and the Will Properties of CONNECT.
enum class PropertyScope : std::uint8_t {
  connect,
  connack,
  publish,
  puback,
  pubrec,
  pubrel,
  pubcomp,
  subscribe,
  suback,
  unsubscribe,
  unsuback,
  disconnect,
  auth,
  will,
};

struct PropertyInfo {
  PropertyId id;
  PropertyType type;
  std::string_view name;        // "Message Expiry Interval"
  std::string_view snake_name;  // "message_expiry_interval"
  std::uint16_t scopes;         // bit per PropertyScope

  [[nodiscard]] bool allowed_in(PropertyScope scope) const {
    return ((scopes >> static_cast<unsigned>(scope)) & 1U) != 0;
  }
};

// Null for an identifier that 5.0 does not define.
[[nodiscard]] const PropertyInfo* find_property(std::uint32_t id);
[[nodiscard]] const PropertyInfo* find_property(std::string_view snake_name);
[[nodiscard]] std::span<const PropertyInfo> all_properties();

// One decoded property. Which member counts depends on type().
struct Property {
  PropertyId id{};
  std::uint32_t number = 0;  // byte, two, four and variable byte integer
  std::string_view text;     // utf8_string, binary, and the value of a string pair
  std::string_view name;     // of a string pair
  std::uint32_t offset = 0;  // of the identifier, from the start of the block
  std::uint32_t length = 0;  // of identifier and value
};

// Encoded properties without the Property Length in front. A view: whoever holds the bytes keeps them alive.
// Only made from bytes that were checked (by decode) or written (by PropertyWriter), so walking cannot fail.
class PropertyBlock {
 public:
  PropertyBlock() = default;
  explicit PropertyBlock(Bytes checked) : bytes_(checked) {}

  [[nodiscard]] Bytes bytes() const { return bytes_; }
  [[nodiscard]] bool empty() const { return bytes_.empty(); }

  class Iterator {
   public:
    Iterator(Bytes bytes, std::size_t at) : bytes_(bytes), at_(at) { read(); }
    const Property& operator*() const { return property_; }
    const Property* operator->() const { return &property_; }
    Iterator& operator++() {
      at_ += property_.length;
      read();
      return *this;
    }
    friend bool operator==(const Iterator& a, const Iterator& b) { return a.at_ == b.at_; }

   private:
    void read();
    Bytes bytes_;
    std::size_t at_;
    Property property_;
  };
  [[nodiscard]] Iterator begin() const { return {bytes_, 0}; }
  [[nodiscard]] Iterator end() const { return {bytes_, bytes_.size()}; }

  // The first property with this identifier.
  [[nodiscard]] std::optional<Property> find(PropertyId id) const { return empty() ? std::nullopt : search(id); }
  [[nodiscard]] std::optional<std::uint32_t> number(PropertyId id) const;
  [[nodiscard]] std::optional<std::string_view> text(PropertyId id) const;

 private:
  [[nodiscard]] std::optional<Property> search(PropertyId id) const;
  Bytes bytes_;
};

// Builds a property block. The caller keeps the writer alive as long as the block is used. Values are checked when
// the packet that holds the block is encoded.
class PropertyWriter {
 public:
  PropertyWriter& add(PropertyId id, std::uint32_t number);
  PropertyWriter& add(PropertyId id, std::string_view text_or_binary);  // at most 65,535 bytes are kept
  PropertyWriter& add_user_property(std::string_view name, std::string_view value);
  PropertyWriter& add(const Property& property);
  void clear() { bytes_.clear(); }

  [[nodiscard]] PropertyBlock block() const { return PropertyBlock{bytes_}; }
  [[nodiscard]] bool empty() const { return bytes_.empty(); }

 private:
  void add_text(std::string_view text);
  std::vector<std::uint8_t> bytes_;
};

}  // namespace mqtk
