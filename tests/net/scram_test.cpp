#include "net/scram.hpp"

#include <doctest/doctest.h>

#include <string>

#include "base/base64.hpp"

using namespace mqtk;

namespace {

// The exchange of RFC 7677 section 3.
const std::string client_nonce = "rOprNGfwEbeRWgbNEkqO";
const std::string server_nonce = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
const std::string client_first = "n,,n=user,r=rOprNGfwEbeRWgbNEkqO";
const std::string server_first =
    "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
const std::string client_final =
    "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
const std::string server_final = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";

// The same with SHA-512, computed with Python's hashlib.
const std::string client_final_512 =
    "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
    "p=gMGXRcevScNtxZ6/8lQYpGtnsNAc3mGcmNomv+xnoOMw+3R2xNJdMNnzMlTN8PPC6wdp6dybEmDYXYTxwnYPJQ==";
const std::string server_final_512 =
    "v=ZQnYEgWQMFmmsM8aQMF0nDDCy/AgCzkwk8CmMZYcMg0vSVlKDanekLtifDSeVGT4+5ZxXnJq199RVG2rR7N7Zw==";

ScramClient client(HashKind kind = HashKind::sha256) { return {kind, "user", "pencil", client_nonce}; }

ScramServer server(HashKind kind = HashKind::sha256) {
  return {[kind](std::string_view name) -> std::optional<ScramVerifier> {
            if (name != "user") return std::nullopt;
            return ScramVerifier::make(kind, "pencil", *from_base64("W22ZaJ0SNY7soEsUEjb6gQ=="), 4096);
          },
          server_nonce};
}

}  // namespace

TEST_CASE("a client sends what RFC 7677 shows, and takes the server's proof") {
  ScramClient one = client();
  CHECK(one.first_message() == client_first);
  CHECK(one.final_message(server_first) == client_final);
  CHECK(one.finish(server_final).has_value());
  ScramClient other = client(HashKind::sha512);
  CHECK(other.final_message(server_first) == client_final_512);
  CHECK(other.finish(server_final_512).has_value());
}

TEST_CASE("a server sends what RFC 7677 shows") {
  ScramServer one = server();
  CHECK(one.first_message(client_first) == server_first);
  CHECK(one.final_message(client_final) == server_final);
  CHECK(one.user_name() == "user");
  ScramServer other = server(HashKind::sha512);
  CHECK(other.first_message(client_first) == server_first);
  CHECK(other.final_message(client_final_512) == server_final_512);
}

TEST_CASE("a verifier holds the keys that RFC 5802 says, and belongs to its password only") {
  const auto verifier = ScramVerifier::make(HashKind::sha256, "pencil", *from_base64("W22ZaJ0SNY7soEsUEjb6gQ=="), 4096);
  REQUIRE(verifier.has_value());
  CHECK(to_base64(verifier->stored_key) == "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=");
  CHECK(to_base64(verifier->server_key) == "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=");
  CHECK(verifier->belongs_to("pencil"));
  CHECK_FALSE(verifier->belongs_to("Pencil"));
}

TEST_CASE("a client does not answer a server that may be a false one") {
  const auto said = [](const std::string& message) {
    const auto answer = client().final_message(message);
    return answer ? *answer : answer.error();
  };
  CHECK(said("r=other,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096") == "the broker's SCRAM message answers another one");
  CHECK(said("r=rOprNGfwEbeRWgbNEkqO,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096") ==
        "the broker's SCRAM message answers another one");
  CHECK(said("r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=1000") ==
        "the broker asks for 1000 SCRAM iterations; 4096 to 1000000 are safe");
  CHECK(said("r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=1000001") ==
        "the broker asks for 1000001 SCRAM iterations; 4096 to 1000000 are safe");
  for (const char* damaged : {"", "e=other-error", "r=rOprNGfwEbeRWgbNEkqOx,s=,i=4096",
                              "r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=-1",
                              "r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096x"}) {
    CHECK(said(damaged) == "the broker's SCRAM message is damaged");
  }
}

TEST_CASE("a client is not content with a server that does not prove that it knows the password") {
  ScramClient it = client();
  CHECK_FALSE(it.finish(server_final).has_value());
  REQUIRE(it.final_message(server_first).has_value());
  CHECK_FALSE(it.finish("").has_value());
  CHECK_FALSE(it.finish("e=invalid-proof").has_value());
  CHECK(it.finish("v=7rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=").error() ==
        "the broker has not proved that it knows the password");
}

TEST_CASE("a server refuses a wrong proof, and one that is not of this exchange") {
  ScramServer it = server();
  CHECK_FALSE(it.final_message(client_final).has_value());
  REQUIRE(it.first_message(client_first).has_value());
  const std::string head = client_final.substr(0, client_final.find(",p="));
  CHECK_FALSE(it.final_message(head).has_value());
  CHECK_FALSE(it.final_message(head + ",p=").has_value());
  CHECK_FALSE(it.final_message(head + ",p=eHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=").has_value());
  CHECK_FALSE(it.final_message("c=eSws" + client_final.substr(6)).has_value());
  CHECK_FALSE(it.final_message("c=biws,r=rOprNGfwEbeRWgbNEkqO" + head.substr(head.size())).has_value());
}

TEST_CASE("a server refuses channel binding, acting for others and damaged names") {
  for (const char* refused :
       {"", "n,,", "p=tls-exporter,,n=user,r=abc", "n,a=other,n=user,r=abc", "n,,n=user", "n,,n=,r=abc",
        "n,,n=user,r=", "n,,n=us=er,r=abc", "n,,m=x,n=user,r=abc", "n,,n=nobody,r=abc"}) {
    CHECK_FALSE(server().first_message(refused).has_value());
  }
}

TEST_CASE("a comma and an equals sign in a name are written as RFC 5802 says") {
  CHECK(ScramClient(HashKind::sha256, "a,b=c", "x", "n").first_message() == "n,,n=a=2Cb=3Dc,r=n");
  std::string asked;
  ScramServer it(
      [&asked](std::string_view name) {
        asked = name;
        return std::optional<ScramVerifier>{};
      },
      "s");
  static_cast<void>(it.first_message("n,,n=a=2Cb=3Dc,r=n"));
  CHECK(asked == "a,b=c");
}
