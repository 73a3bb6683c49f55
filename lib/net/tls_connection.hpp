// TLS over another Network Connection. Private to lib/net.
#pragma once

#include <memory>
#include <string>

#include "net/layered_connection.hpp"
#include "net/loop.hpp"
#include "net/tls_context.hpp"
#include "net/tls_facts.hpp"

namespace mqtk {

class TlsConnection final : public LayeredConnection, TurnEndListener {
 public:
  // `host` is what the user asked for: sent as SNI unless it is an address, and looked for in the certificate, where
  // the context does not name another server.
  [[nodiscard]] static std::unique_ptr<TlsConnection> for_client(Loop& loop, std::shared_ptr<TlsContext> context,
                                                                 std::unique_ptr<NetworkConnection> under,
                                                                 const std::string& host, std::uint16_t port);
  [[nodiscard]] static std::unique_ptr<TlsConnection> for_server(Loop& loop, std::shared_ptr<TlsContext> context,
                                                                 std::unique_ptr<NetworkConnection> under);
  ~TlsConnection() override;

  [[nodiscard]] std::expected<bool, NetError> shake_hands() override;
  void start(NetworkConnectionListener& listener) override;

  std::expected<std::size_t, std::error_code> read(MutableBytes to) override;
  std::expected<FlushResult, std::error_code> flush(SendQueue& queue) override;
  void pause_reading() override;
  void resume_reading() override;
  void end_writing() override;
  [[nodiscard]] const TlsFacts* tls_facts() const override;

  struct State;  // OpenSSL's side

 private:
  TlsConnection(Loop& loop, std::unique_ptr<NetworkConnection> under);

  void on_readable() override;
  void on_turn_end() override;
  [[nodiscard]] std::expected<bool, std::error_code> advance();
  [[nodiscard]] std::error_code failure_after(int result);
  void expect_more();

  Loop& loop_;
  std::unique_ptr<State> state_;
};

}  // namespace mqtk
