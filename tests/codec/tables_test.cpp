#include <doctest/doctest.h>

#include "codec/property.hpp"
#include "codec/rule.hpp"

using namespace mqtk;

TEST_CASE("there are 27 properties in 64 places") {
  CHECK(all_properties().size() == 27);
  int places = 0;
  for (const PropertyInfo& info : all_properties()) {
    for (unsigned scope = 0; scope < 14; ++scope) places += info.allowed_in(static_cast<PropertyScope>(scope)) ? 1 : 0;
  }
  CHECK(places == 64);
  CHECK(find_property(std::uint32_t{0}) == nullptr);
  CHECK(find_property(std::uint32_t{43}) == nullptr);
  CHECK(find_property(std::uint32_t{300}) == nullptr);
}

TEST_CASE("43 Reason Codes stand in 95 packets") {
  int codes = 0;
  int pairs = 0;
  for (unsigned value = 0; value < 256; ++value) {
    bool known = false;
    for (unsigned type = 1; type < 16; ++type) {
      const auto packet = static_cast<PacketType>(type);
      if (!reason_code_allowed(static_cast<ReasonCode>(value), packet, Role::unknown)) continue;
      known = true;
      ++pairs;
    }
    codes += known ? 1 : 0;
  }
  CHECK(codes == 43);
  CHECK(pairs == 96);  // 95, and 0x8C in DISCONNECT, where two tables differ
}

TEST_CASE("a code has the name of its packet") {
  CHECK(reason_name(ReasonCode::success, PacketType::suback) == "Granted QoS 0");
  CHECK(reason_name(ReasonCode::success, PacketType::disconnect) == "Normal disconnection");
  CHECK(reason_name(ReasonCode::success, PacketType::connack) == "Success");
  CHECK(reason_name(ReasonCode::not_authorized, PacketType::connack) == "Not authorized");
  CHECK(reason_name(static_cast<ReasonCode>(3), PacketType::connack) == "unknown");
}

TEST_CASE("some codes of DISCONNECT and AUTH are for one side only") {
  CHECK(reason_code_allowed(ReasonCode::disconnect_with_will_message, PacketType::disconnect, Role::client));
  CHECK_FALSE(reason_code_allowed(ReasonCode::disconnect_with_will_message, PacketType::disconnect, Role::server));
  CHECK(reason_code_allowed(ReasonCode::session_taken_over, PacketType::disconnect, Role::server));
  CHECK_FALSE(reason_code_allowed(ReasonCode::session_taken_over, PacketType::disconnect, Role::client));
  CHECK_FALSE(reason_code_allowed(ReasonCode::re_authenticate, PacketType::auth, Role::server));
}

TEST_CASE("every rule row is its enumerator's and has a line of text") {
  for (const RuleInfo& info : all_rules()) {
    CHECK(&rule_info(info.rule) == &info);
    CHECK(find_rule(info.name) == info.rule);
    CHECK_FALSE(info.text.empty());
    CHECK(info.text.back() != '.');
  }
  CHECK(statement(Rule::dup_without_qos, Version::v5) == "MQTT-3.3.1-2");
  CHECK(statement(Rule::client_packet_identifier_zero, Version::v3_1_1) == "MQTT-2.3.1-1");
  CHECK(statement(Rule::dup_without_qos, Version::v3_1).empty());
}
