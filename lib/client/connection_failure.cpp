#include "client/connection_failure.hpp"

namespace mqtk {
namespace {

bool passes_by_itself(ReasonCode reason) {
  switch (reason) {
    case ReasonCode::success:  // DISCONNECT without a complaint
    case ReasonCode::unspecified_error:
    case ReasonCode::implementation_specific_error:
    case ReasonCode::server_unavailable:
    case ReasonCode::server_busy:
    case ReasonCode::server_shutting_down:
    case ReasonCode::keep_alive_timeout:
    case ReasonCode::message_rate_too_high:
    case ReasonCode::quota_exceeded:
    case ReasonCode::administrative_action:
    case ReasonCode::use_another_server:
    case ReasonCode::connection_rate_exceeded:
    case ReasonCode::maximum_connect_time: return true;
    default: return false;
  }
}

constexpr std::uint8_t v3_server_unavailable = 3;

}  // namespace

void take_reason(PropertyBlock properties, ConnectionFailure& failure) {
  if (const auto text = properties.text(PropertyId::reason_string)) failure.reason_string = *text;
  if (const auto text = properties.text(PropertyId::server_reference)) failure.server_reference = *text;
}

bool worth_retrying(const ConnectionFailure& failure) {
  switch (failure.kind) {
    case ConnectionFailure::Kind::could_not_connect: return failure_of(failure.network.code) != NetFailure::unsupported;
    case ConnectionFailure::Kind::refused:
      if (failure.version != Version::v5) {
        return static_cast<std::uint8_t>(failure.reason) == v3_server_unavailable;
      }
      return passes_by_itself(failure.reason);
    case ConnectionFailure::Kind::disconnected: return passes_by_itself(failure.reason);
    case ConnectionFailure::Kind::connect_not_valid:
    case ConnectionFailure::Kind::request_not_valid:
    case ConnectionFailure::Kind::protocol_broken:
    case ConnectionFailure::Kind::authentication_failed:
    case ConnectionFailure::Kind::acknowledgement_overdue: return false;
    default: return true;
  }
}

}  // namespace mqtk
