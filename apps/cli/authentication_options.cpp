#include "cli/authentication_options.hpp"

#include <fmt/format.h>

#include <memory>
#include <mutex>
#include <utility>

#include "base/bytes.hpp"
#include "cli/connection_options.hpp"
#include "cli/setters.hpp"
#include "client/client_authentication.hpp"
#include "net/scram.hpp"

namespace mqtk::cli {
namespace {

// What was read and not used yet; the clients of a load test may be in several threads.
struct FirstReading {
  std::mutex mutex;
  std::optional<std::string> text;
};

// The first reading was before connecting, so that what cannot be read is told before anything is tried.
std::function<ClientAuthentication::Data()> reader(const std::optional<SecretSource>& source, std::string first) {
  if (!source || !source->may_change()) return [first = std::move(first)] { return first; };
  auto unused = std::make_shared<FirstReading>();
  unused->text = std::move(first);
  return [source = *source, unused = std::move(unused)]() -> ClientAuthentication::Data {
    {
      const std::scoped_lock lock{unused->mutex};
      if (unused->text) return *std::exchange(unused->text, std::nullopt);
    }
    return read_secret(source, "authentication data");
  };
}

Accepted settle_scram(ConnectionOptions& options, HashKind kind) {
  const std::string method{scram_method(kind)};
  if (!options.connect.user_name || !options.connect.password) {
    return std::unexpected(fmt::format("--auth-method {}: needs --username and a password", method));
  }
  for (const auto& [what, text] : {std::pair("user name", std::string_view{*options.connect.user_name}),
                                   std::pair("password", as_text(*options.connect.password))}) {
    if (!is_scram_text(text)) {
      return std::unexpected(fmt::format(
          "--auth-method {}: the {} is not printable ASCII, which SCRAM needs here; log in with the password "
          "itself, over TLS",
          method, what));
    }
  }
  if (options.typed.authentication.data_source) {
    return std::unexpected(fmt::format("--auth-data-from: of no effect with {}", method));
  }
  options.connect.authentication = [kind](const ConnectOptions& connect) {
    return make_scram_client(kind, connect.user_name.value_or(""), std::string(as_text(*connect.password)));
  };
  return {};
}

}  // namespace

void add_authentication_options(OptionTable& table, TypedAuthentication& typed) {
  table.add({.long_name = "auth-method",
             .value = "METHOD",
             .help = "Authenticate by this method of version 5, such as SCRAM-SHA-256 or OAUTH2-JWT",
             .manual = "SCRAM-SHA-256 and SCRAM-SHA-512 prove that --username and the password are known without "
                       "sending the password, and that the broker knows it, too. Any other method sends what "
                       "--auth-data-from says.",
             .set = store(typed.method)});
  table.add({.long_name = "auth-data-from",
             .value = "SOURCE",
             .help = "Where the authentication data, such as a token, comes from, as for --password-from",
             .manual = "Files and commands are read anew for each connection and each --auth-again.",
             .set = store_parsed(typed.data_source, parse_secret_source)});
  table.add({.long_name = "auth-again",
             .value = "DURATION",
             .help = "Authenticate again this often while connected, as tokens that expire need it",
             .set = store(typed.again_after)});
}

Accepted settle_authentication(ConnectionOptions& options) {
  const TypedAuthentication& typed = options.typed.authentication;
  if (!typed.method) {
    if (!typed.data_source && !typed.again_after) return {};
    return std::unexpected("--auth-data-from and --auth-again: of no effect without --auth-method");
  }
  if (typed.again_after && *typed.again_after <= Duration{0}) return std::unexpected("--auth-again: not more than 0");
  options.connect.authenticate_again_after = typed.again_after;
  if (const auto kind = scram_hash(*typed.method)) return settle_scram(options, *kind);
  if (typed.method->starts_with("SCRAM-")) {
    return std::unexpected(
        fmt::format("--auth-method '{}': not SCRAM-SHA-256 or SCRAM-SHA-512, which are the ones known", *typed.method));
  }
  std::string first;
  if (typed.data_source) {
    auto data = read_secret(*typed.data_source, "authentication data");
    if (!data) return std::unexpected(data.error());
    first = std::move(*data);
  }
  options.connect.authentication = [method = *typed.method, read = reader(typed.data_source, std::move(first))](
                                       const ConnectOptions&) { return make_token_client(method, read); };
  return {};
}

}  // namespace mqtk::cli
