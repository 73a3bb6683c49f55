#include "broker/credentials.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <fstream>
#include <iterator>
#include <system_error>

#include "cli/setters.hpp"

namespace mqtk::broker_program {
namespace {

using Rules = CredentialCheck::Rules;
using UserNameFrom = Rules::UserNameFrom;

// What `parse` makes of a file, or the error with the file's name.
template <class Parsed>
std::expected<Parsed, std::string> read_file(const char* what, const std::string& path,
                                             std::expected<Parsed, std::string> (*parse)(std::string_view)) {
  errno = 0;
  std::ifstream input(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(input), {}};
  if (!input.is_open() || input.bad()) {
    return std::unexpected(
        fmt::format("{} '{}': cannot be read: {}", what, path, std::system_category().message(errno)));
  }
  auto parsed = parse(text);
  if (!parsed) return std::unexpected(fmt::format("{} '{}': {}", what, path, parsed.error()));
  return parsed;
}

}  // namespace

namespace {

void add_token_options(cli::OptionTable& table, CredentialOptions& options) {
  table.add({.long_name = "jwt-key",
             .value = "FILE",
             .help = "Clients may show a JSON Web Token, signed with the key in FILE, as password",
             .manual =
                 "A public key in PEM (RSA for RS256, P-256 for ES256), or a secret of at least 32 bytes (HS256). "
                 "The user name is the token's sub; exp is needed, and the connection ends with it. 5.0 clients "
                 "may also use the Authentication Method OAUTH2-JWT, CUSTOM-JWT or JWT, and authenticate again "
                 "with a new token. May be given several times; SIGHUP has the files read again.",
             .completion = cli::Completion::file,
             .repeatable = true,
             .set = cli::append(options.token_key_files)});
  table.add({.long_name = "jwt-issuer",
             .value = "NAME",
             .help = "Accept only tokens of this issuer (iss)",
             .default_text = "any",
             .set = cli::store(options.token_issuer)});
  table.add({.long_name = "jwt-audience",
             .value = "NAME",
             .help = "Accept only tokens that are for this audience (aud)",
             .default_text = "any",
             .set = cli::store(options.token_audience)});
  table.check([&options]() -> cli::Accepted {
    if (options.token_key_files.empty() && !(options.token_issuer.empty() && options.token_audience.empty())) {
      return std::unexpected("--jwt-issuer and --jwt-audience: of no effect without --jwt-key");
    }
    return {};
  });
}

}  // namespace

void add_credential_options(cli::OptionTable& table, CredentialOptions& options) {
  table.group("Access");
  table.add({.long_name = "allow-anonymous",
             .help = "Let clients in that prove nothing, also from other machines",
             .manual =
                 "Without this option they are let in only where no credentials are asked for and only programs of "
                 "this machine reach the broker.",
             .set = cli::set_true(options.allow_anonymous)});
  table.add({.long_name = "password-file",
             .value = "FILE",
             .help = "Clients need a user name and password of FILE; mqtk broker passwd FILE NAME writes it",
             .manual = "Files of mosquitto_passwd are read, too. 5.0 clients may use SCRAM-SHA-256 or "
                       "SCRAM-SHA-512 if FILE was written with mqtk broker passwd --scram. SIGHUP has this file and "
                       "that of --acl-file read "
                       "again; clients that are connected stay.",
             .completion = cli::Completion::file,
             .set = cli::store(options.password_file)});
  add_token_options(table, options);
  table.add({.long_name = "acl-file",
             .value = "FILE",
             .help = "Allow only what the rules in FILE allow, in the form of mosquitto's acl_file",
             .manual =
                 "Lines are \"user NAME\", \"topic [read|write|readwrite|deny] FILTER\" and \"pattern ... FILTER\" "
                 "with %c for the client identifier and %u for the user name; topics before the first user are "
                 "for clients without user name. A subscription is allowed if a rule covers all of its filter.",
             .completion = cli::Completion::file,
             .set = cli::store(options.acl_file)});
  table.add(
      {.long_name = "user-name-from",
       .value = "WHAT",
       .help = "Take the user name from the client's certificate or pre-shared key: connect, cn, san or psk",
       .manual = "cn is the Common Name, san the first alternative name. Such clients need no password.",
       .completion = cli::Completion::choice,
       .choices = {"connect", "cn", "san", "psk"},
       .default_text = "connect",
       .set = cli::store_choice<UserNameFrom>(options.user_name_from, {{"connect", UserNameFrom::connect},
                                                                       {"cn", UserNameFrom::certificate_common_name},
                                                                       {"san", UserNameFrom::certificate_name},
                                                                       {"psk", UserNameFrom::psk}})});
}

std::expected<Rules, std::string> read_rules(const CredentialOptions& options) {
  Rules rules;
  const bool open = options.allow_anonymous || !options.has_credentials();
  rules.anonymous = open ? Rules::Anonymous::admitted : Rules::Anonymous::refused;
  rules.user_name_from = options.user_name_from;
  if (!options.password_file.empty()) {
    auto passwords = read_file<PasswordFile>("password file", options.password_file, &PasswordFile::parse);
    if (!passwords) return std::unexpected(passwords.error());
    rules.passwords = std::move(*passwords);
  }
  TokenCheck::Rules tokens{.keys = {}, .issuer = options.token_issuer, .audience = options.token_audience};
  for (const std::string& file : options.token_key_files) {
    auto key = read_file<TokenKey>("JWT key file", file, &TokenKey::parse);
    if (!key) return std::unexpected(key.error());
    tokens.keys.push_back(std::move(*key));
  }
  if (!tokens.keys.empty()) rules.tokens.emplace(std::move(tokens));
  if (!options.acl_file.empty()) {
    auto topics = read_file<AccessRules>("ACL file", options.acl_file, &AccessRules::parse);
    if (!topics) return std::unexpected(topics.error());
    rules.topics = std::move(*topics);
  }
  return rules;
}

}  // namespace mqtk::broker_program
