// Answers CONNECT: who is let in, and with which Session.
#pragma once

#include <string>

#include "broker/broker_state.hpp"
#include "broker/session_life.hpp"

namespace mqtk {

class Admission {
 public:
  Admission(BrokerState& state, SessionLife& session_life) : state_(state), session_life_(session_life) {}

  // `packet` is the CONNECT as it came.
  void on_connect(BrokerConnection& connection, const Connect& connect, Bytes packet, TimePoint now);
  void on_auth(BrokerConnection& connection, const Auth& auth, TimePoint now);

 private:
  // `detail` becomes the reason for the log, where there is one.
  [[nodiscard]] ReasonCode check(BrokerConnection& connection, const Connect& connect, std::string& detail) const;
  void begin_authentication(BrokerConnection& connection, const Connect& connect, Bytes packet, std::string_view method,
                            TimePoint now);
  static void note_authenticated(BrokerConnection& connection, const Authentication::Step& step);
  void accept(BrokerConnection& connection, const Connect& connect, std::string_view authentication_data,
              TimePoint now);
  void refuse(BrokerConnection& connection, ReasonCode reason_code, std::string_view client_identifier,
              std::string_view detail = {});
  void keep(Session& session);
  [[nodiscard]] std::uint32_t expiry_interval(const Connect& connect) const;
  void add_properties(const Connect& connect, const Session& session, PropertyWriter& properties) const;
  [[nodiscard]] std::string new_client_identifier();

  BrokerState& state_;
  SessionLife& session_life_;
  std::uint64_t assigned_ = 0;  // Client Identifiers made up so far
};

}  // namespace mqtk
