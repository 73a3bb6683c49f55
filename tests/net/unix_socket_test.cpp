#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "net/net_fixture.hpp"

using namespace mqtk;

namespace {

struct Folder {
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "mqtk-unix-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path = name;
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { std::filesystem::remove_all(path); }
  std::filesystem::path path;
};

Endpoint unix_endpoint(const std::string& path) {
  return {.transport = Transport::unix_socket, .host = "", .port = 0, .path = path};
}

std::string failure_text(const ConnectResult& result) { return result ? "(connected)" : result.error().text(); }

void check_both_ways(const std::string& path) {
  Loop loop;
  Connections connections;
  const auto acceptor = Acceptor::listen(loop, unix_endpoint(path), {}, connections);
  if (!acceptor) FAIL(acceptor.error().text());
  Peer client(loop);
  auto connected = connect(loop, unix_endpoint(path));
  INFO(failure_text(connected));
  REQUIRE(connected.has_value());
  client.attach(std::move(*connected));
  REQUIRE(turn_until(loop, [&] { return !connections.accepted.empty(); }));
  Peer server(loop);
  CHECK(connections.accepted.front()->peer_address() == "local");
  server.attach(std::move(connections.accepted.front()));
  client.send("there");
  server.send("back");
  CHECK(turn_until(loop, [&] { return server.received == "there" && client.received == "back"; }));
}

}  // namespace

TEST_CASE("a Unix socket is a connection like any other, and its file goes with the listener") {
  const Folder folder;
  const std::string path = folder.path / "mqtt.sock";
  check_both_ways(path);
  CHECK_FALSE(std::filesystem::exists(path));
}

#ifdef __linux__
TEST_CASE("a name in the abstract namespace needs no file") {
  check_both_ways("@mqtk-test-" + std::to_string(::getpid()));
}
#endif

TEST_CASE("a socket file that nobody listens at any more is replaced, one that is in use is not, nor another file") {
  const Folder folder;
  const std::string path = folder.path / "mqtt.sock";
  Loop loop;
  Connections connections;
  {
    auto acceptor = Acceptor::listen(loop, unix_endpoint(path), {}, connections);
    REQUIRE(acceptor.has_value());
    const auto second = Acceptor::listen(loop, unix_endpoint(path), {}, connections);
    REQUIRE_FALSE(second.has_value());
    CHECK(failure_of(second.error().code) == NetFailure::address_in_use);
    std::filesystem::rename(path, folder.path / "left");
  }
  std::filesystem::rename(folder.path / "left", path);
  CHECK(Acceptor::listen(loop, unix_endpoint(path), {}, connections).has_value());
  std::ofstream(path) << "precious";
  CHECK_FALSE(Acceptor::listen(loop, unix_endpoint(path), {}, connections).has_value());
  CHECK(std::filesystem::file_size(path) == 8);
}

TEST_CASE("failures name the file") {
  Loop loop;
  CHECK(failure_text(connect(loop, unix_endpoint("/no/such/socket"))) ==
        "connecting to /no/such/socket: no such file or directory");
  const std::string long_path = "/" + std::string(200, 'a');
  CHECK(failure_text(connect(loop, unix_endpoint(long_path))) == "connecting to " + long_path + ": File name too long");
}
