#include "cli/preset.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <memory>

#include "cli/connection_options.hpp"
#include "cli/output.hpp"
#include "cli/setters.hpp"

namespace mqtk::cli {
namespace {

// Of a Shared Access Signature; the hub closes the connection at its end, and the next one has a new one.
constexpr std::chrono::hours signature_life{1};

constexpr const char* no_openssl = "OpenSSL 3 is needed to compute credentials";

// SHA-256 of nothing, in hex
constexpr std::string_view empty_payload_hash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::unexpected<std::string> refused(const CloudService& service, std::string_view why) {
  return std::unexpected(fmt::format("--preset {}: {}", service.preset, why));
}

std::vector<std::string> preset_names() {
  std::vector<std::string> names;
  for (const CloudService& service : cloud_services()) names.emplace_back(service.preset);
  return names;
}

// --- Azure -----------------------------------------------------------------------------------------------------------

ConnectOptions::Secret new_signature(const DeviceConnection& device) {
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  const auto token = shared_access_signature(device, now + signature_life);
  if (!token) return std::unexpected(no_openssl);
  return std::vector<std::uint8_t>(token->begin(), token->end());
}

Accepted settle_azure_hub(ConnectionOptions& options) {
  ConnectOptions& connect = options.connect;
  const auto& device = options.typed.preset.device;
  if (connect.client_identifier.empty()) {
    return refused(*options.typed.preset.service, "give --connection-string-from, or the device with --id");
  }
  if (!connect.user_name) {
    connect.user_name =
        device ? device->user_name() : azure_user_name(options.endpoint.host, connect.client_identifier);
  }
  if (!device || connect.password) return {};
  auto signature = new_signature(*device);
  if (!signature) return std::unexpected(signature.error());
  connect.password = std::move(*signature);
  connect.renew_password = [device = *device] { return new_signature(device); };
  return {};
}

// --- AWS -------------------------------------------------------------------------------------------------------------

std::expected<Endpoint, std::string> signed_endpoint(Endpoint endpoint, const AwsRequest& request,
                                                     const AwsKeys& keys) {
  const auto query = aws_signed_query(request, keys, std::chrono::system_clock::now());
  if (!query) return std::unexpected(no_openssl);
  endpoint.path = fmt::format("{}?{}", request.path, *query);
  return endpoint;
}

Accepted settle_aws_websocket(ConnectionOptions& options) {
  const CloudService& service = *options.typed.preset.service;
  const Endpoint endpoint = options.endpoint;
  if (endpoint.transport != Transport::websocket && endpoint.transport != Transport::websocket_over_tls) {
    return refused(service, "the broker's URL is not of a WebSocket; write wss://");
  }
  AwsKeys keys{environment("AWS_ACCESS_KEY_ID"), environment("AWS_SECRET_ACCESS_KEY"),
               environment("AWS_SESSION_TOKEN")};
  if (keys.access_key_id.empty() || keys.secret_access_key.empty()) {
    return refused(service, "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set");
  }
  std::string region = aws_region_of(endpoint.host);
  for (const char* name : {"AWS_REGION", "AWS_DEFAULT_REGION"}) {
    if (region.empty()) region = environment(name);
  }
  if (region.empty()) return refused(service, "the host does not tell the region; set AWS_REGION");
  const bool usual_port = endpoint.port == default_port(endpoint.transport);
  const AwsRequest request{.host = usual_port ? endpoint.host : short_text(endpoint),
                           .path = endpoint.path,
                           .region = std::move(region),
                           .service = "iotdevicegateway",
                           .payload_hash = std::string(empty_payload_hash),
                           .expires_in = {}};
  const auto sign = [endpoint, request, keys = std::move(keys)] { return signed_endpoint(endpoint, request, keys); };
  auto first = sign();
  if (!first) return std::unexpected(first.error());
  options.endpoint = std::move(*first);
  options.connect.renew_endpoint = sign;
  return {};
}

// At port 443 the protocol is told by ALPN: one for certificates, another for custom authorizers.
void settle_aws_protocol(ConnectionOptions& options) {
  auto& protocols = options.typed.transport.tls.alpn;
  if (options.endpoint.port != 443 || options.endpoint.transport != Transport::tls || !protocols.empty()) return;
  const bool authorizer = options.connect.user_name || options.connect.password;
  protocols.emplace_back(authorizer ? "mqtt" : "x-amzn-mqtt-ca");
}

// --- what they lack --------------------------------------------------------------------------------------------------

std::string missing_login(const ConnectionOptions& options) {
  const std::string_view preset = options.typed.preset.service->preset;
  const bool has_certificate = !options.typed.transport.tls.certificate_file.empty();
  const bool has_login = options.connect.user_name && options.connect.password;
  if (preset == "aws" && !has_certificate && !options.connect.user_name) {
    return "AWS IoT wants a client certificate (--cert-file, --key-file), or a custom authorizer's --username";
  }
  if (preset == "azure-hub" && !has_certificate && !options.connect.password) {
    return "Azure IoT Hub wants --connection-string-from, or a client certificate (--cert-file, --key-file)";
  }
  if (preset == "eventgrid" && !has_certificate && !options.connect.authentication) {
    return "Azure Event Grid wants a client certificate (--cert-file, --key-file), or --auth-method OAUTH2-JWT";
  }
  if ((preset == "hivemq" || preset == "emqx") && !has_login) return "the service wants --username and a password";
  if (preset == "ably" && !options.connect.user_name) return "Ably wants the API key, or a token, as --username";
  return "";
}

}  // namespace

void add_preset_options(OptionTable& table, TypedPreset& typed) {
  table.add({.long_name = "preset",
             .value = "SERVICE",
             .help = "Connect as a cloud service wants it: aws, aws-ws, azure-hub, eventgrid, hivemq, emqx or ably",
             .manual =
                 "Speaks TLS (aws-ws: WebSocket over TLS), with the service's ports, paths, version and ALPN, as far "
                 "as nothing else is given, computes credentials anew for each connection, and warns before something "
                 "is sent that the service is known to refuse.\n\n"
                 "aws-ws signs its URL with AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN; the "
                 "region is that of the host, or AWS_REGION. azure-hub makes user name and password from "
                 "--connection-string-from. ably takes an API key as --username.",
             .completion = Completion::choice,
             .choices = preset_names(),
             .environment = "MQTK_PRESET",
             .set = [&typed](std::string_view text) -> Accepted {
               typed.service = find_cloud_service(text);
               if (typed.service == nullptr) return std::unexpected(not_one_of(preset_names()));
               return {};
             }});
  table.add(
      {.long_name = "connection-string",
       .value = "TEXT",
       .help = "Connection string of a device of an Azure IoT Hub; other users may see it in the list of processes",
       .environment = "MQTK_CONNECTION_STRING",
       .set = store(typed.connection_string),
       .secret = true});
  table.add({.long_name = "connection-string-from",
             .value = "SOURCE",
             .help = "Where that comes from, as for --password-from",
             .set = store_parsed(typed.connection_string_source, parse_secret_source)});
}

std::expected<OptionSource, std::string> preset_settings(TypedPreset& typed) {
  const CloudService* service = typed.service;
  const bool has_string = typed.connection_string || typed.connection_string_source;
  if (has_string && (service == nullptr || service->preset != "azure-hub")) {
    // A variable of the environment may be meant for other runs.
    if (typed.connection_string_source) return std::unexpected("--connection-string-from needs --preset azure-hub");
    return OptionSource{};
  }
  if (service == nullptr) return OptionSource{};
  OptionSource source{.name = fmt::format("the preset '{}'", service->preset), .settings = {}};
  if (has_string) {
    std::string text = typed.connection_string.value_or("");
    if (typed.connection_string_source) {
      auto secret = read_secret(*typed.connection_string_source, "connection string");
      if (!secret) return std::unexpected(secret.error());
      text = std::move(*secret);
    }
    auto device = parse_connection_string(text);
    if (!device) return std::unexpected("--connection-string: " + device.error());
    typed.device = std::move(*device);
    source.settings.emplace_back(
        "host", typed.device->gateway_host.empty() ? typed.device->host_name : typed.device->gateway_host);
    source.settings.emplace_back("id", typed.device->client_identifier());
  }
  if (!service->host.empty()) source.settings.emplace_back("host", service->host);
  if (!service->speaks_v5) source.settings.emplace_back("mqtt-version", "3.1.1");
  if (service->keep_alive_seconds != 60) {
    source.settings.emplace_back("keep-alive", std::to_string(service->keep_alive_seconds));
  }
  return source;
}

void apply_preset_transport(const TypedPreset& typed, TypedTransport& transport) {
  if (typed.service == nullptr) return;
  transport.use_tls = true;
  transport.use_websocket = transport.use_websocket || typed.service->websocket;
  const bool websocket = transport.use_websocket || transport.websocket_path;
  if (websocket && !transport.websocket_path) transport.websocket_path = typed.service->websocket_path;
}

Accepted settle_preset(ConnectionOptions& options) {
  const CloudService* service = options.typed.preset.service;
  if (service == nullptr) return {};
  if (!options.broker_given) return refused(*service, "each customer has a host; give it with --host");
  if (service->preset == "azure-hub") return settle_azure_hub(options);
  if (service->preset == "aws-ws") return settle_aws_websocket(options);
  if (service->preset == "aws") settle_aws_protocol(options);
  auto& name = options.connect.user_name;
  if (service->preset == "ably" && name && !options.connect.password && name->contains(':')) {
    const std::string password = name->substr(name->find(':') + 1);
    options.connect.password.emplace(password.begin(), password.end());
    name->resize(name->find(':'));
  }
  return {};
}

Accepted warn_of_preset(ConnectionOptions& options) {
  const CloudService* service = options.typed.preset.service;
  if (service == nullptr) return {};
  for (const std::string& warning : connect_warnings(*service, options.connect, options.endpoint)) report(warning);
  if (const std::string missing = missing_login(options); !missing.empty()) {
    report(fmt::format("warning: --preset {}: {}", service->preset, missing));
  }
  options.advisor = std::make_shared<CloudAdvisor>(*service, [](const std::string& text) { report(text); });
  options.connect.advisor = options.advisor.get();
  return {};
}

}  // namespace mqtk::cli
