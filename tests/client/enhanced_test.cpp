#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include "client/client_authentication.hpp"
#include "client/scripted_peer.hpp"

using namespace mqtk;
using namespace std::chrono_literals;

namespace {

struct Heard final : ClientListener {
  std::vector<std::string> all;
  void on_connected(const Connected& /*connected*/) override { all.emplace_back("connected"); }
  void on_stopped(const ConnectionFailure* failure) override {
    const bool ours = failure != nullptr && failure->kind == ConnectionFailure::Kind::authentication_failed;
    all.push_back("stopped" + (ours ? " since " + failure->reason_string : std::string{}));
  }
};

// Says "q1", "q2" …, answers "x" with "X" and takes the broker for the right one if it says "ok".
class Questioned final : public ClientAuthentication {
 public:
  std::string_view method() const override { return "M"; }
  bool proves_password() const override { return true; }
  Data begin() override { return "q" + std::to_string(++count_); }
  Data answer(std::string_view data) override {
    if (data != "x") return std::unexpected("a strange question");
    return "X";
  }
  std::expected<void, std::string> finish(std::string_view data) override {
    if (data != "ok") return std::unexpected("a strange broker");
    return {};
  }

 private:
  int count_ = 0;
};

struct Dialogue {
  Loop loop;
  ScriptedPeer peer{loop};
  Heard notes;
  std::unique_ptr<Client> client;

  explicit Dialogue(std::optional<Duration> again = {}) {
    ConnectOptions options;
    options.client_identifier = "c";
    options.user_name = "u";
    options.password = std::vector<std::uint8_t>{0x70};
    options.authentication = [](const ConnectOptions&) { return std::make_unique<Questioned>(); };
    options.authenticate_again_after = again;
    client = std::make_unique<Client>(loop, peer.endpoint(), options, notes);
    client->start();
    peer.accept();
  }
};

// CONNECT with user name "u" and without password, Authentication Method "M" and Data "q1".
const std::string connect_packet =
    "10 1a 00 04 4d 51 54 54 05 82 00 3c 09 15 00 01 4d 16 00 02 71 31 00 01 63 00 01 75";

}  // namespace

TEST_CASE("CONNECT names the method and begins, AUTH is answered, and the password is not sent") {
  Dialogue it;
  CHECK(it.peer.receive() == connect_packet);
  it.peer.send("f0 0a 18 08 15 00 01 4d 16 00 01 78");
  CHECK(it.peer.receive() == "f0 0a 18 08 15 00 01 4d 16 00 01 58");
  it.peer.send("20 0c 00 00 09 15 00 01 4d 16 00 02 6f 6b");
  CHECK(it.peer.is_silent());
  CHECK(it.notes.all == std::vector<std::string>{"connected"});
}

TEST_CASE("a broker that does not prove itself is left before it learns anything") {
  Dialogue it;
  CHECK(it.peer.receive() == connect_packet);
  it.peer.send("20 07 00 00 04 15 00 01 4d");
  CHECK(it.peer.receive() == "e0 00");
  CHECK(it.peer.receive() == "closed");
  CHECK(it.notes.all == std::vector<std::string>{"stopped since a strange broker"});
}

TEST_CASE("a question that cannot be answered ends the connection") {
  Dialogue it;
  CHECK(it.peer.receive() == connect_packet);
  it.peer.send("f0 0a 18 08 15 00 01 4d 16 00 01 79");
  CHECK(it.peer.receive() == "e0 00");
  CHECK(it.peer.receive() == "closed");
  CHECK(it.notes.all == std::vector<std::string>{"stopped since a strange question"});
}

TEST_CASE("the client authenticates again when it is time, and once more after that [MQTT-4.12.1-1]") {
  Dialogue it{20ms};
  CHECK(it.peer.receive() == connect_packet);
  it.peer.send("20 0c 00 00 09 15 00 01 4d 16 00 02 6f 6b");
  CHECK(it.peer.receive() == "f0 0b 19 09 15 00 01 4d 16 00 02 71 32");
  it.peer.send("f0 0b 00 09 15 00 01 4d 16 00 02 6f 6b");
  CHECK(it.peer.receive() == "f0 0b 19 09 15 00 01 4d 16 00 02 71 33");
  it.peer.send("f0 0b 00 09 15 00 01 4d 16 00 02 6e 6f");
  CHECK(it.peer.receive() == "e0 00");
  CHECK(it.notes.all == std::vector<std::string>{"connected", "stopped since a strange broker"});
}

TEST_CASE("a token is read anew each time, and one that cannot be read is told") {
  std::vector<ClientAuthentication::Data> tokens{"first", "second", std::unexpected(std::string("no file"))};
  std::size_t next = 0;
  const auto it = make_token_client("OAUTH2-JWT", [&] { return tokens[next++]; });
  CHECK(it->method() == "OAUTH2-JWT");
  CHECK_FALSE(it->proves_password());
  CHECK(it->begin() == "first");
  CHECK(it->begin() == "second");
  CHECK(it->begin().error() == "no file");
  CHECK_FALSE(it->answer("more").has_value());
  CHECK(it->finish("").has_value());
}
