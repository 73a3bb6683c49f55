// What an Engine remembers of CONNECT until CONNACK, and for as long as enhanced authentication goes on.
#pragma once

#include <string>

#include "session/engine.hpp"

namespace mqtk {

struct Engine::Handshake {
  ClientSession* client_session = nullptr;  // client
  std::string authentication_method;        // of CONNECT; empty: none
  std::uint32_t session_expiry = 0;         // client: as requested
  std::uint16_t keep_alive = 0;
  bool clean_start = true;
  bool client_identifier_empty = false;
  bool response_information = false;  // requested
  bool authenticates = false;         // client: AUTH has come and is to be answered; both: re-authentication is on
  bool method_known = false;          // CONNECT named a method
};

}  // namespace mqtk
