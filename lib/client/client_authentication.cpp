#include "client/client_authentication.hpp"

#include <optional>
#include <utility>

#include "net/scram.hpp"

namespace mqtk {
namespace {

class ScramAuthentication final : public ClientAuthentication {
 public:
  ScramAuthentication(HashKind kind, std::string user_name, std::string password)
      : kind_(kind), user_name_(std::move(user_name)), password_(std::move(password)) {}

  std::string_view method() const override { return scram_method(kind_); }
  bool proves_password() const override { return true; }

  Data begin() override {
    std::string nonce = new_scram_nonce();
    if (nonce.empty()) return std::unexpected("OpenSSL 3 is needed for SCRAM");
    return exchange_.emplace(kind_, user_name_, password_, std::move(nonce)).first_message();
  }
  Data answer(std::string_view data) override {
    if (!exchange_) return std::unexpected("the broker's SCRAM message comes out of turn");
    return exchange_->final_message(data);
  }
  std::expected<void, std::string> finish(std::string_view data) override {
    const auto exchange = std::exchange(exchange_, std::nullopt);
    if (!exchange) return std::unexpected("the broker's SCRAM message comes out of turn");
    return exchange->finish(data);
  }

 private:
  HashKind kind_;
  std::string user_name_;
  std::string password_;
  std::optional<ScramClient> exchange_;
};

class TokenAuthentication final : public ClientAuthentication {
 public:
  TokenAuthentication(std::string method, std::function<Data()> read)
      : method_(std::move(method)), read_(std::move(read)) {}

  std::string_view method() const override { return method_; }
  Data begin() override { return read_(); }
  Data answer(std::string_view /*data*/) override {
    return std::unexpected("the broker asks for more than one message of this method");
  }
  std::expected<void, std::string> finish(std::string_view /*data*/) override { return {}; }

 private:
  std::string method_;
  std::function<Data()> read_;
};

}  // namespace

std::unique_ptr<ClientAuthentication> make_scram_client(HashKind kind, std::string user_name, std::string password) {
  return std::make_unique<ScramAuthentication>(kind, std::move(user_name), std::move(password));
}

std::unique_ptr<ClientAuthentication> make_token_client(std::string method,
                                                        std::function<ClientAuthentication::Data()> read) {
  return std::make_unique<TokenAuthentication>(std::move(method), std::move(read));
}

}  // namespace mqtk
