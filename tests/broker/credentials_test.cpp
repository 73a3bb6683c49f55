#include <doctest/doctest.h>

#include <string>

#include "broker/access_rules.hpp"
#include "broker/password_file.hpp"

using namespace mqtk;

namespace {

AccessRules rules(const std::string& text) {
  auto parsed = AccessRules::parse(text);
  if (!parsed) FAIL(parsed.error());
  return *parsed;
}

std::string refusal(const std::string& text) {
  const auto parsed = AccessRules::parse(text);
  return parsed ? "accepted" : parsed.error();
}

std::string password_refusal(const std::string& text) {
  const auto parsed = PasswordFile::parse(text);
  return parsed ? "accepted" : parsed.error();
}

// Made by mosquitto_passwd 2.0.11 for "me" with "secret".
const std::string mosquitto_line =
    "me:$7$101$ln3CZHsPtFcbb0gN$wfgiO83ckJtpO44sCSVWyFfkFzhfitS8sAfYXUd2dYiHEeyJz0A9wqEMQMujudQ"
    "svGIooTHo+XZLH+ljJgniJA==";

}  // namespace

TEST_CASE("a line of mosquitto_passwd accepts its password and no other") {
  auto file = PasswordFile::parse("# users\n\n" + mosquitto_line + "\r\n");
  REQUIRE(file.has_value());
  CHECK(file->size() == 1);
  CHECK(file->accepts("me", "secret"));
  CHECK(file->accepts("me", "secret"));
  CHECK_FALSE(file->accepts("me", "Secret"));
  CHECK_FALSE(file->accepts("me", ""));
  CHECK_FALSE(file->accepts("you", "secret"));
}

TEST_CASE("a line of ours accepts its password; two of them differ") {
  constexpr auto form = PasswordFile::Form::pbkdf2;
  const auto line = PasswordFile::lines_for("me", "secret", form);
  REQUIRE(line.has_value());
  CHECK(line->starts_with("me:$7$20000$"));
  CHECK(*line != *PasswordFile::lines_for("me", "secret", form));
  auto file = PasswordFile::parse(*line);
  REQUIRE(file.has_value());
  CHECK(file->accepts("me", "secret"));
  CHECK_FALSE(file->accepts("me", "secre"));
  CHECK_FALSE(PasswordFile::lines_for("a:b", "x", form).has_value());
  CHECK_FALSE(PasswordFile::lines_for("", "x", form).has_value());
}

TEST_CASE("lines of SCRAM accept their password and no other, and serve both hashes") {
  const auto lines = PasswordFile::lines_for("me", "secret", PasswordFile::Form::scram);
  REQUIRE(lines.has_value());
  CHECK(lines->starts_with("me:SCRAM-SHA-256$20000:"));
  CHECK(lines->contains("\nme:SCRAM-SHA-512$20000:"));
  auto file = PasswordFile::parse(*lines);
  REQUIRE(file.has_value());
  CHECK(file->size() == 1);
  CHECK(file->accepts("me", "secret"));
  CHECK_FALSE(file->accepts("me", "Secret"));
  CHECK(file->scram_verifier(HashKind::sha256, "me")->belongs_to("secret"));
  CHECK(file->scram_verifier(HashKind::sha512, "me")->belongs_to("secret"));
}

TEST_CASE("damaged password files are refused with the line") {
  const std::string forms = "not NAME:$7$ITERATIONS$SALT$HASH or NAME:SCRAM-SHA-256$ITERATIONS:SALT$KEY:KEY";
  CHECK(password_refusal("me:SCRAM-SHA-256$4096:c2FsdA==$AA==:AA==") ==
        "line 1: salt or key is no Base64 of the right length");
  CHECK(password_refusal("me:SCRAM-SHA-256$x:c2FsdA==$AA==:AA==") ==
        "line 1: the number of iterations is not from 1 to 10000000");
  CHECK(password_refusal("me:SCRAM-SHA-1$4096:c2FsdA==$AA==:AA==") == "line 1: " + forms);
  CHECK(password_refusal("me") == "line 1: " + forms);
  CHECK(password_refusal("\n:$7$1$AA==$AA==") == "line 2: " + forms);
  CHECK(password_refusal("me:secret") == "line 1: " + forms);
  CHECK(password_refusal("me:$6$a$b") == "line 1: mosquitto's old form $6$ is not safe; set the password anew");
  CHECK(password_refusal("me:$7$0$AA==$AA==") == "line 1: the number of iterations is not from 1 to 10000000");
  CHECK(password_refusal("me:$7$101$AA==$AA==") == "line 1: salt or hash is no Base64 of the right length");
}

TEST_CASE("rules are for clients without name, for a user, or patterns for all") {
  const AccessRules access = rules(
      "# of the plant\n"
      "topic read public/#\n"
      "user plant\n"
      "topic plant/#\n"
      "topic write commands/+/go\n"
      "pattern write devices/%c/data\n"
      "pattern read users/%u/#\n");
  const AccessRules::Client nobody{.client_identifier = "c1", .user_name = ""};
  const AccessRules::Client plant{.client_identifier = "c2", .user_name = "plant"};
  CHECK(access.may_subscribe(nobody, "public/a"));
  CHECK_FALSE(access.may_publish(nobody, "public/a"));
  CHECK_FALSE(access.may_subscribe(plant, "public/a"));
  CHECK(access.may_publish(plant, "plant/a/b"));
  CHECK(access.may_subscribe(plant, "plant/#"));
  CHECK(access.may_publish(plant, "commands/pump/go"));
  CHECK_FALSE(access.may_publish(plant, "commands/pump/stop"));
  CHECK(access.may_publish(nobody, "devices/c1/data"));
  CHECK_FALSE(access.may_publish(nobody, "devices/c2/data"));
  CHECK(access.may_subscribe(plant, "users/plant/inbox"));
  CHECK_FALSE(access.may_subscribe(nobody, "users//inbox"));
}

TEST_CASE("deny wins over everything, and over subscriptions that would see what is denied") {
  const AccessRules access = rules("topic #\ntopic deny secret/#\n");
  const AccessRules::Client client{.client_identifier = "c", .user_name = ""};
  CHECK(access.may_publish(client, "open"));
  CHECK_FALSE(access.may_publish(client, "secret/a"));
  CHECK_FALSE(access.may_subscribe(client, "#"));
  CHECK_FALSE(access.may_subscribe(client, "+/a"));
  CHECK(access.may_subscribe(client, "open/#"));
  CHECK_FALSE(access.may_subscribe(client, "$share/group/secret"));
}

TEST_CASE("a name with wildcards or slashes does not widen a pattern") {
  const AccessRules access = rules("pattern readwrite home/%u/%c\n");
  CHECK(access.may_publish({.client_identifier = "c", .user_name = "me"}, "home/me/c"));
  CHECK_FALSE(access.may_subscribe({.client_identifier = "c", .user_name = "+"}, "home/you/c"));
  CHECK_FALSE(access.may_publish({.client_identifier = "c/d", .user_name = "me"}, "home/me/c/d"));
}

TEST_CASE("a filter covers another when all topics of that one are its own") {
  CHECK(filter_covers("#", "a/b"));
  CHECK(filter_covers("a/#", "a"));
  CHECK(filter_covers("a/#", "a/+/c"));
  CHECK(filter_covers("+/b", "a/b"));
  CHECK(filter_covers("+", "+"));
  CHECK_FALSE(filter_covers("a/+", "a/#"));
  CHECK_FALSE(filter_covers("a/b", "a/+"));
  CHECK_FALSE(filter_covers("a/+", "a"));
  CHECK_FALSE(filter_covers("a", "a/b"));
  CHECK_FALSE(filter_covers("#", "$SYS/a"));
  CHECK(filter_covers("$SYS/#", "$SYS/a"));
}

TEST_CASE("damaged rule files are refused with the line") {
  CHECK(refusal("allow all\n") == "line 1: does not begin with user, topic or pattern");
  CHECK(refusal("\nuser\n") == "line 2: 'user' without a name");
  CHECK(refusal("topic read a#\n") == "line 1: that is no Topic Filter");
  CHECK(refusal("topic read\n") == "accepted");
  CHECK(refusal("topic dney secret/#\n") == "line 1: 'dney' is none of read, write, readwrite and deny");
  CHECK(refusal("topic read with a blank\n") == "accepted");
}
