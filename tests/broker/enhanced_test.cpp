// SCRAM and tokens against the broker's own CredentialCheck.
#include "base/hex.hpp"
#include "broker/broker_fixture.hpp"
#include "broker/credential_check.hpp"
#include "net/scram.hpp"

using namespace mqtk::wire;
using namespace std::chrono_literals;
using mqtk::BrokerFixture;
using mqtk::CredentialCheck;
using mqtk::HashKind;
using mqtk::PasswordFile;
using mqtk::Peer;
using mqtk::ScramClient;

namespace {

// Of "me" with "secret", made with Python's hashlib: 4096 iterations, the salt is "salt".
const std::string scram_line =
    "me:SCRAM-SHA-256$4096:c2FsdA==$ZgOBnT3e4m6ug0RaWAjT+wbbWyjyg4tRSVs5YRrlckg=:aIEiGy0bV5Pa1w1/"
    "Ak6ms8TZoqDzKpnevZGpLsFZbek=\n";

// {"alg":"HS256","typ":"JWT"}, {"sub":"sensor7","exp":5000}: the fixture's clock begins at 3600.
const std::string secret = "0123456789abcdef0123456789abcdef";
const std::string token =
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJzZW5zb3I3IiwiZXhwIjo1MDAwfQ."
    "CckMSVD55kmnRyihAZwVTAO7rTIaq7hfM4Jz6gHHDmk";
// The same with "exp":9000, and for "sensor8".
const std::string later_token =
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJzZW5zb3I3IiwiZXhwIjo5MDAwfQ.FvQdAxYsYuC5iHcI6cuUXqyG-"
    "nTcdu0GiKXarQmkGXQ";
const std::string other_token =
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJzZW5zb3I4IiwiZXhwIjo5MDAwfQ.ipLiWk-OZZ0fbRdl_"
    "KIjXoY3vYQIfGZqnK9P7fUzjdk";

CredentialCheck::Rules rules() {
  CredentialCheck::Rules made;
  auto passwords = PasswordFile::parse(scram_line);
  if (!passwords) FAIL(passwords.error());
  made.passwords = std::move(*passwords);
  mqtk::TokenCheck::Rules tokens;
  tokens.keys.push_back(*mqtk::TokenKey::parse(secret));
  made.tokens.emplace(std::move(tokens));
  return made;
}

struct Fixture : BrokerFixture {
  CredentialCheck access{rules()};
  Fixture() { core.set_access_control(&access); }
};

Octets datum(std::string_view value) { return hex("16") + text(value); }
const Octets scram = hex("15") + text("SCRAM-SHA-256");
const Octets bearer = hex("15") + text("OAUTH2-JWT");

Octets auth(unsigned reason, const Octets& method, std::string_view value) {
  return packet(0xF0, u8(reason) + properties(method + datum(value)));
}

// The Authentication Data in what came: the text behind the method's.
std::string data_in(Peer& peer) {
  const auto bytes = mqtk::from_hex(peer.got());
  REQUIRE(bytes.has_value());
  const std::string all{mqtk::as_text(*bytes)};
  const std::size_t at = all.find(scram) + scram.size();
  REQUIRE(at + 3 <= all.size());
  return all.substr(at + 3);
}

// Logs in by SCRAM; what came at the end.
std::string log_in(Peer& peer, const std::string& name, const std::string& password) {
  ScramClient client(HashKind::sha256, name, password, "nonce");
  peer.send(connect({.id = "a", .properties = scram + datum(client.first_message())}));
  const auto answer = client.final_message(data_in(peer));
  REQUIRE(answer.has_value());
  peer.send(auth(0x18, scram, *answer));
  return peer.got();
}

}  // namespace

TEST_CASE("a client logs in by SCRAM without its password") {
  Fixture f;
  Peer peer(f);
  ScramClient client(HashKind::sha256, "me", "secret", "nonce");
  peer.send(connect({.id = "a", .properties = scram + datum(client.first_message())}));
  const std::string question = data_in(peer);
  CHECK(question.starts_with("r=nonce"));
  CHECK(question.ends_with(",s=c2FsdA==,i=4096"));
  const auto answer = client.final_message(question);
  REQUIRE(answer.has_value());
  peer.send(auth(0x18, scram, *answer));
  CHECK(client.finish(data_in(peer)).has_value());
  CHECK_FALSE(peer.closed());
}

TEST_CASE("a wrong password and a name that is not there are refused alike") {
  Fixture f;
  for (const auto& [name, password] : {std::pair{"me", "Secret"}, std::pair{"you", "secret"}}) {
    Peer peer(f);
    CHECK(log_in(peer, name, password) == "20 03 00 87 00");
    CHECK(peer.closed());
  }
}

TEST_CASE("a name that is not there has the same salt each time") {
  Fixture f;
  const auto salt_of = [&f](const std::string& name) {
    Peer peer(f);
    peer.send(connect({.id = name, .properties = scram + datum("n,,n=" + name + ",r=x")}));
    const std::string question = data_in(peer);
    return question.substr(question.find(",s="));
  };
  CHECK(salt_of("you") == salt_of("you"));
  CHECK(salt_of("you") != salt_of("them"));
}

TEST_CASE("a user name in CONNECT counts nothing where a method is named, and a password is not looked at") {
  Fixture f;
  Peer peer(f);
  peer.send(connect({.id = "a", .user_name = "me", .password = "secret", .properties = hex("15") + text("magic")}));
  CHECK(peer.got().contains("00 8c"));
  CHECK(peer.closed());
}

TEST_CASE("a password is also checked against the line of SCRAM") {
  Fixture f;
  Peer right(f);
  right.send(connect({.id = "a", .user_name = "me", .password = "secret"}));
  EXPECT_GOT(right, hex("20 03 00 00 00"));
  Peer wrong(f);
  wrong.send(connect({.id = "b", .user_name = "me", .password = "Secret"}));
  EXPECT_GOT(wrong, hex("20 03 00 86 00"));
}

TEST_CASE("a client authenticates again by SCRAM, and may not become somebody else") {
  // shows 5.0: MQTT-4.12.1-2
  Fixture f;
  Peer peer(f);
  static_cast<void>(log_in(peer, "me", "secret"));
  ScramClient again(HashKind::sha256, "me", "secret", "other");
  peer.send(auth(0x19, scram, again.first_message()));
  const auto answer = again.final_message(data_in(peer));
  REQUIRE(answer.has_value());
  peer.send(auth(0x18, scram, *answer));
  CHECK(again.finish(data_in(peer)).has_value());
  peer.send(auth(0x19, scram, "n,,n=you,r=x"));
  static_cast<void>(peer.got());
  peer.send(auth(0x18, scram, "c=biws,r=x,p=AAAA"));
  EXPECT_GOT(peer, hex("E0 01 87"));
  CHECK(peer.closed());
}

TEST_CASE("a token in place of the password lets a client in until it expires") {
  Fixture f;
  Peer peer(f);
  peer.send(connect({.id = "a", .user_name = "anything", .password = token}));
  EXPECT_GOT(peer, hex("20 03 00 00 00"));
  peer.send(hex("C0 00"));
  f.advance(1429s);  // 5000 - 3600 and the half minute for clocks that differ, but for a second
  CHECK_FALSE(peer.closed());
  f.advance(1s);
  CHECK(peer.got().ends_with("e0 01 a0"));
  CHECK(peer.closed());
  Peer late(f);
  late.send(connect({.id = "b", .password = token}));
  EXPECT_GOT(late, hex("20 03 00 86 00"));
}

TEST_CASE("a client that authenticates again with a newer token stays; one of somebody else ends it") {
  Fixture f;
  Peer peer(f);
  peer.send(connect({.id = "a", .keep_alive = 0, .properties = bearer + datum(token)}));
  EXPECT_GOT(peer, packet(0x20, hex("00 00") + properties(bearer)));
  f.advance(1400s);
  peer.send(auth(0x19, bearer, later_token));
  EXPECT_GOT(peer, packet(0xF0, hex("00") + properties(bearer)));
  f.advance(100s);
  CHECK_FALSE(peer.closed());
  peer.send(auth(0x19, bearer, other_token));
  EXPECT_GOT(peer, hex("E0 01 87"));
  CHECK(peer.closed());
}
