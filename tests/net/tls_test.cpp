#include <doctest/doctest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "net/net_fixture.hpp"
#include "net/tls_context.hpp"
#include "net/tls_facts.hpp"
#include "net/tls_fault.hpp"

using namespace mqtk;
using namespace std::chrono_literals;

namespace {

class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "mqtk-tls-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { std::filesystem::remove_all(path_); }
  [[nodiscard]] std::string file(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

std::shared_ptr<TlsContext> server_context(const TlsServerOptions& options) {
  auto made = TlsContext::for_server(options);
  if (!made) FAIL(made.error());
  return *made;
}

std::shared_ptr<TlsContext> client_context(const TlsClientOptions& options) {
  auto made = TlsContext::for_client(options);
  if (!made) FAIL(made.error());
  return *made;
}

// A server with a certificate for localhost and 127.0.0.1 from an authority of its own.
struct TlsServer {
  explicit TlsServer(Loop& for_loop, TlsServerOptions options = {}) : loop(for_loop) {
    if (options.preshared_keys.empty()) {
      if (options.self_signed_for.empty()) options.self_signed_for = {"localhost", "127.0.0.1"};
      options.self_signed_ca_file = folder.file("ca.pem");
    }
    auto listening = Acceptor::listen(loop, {.transport = Transport::tls, .host = "127.0.0.1", .port = 0},
                                      {.tls = server_context(options)}, connections);
    if (!listening) FAIL(listening.error().text());
    acceptor = std::move(*listening);
    connections.when_connected = [this](std::unique_ptr<NetworkConnection> connection) {
      peer = std::make_unique<Peer>(loop);
      peer->attach(std::move(connection));
    };
  }

  [[nodiscard]] Endpoint endpoint(const std::string& host = "localhost") const {
    Endpoint endpoint = acceptor->endpoint();
    endpoint.host = host;
    return endpoint;
  }
  [[nodiscard]] TlsClientOptions trusting() const {
    TlsClientOptions options;
    options.ca_file = folder.file("ca.pem");
    return options;
  }

  Folder folder;
  Loop& loop;
  Connections connections;
  std::unique_ptr<Acceptor> acceptor;
  std::unique_ptr<Peer> peer;
};

ConnectResult connect_with(Loop& loop, const Endpoint& endpoint, std::shared_ptr<TlsContext> context) {
  return connect(loop, endpoint, {.transport = {.tls = std::move(context)}});
}

std::string failure_text(const ConnectResult& result) { return result ? "(connected)" : result.error().text(); }

}  // namespace

TEST_CASE("bytes go both ways over TLS, however many") {
  Loop loop;
  TlsServer server(loop);
  auto connected = connect_with(loop, server.endpoint(), client_context(server.trusting()));
  INFO(failure_text(connected));
  REQUIRE(connected.has_value());
  CHECK((*connected)->tls_facts()->version == "TLSv1.3");
  Peer client(loop);
  client.attach(std::move(*connected));
  client.send("hello");
  REQUIRE(turn_until(loop, [&] { return server.peer->received == "hello"; }));
  const std::string much(3'000'000, 'x');
  server.peer->send(much);
  client.send(much);
  REQUIRE(turn_until(loop, [&] { return client.received.size() == much.size(); }));
  REQUIRE(turn_until(loop, [&] { return server.peer->received.size() == much.size() + 5; }));
  CHECK(client.received == much);
}

TEST_CASE("a close in good order is the end of the stream") {
  Loop loop;
  TlsServer server(loop);
  auto connected = connect_with(loop, server.endpoint(), client_context(server.trusting()));
  REQUIRE(connected.has_value());
  Peer client(loop);
  client.attach(std::move(*connected));
  client.send("last");
  client.flush();
  client.connection->end_writing();
  REQUIRE(turn_until(loop, [&] { return server.peer && server.peer->ended(); }));
  CHECK(server.peer->received == "last");
  CHECK(server.peer->error == NetFault::end_of_stream);
}

TEST_CASE("a certificate of an authority that is not trusted is refused, and the authority named") {
  Loop loop;
  TlsServer server(loop);
  const auto result = connect_with(loop, server.endpoint(), client_context({}));
  CHECK(failure_text(result) ==
        "TLS handshake with localhost: the certificate was issued by an authority that is not trusted here (the "
        "authority is \"CN=mqtk broker\\, made for this run\")");
  REQUIRE_FALSE(result.has_value());
  CHECK(result.error().code == TlsFault::unknown_authority);
  CHECK(failure_of(result.error().code) == NetFailure::not_agreed);
  REQUIRE(turn_until(loop, [&] { return server.peer && server.peer->ended(); }));
  CHECK(server.peer->error == TlsFault::authority_unknown);
}

TEST_CASE("a certificate for another host is refused, unless only the chain is to be checked or nothing") {
  Loop loop;
  TlsServer server(loop, [] {
    TlsServerOptions options;
    options.self_signed_for = {"broker.example", "*.plant.example"};
    return options;
  }());
  TlsClientOptions options = server.trusting();
  CHECK(failure_text(connect_with(loop, server.endpoint(), client_context(options))) ==
        "TLS handshake with localhost: the certificate is for another host (it names broker.example, "
        "*.plant.example, not localhost)");
  CHECK(failure_text(connect_with(loop, server.endpoint("127.0.0.1"), client_context(options)))
            .ends_with("not 127.0.0.1)"));
  options.verification = TlsClientOptions::Verification::without_host_name;
  CHECK(connect_with(loop, server.endpoint(), client_context(options)).has_value());
  TlsClientOptions careless;
  careless.verification = TlsClientOptions::Verification::none;
  CHECK(connect_with(loop, server.endpoint(), client_context(careless)).has_value());
}

TEST_CASE("another server name than the host can be asked for") {
  Loop loop;
  TlsServer server(loop, [] {
    TlsServerOptions options;
    options.self_signed_for = {"broker.example"};
    return options;
  }());
  TlsClientOptions options = server.trusting();
  options.server_name = "broker.example";
  CHECK(failure_text(connect_with(loop, server.endpoint(), client_context(options))) == "(connected)");
}

TEST_CASE("an address is looked for among the certificate's addresses") {
  Loop loop;
  TlsServer server(loop);
  CHECK(failure_text(connect_with(loop, server.endpoint("127.0.0.1"), client_context(server.trusting()))) ==
        "(connected)");
}

TEST_CASE("the two sides agree on a protocol with ALPN, or say that they have none in common") {
  Loop loop;
  TlsServer server(loop, [] {
    TlsServerOptions options;
    options.alpn = {"mqtt"};
    return options;
  }());
  TlsClientOptions options = server.trusting();
  options.alpn = {"h2", "mqtt"};
  const auto connected = connect_with(loop, server.endpoint(), client_context(options));
  REQUIRE(connected.has_value());
  CHECK((*connected)->tls_facts()->alpn == "mqtt");
  options.alpn = {"h2"};
  CHECK(failure_text(connect_with(loop, server.endpoint(), client_context(options))) ==
        "TLS handshake with localhost: the peer speaks none of the protocols offered (ALPN)");
}

TEST_CASE("the second connection of a context resumes the session of the first") {
  Loop loop;
  TlsServer server(loop);
  const auto context = client_context(server.trusting());
  auto first = connect_with(loop, server.endpoint(), context);
  REQUIRE(first.has_value());
  CHECK_FALSE((*first)->tls_facts()->resumed);
  Peer client(loop);
  client.attach(std::move(*first));
  client.send("x");
  // TLS 1.3 sends the session behind the handshake.
  REQUIRE(turn_until(loop, [&] { return server.peer->received == "x"; }));
  server.peer->send("y");
  REQUIRE(turn_until(loop, [&] { return client.received == "y"; }));
  client.connection.reset();
  const auto second = connect_with(loop, server.endpoint(), context);
  REQUIRE(second.has_value());
  CHECK((*second)->tls_facts()->resumed);
}

TEST_CASE("a pre-shared key needs no certificate; a wrong one or an unknown name is refused") {
  Loop loop;
  TlsServer server(loop, [] {
    TlsServerOptions options;
    options.preshared_keys = {{.identity = "sensor", .key = {1, 2, 3, 4, 5, 6, 7, 8}}};
    return options;
  }());
  const auto with_key = [&](const std::string& identity, std::vector<std::uint8_t> key) {
    TlsClientOptions options;
    options.preshared_key = {.identity = identity, .key = std::move(key)};
    return connect_with(loop, server.endpoint(), client_context(options));
  };
  CHECK(failure_text(with_key("sensor", {1, 2, 3, 4, 5, 6, 7, 8})) == "(connected)");
  REQUIRE(turn_until(loop, [&] { return server.peer && server.peer->connection->tls_facts() != nullptr; }));
  CHECK(server.peer->connection->tls_facts()->psk_identity == "sensor");
  CHECK_FALSE(with_key("sensor", {8, 8}).has_value());
  CHECK_FALSE(with_key("stranger", {1, 2, 3, 4, 5, 6, 7, 8}).has_value());
}

TEST_CASE("a server that does not speak TLS is told from one that closes") {
  Loop loop;
  Connections connections;
  const auto acceptor = listen_at(loop, "127.0.0.1", connections);
  std::unique_ptr<Peer> peer;
  std::string answer = "HTTP/1.1 400 Bad Request\r\n\r\n";
  connections.when_connected = [&](std::unique_ptr<NetworkConnection> connection) {
    if (answer.empty()) return;  // closed
    peer = std::make_unique<Peer>(loop);
    peer->attach(std::move(connection));
    peer->send(answer);
  };
  Endpoint endpoint = acceptor->endpoint();
  endpoint.transport = Transport::tls;
  const auto context = client_context({});
  CHECK(failure_text(connect_with(loop, endpoint, context)) == "TLS handshake with 127.0.0.1: the answer is not TLS");
  answer.clear();
  CHECK(failure_text(connect_with(loop, endpoint, context)) ==
        "TLS handshake with 127.0.0.1: the peer closed the connection during the TLS handshake");
}

TEST_CASE("a client that does not speak TLS is told from one that speaks HTTP") {
  Loop loop;
  TlsServer server(loop);
  const auto error_after = [&](const std::string& text) {
    server.peer.reset();
    auto connected = connect(loop, tcp_endpoint("127.0.0.1", server.acceptor->endpoint().port));
    REQUIRE(connected.has_value());
    Peer client(loop);
    client.attach(std::move(*connected));
    client.send(text);
    REQUIRE(turn_until(loop, [&] { return server.peer && server.peer->ended(); }));
    return server.peer->error;
  };
  const std::string connect_packet("\x10\x0F\x00\x04MQTT\x05\x02\x00\x3C\x00\x00\x02\x61\x62", 17);
  CHECK(error_after(connect_packet) == TlsFault::plain_client);
  CHECK(error_after("GET / HTTP/1.1\r\n\r\n") == TlsFault::plain_http);
}

TEST_CASE("key log lines go to a file that only its owner can read") {
  Loop loop;
  TlsServer server(loop);
  TlsClientOptions options = server.trusting();
  options.key_log_file = server.folder.file("keys");
  REQUIRE(connect_with(loop, server.endpoint(), client_context(options)).has_value());
  std::ifstream input(options.key_log_file);
  const std::string text{std::istreambuf_iterator<char>(input), {}};
  CHECK(text.contains("CLIENT_TRAFFIC_SECRET_0 "));
  struct stat status{};
  REQUIRE(::stat(options.key_log_file.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777U) == 0600U);
}

TEST_CASE("files that cannot be used are named with the reason") {
  const Folder folder;
  const auto refusal = [](const TlsClientOptions& options) {
    const auto made = TlsContext::for_client(options);
    return made ? "(made)" : made.error();
  };
  TlsClientOptions options;
  options.ca_file = "/no/such/file";
  CHECK(refusal(options) == "CA file '/no/such/file': cannot be read: No such file or directory");
  options.ca_file = folder.file("");
  CHECK(refusal(options).ends_with("': this is a directory"));
  std::ofstream(folder.file("text")) << "no certificate\n";
  options.ca_file = folder.file("text");
  CHECK(refusal(options).ends_with("': holds no certificate in PEM form"));
  options = {};
  options.certificate_file = folder.file("text");
  CHECK(refusal(options).ends_with("': is neither PEM nor PKCS#12"));
  options = {};
  options.key_file = folder.file("text");
  CHECK(refusal(options).ends_with("': a key is of use only with its certificate"));
  options = {};
  options.ciphers = "ROT13";
  CHECK(refusal(options) == "ciphers 'ROT13': OpenSSL knows none of them");
}
