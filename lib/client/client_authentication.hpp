// The client's part of enhanced authentication (5.0 section 4.12): what goes into CONNECT and AUTH.
#pragma once

#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "net/crypto.hpp"

namespace mqtk {

class ClientAuthentication {
 public:
  virtual ~ClientAuthentication() = default;

  [[nodiscard]] virtual std::string_view method() const = 0;
  // Whether it proves that the password is known, which is not to be sent then.
  [[nodiscard]] virtual bool proves_password() const { return false; }

  // Authentication Data, empty for none, or why there is none, in one line.
  using Data = std::expected<std::string, std::string>;
  // Of CONNECT, and of each AUTH that re-authenticates.
  [[nodiscard]] virtual Data begin() = 0;
  // To an AUTH of the broker.
  [[nodiscard]] virtual Data answer(std::string_view data) = 0;
  // The broker is satisfied, with this data. The error: it is not the broker that it should be.
  [[nodiscard]] virtual std::expected<void, std::string> finish(std::string_view data) = 0;
};

// SCRAM-SHA-256 or SCRAM-SHA-512, which proves to the client, too, that the broker knows the password.
[[nodiscard]] std::unique_ptr<ClientAuthentication> make_scram_client(HashKind kind, std::string user_name,
                                                                      std::string password);

// One message: a token or whatever else `read` says each time.
[[nodiscard]] std::unique_ptr<ClientAuthentication> make_token_client(std::string method,
                                                                      std::function<ClientAuthentication::Data()> read);

}  // namespace mqtk
