#include "net/net_error.hpp"

#include <cctype>

#include "net/handshake_fault.hpp"
#include "net/tls_fault.hpp"

namespace mqtk {
namespace {

class NetCategory final : public std::error_category {
 public:
  [[nodiscard]] const char* name() const noexcept override { return "mqtk.net"; }
  [[nodiscard]] std::string message(int value) const override {
    switch (static_cast<NetFault>(value)) {
      case NetFault::end_of_stream: return "the peer closed the connection";
      case NetFault::unknown_host: return "unknown host";
      case NetFault::name_lookup_failed: return "the name cannot be looked up at the moment";
      case NetFault::timed_out: return "no answer within the time limit";
      case NetFault::no_such_service: return "DNS has no SRV record for it";
    }
    return "unknown network fault";
  }
};

NetFailure failure_of(NetFault fault) {
  switch (fault) {
    case NetFault::end_of_stream: return NetFailure::lost;
    case NetFault::unknown_host:
    case NetFault::name_lookup_failed:
    case NetFault::no_such_service: return NetFailure::unknown_host;
    case NetFault::timed_out: return NetFailure::timed_out;
  }
  return NetFailure::other;
}

}  // namespace

std::error_code make_error_code(NetFault fault) {
  static const NetCategory category;
  return {static_cast<int>(fault), category};
}

std::string NetError::text() const {
  std::string reason = code.message();
  // The system writes "Connection refused"; inside our line only abbreviations keep their capital.
  const auto is_upper = [&](std::size_t i) { return std::isupper(static_cast<unsigned char>(reason[i])) != 0; };
  if (code.category() == std::system_category() && reason.size() > 1 && is_upper(0) && !is_upper(1)) {
    reason[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(reason[0])));
  }
  std::string line = doing + ": " + reason;
  if (!detail.empty()) line.append(" (").append(detail).append(")");
  return line;
}

NetFailure failure_of(std::error_code code) {
  if (code.category() == make_error_code(NetFault::timed_out).category()) {
    return failure_of(static_cast<NetFault>(code.value()));
  }
  if (is_tls_fault(code) || is_handshake_fault(code)) return NetFailure::not_agreed;
  if (code == std::errc::connection_refused) return NetFailure::refused;
  if (code == std::errc::timed_out) return NetFailure::timed_out;
  if (code == std::errc::too_many_files_open || code == std::errc::too_many_files_open_in_system) {
    return NetFailure::no_descriptors;
  }
  if (code == std::errc::address_in_use) return NetFailure::address_in_use;
  if (code == std::errc::permission_denied || code == std::errc::operation_not_permitted) {
    return NetFailure::forbidden;
  }
  if (code == std::errc::host_unreachable || code == std::errc::network_unreachable ||
      code == std::errc::network_down || code == std::errc::address_not_available) {
    return NetFailure::unreachable;
  }
  if (code == std::errc::connection_reset || code == std::errc::broken_pipe || code == std::errc::connection_aborted ||
      code == std::errc::not_connected) {
    return NetFailure::lost;
  }
  if (code == std::errc::address_family_not_supported || code == std::errc::protocol_not_supported) {
    return NetFailure::unsupported;
  }
  return NetFailure::other;
}

}  // namespace mqtk
