#include "session/application_message.hpp"

#include <cstring>
#include <new>

namespace mqtk {
namespace {

// Properties of one hop, and the expiry, which is kept as a number.
bool kept_apart(PropertyId id) {
  return id == PropertyId::topic_alias || id == PropertyId::subscription_identifier ||
         id == PropertyId::message_expiry_interval || id == PropertyId::will_delay_interval;
}

std::size_t forwardable_size(PropertyBlock properties) {
  std::size_t size = 0;
  for (const Property& property : properties) {
    if (!kept_apart(property.id)) size += property.length;
  }
  return size;
}

std::uint8_t* copy(std::uint8_t* to, Bytes bytes) {
  if (!bytes.empty()) std::memcpy(to, bytes.data(), bytes.size());
  return to + bytes.size();
}

}  // namespace

struct ApplicationMessage::Header {
  TimePoint received_at;
  std::uint32_t expiry;
  std::uint32_t properties_size;
  std::uint32_t payload_size;
  std::uint16_t topic_size;
  QoS qos;
  bool retain : 1;
  bool expires : 1;

  [[nodiscard]] const std::uint8_t* topic() const { return reinterpret_cast<const std::uint8_t*>(this + 1); }
};

ApplicationMessage ApplicationMessage::make(const Publish& publish, TimePoint received_at) {
  MutableBytes payload;
  ApplicationMessage message = make_unfilled(publish, publish.payload.size(), received_at, payload);
  copy(payload.data(), publish.payload);
  return message;
}

ApplicationMessage ApplicationMessage::make_unfilled(const Publish& publish, std::size_t payload_bytes,
                                                     TimePoint received_at, MutableBytes& payload) {
  const std::size_t properties_size = forwardable_size(publish.properties);
  const std::optional<std::uint32_t> expiry = publish.properties.number(PropertyId::message_expiry_interval);
  ApplicationMessage message;
  message.block_ = SharedBytes::allocate(sizeof(Header) + publish.topic_name.size() + properties_size + payload_bytes);
  auto* header = new (message.block_.bytes().data()) Header{received_at,
                                                            expiry.value_or(0),
                                                            static_cast<std::uint32_t>(properties_size),
                                                            static_cast<std::uint32_t>(payload_bytes),
                                                            static_cast<std::uint16_t>(publish.topic_name.size()),
                                                            publish.qos,
                                                            publish.retain,
                                                            expiry.has_value()};
  std::uint8_t* to = copy(reinterpret_cast<std::uint8_t*>(header + 1), as_bytes(publish.topic_name));
  if (properties_size == publish.properties.bytes().size()) {
    to = copy(to, publish.properties.bytes());
  } else {
    for (const Property& property : publish.properties) {
      if (!kept_apart(property.id)) {
        to = copy(to, publish.properties.bytes().subspan(property.offset, property.length));
      }
    }
  }
  payload = {to, payload_bytes};
  return message;
}

const ApplicationMessage::Header& ApplicationMessage::header() const {
  return *std::launder(reinterpret_cast<const Header*>(block_.view().data()));
}

std::string_view ApplicationMessage::topic() const { return as_text({header().topic(), header().topic_size}); }

PropertyBlock ApplicationMessage::properties() const {
  return PropertyBlock{Bytes{header().topic() + header().topic_size, header().properties_size}};
}

Bytes ApplicationMessage::payload() const {
  return {header().topic() + header().topic_size + header().properties_size, header().payload_size};
}

QoS ApplicationMessage::qos() const { return header().qos; }
bool ApplicationMessage::retain() const { return header().retain; }
TimePoint ApplicationMessage::received_at() const { return header().received_at; }

std::optional<std::uint32_t> ApplicationMessage::message_expiry_interval() const {
  if (!header().expires) return std::nullopt;
  return header().expiry;
}

std::optional<std::uint32_t> ApplicationMessage::remaining_expiry(TimePoint now) const {
  if (!header().expires) return std::nullopt;
  const auto spent = std::chrono::duration_cast<std::chrono::seconds>(now - header().received_at).count();
  if (spent <= 0) return header().expiry;
  return spent >= header().expiry ? 0 : header().expiry - static_cast<std::uint32_t>(spent);
}

bool ApplicationMessage::expired(TimePoint now) const { return remaining_expiry(now) == 0U; }

WillMessage WillMessage::make(const Will& will) {
  Publish publish;
  publish.qos = will.qos;
  publish.retain = will.retain;
  publish.topic_name = will.topic;
  publish.properties = will.properties;
  publish.payload = will.payload;
  return {ApplicationMessage::make(publish, TimePoint{}),
          will.properties.number(PropertyId::will_delay_interval).value_or(0)};
}

ApplicationMessage WillMessage::publish(TimePoint now) {
  ApplicationMessage published = std::move(message);
  std::launder(reinterpret_cast<ApplicationMessage::Header*>(published.block_.bytes().data()))->received_at = now;
  return published;
}

}  // namespace mqtk
