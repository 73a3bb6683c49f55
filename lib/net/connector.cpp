#include "net/connector.hpp"

#include <fmt/format.h>

#include <optional>
#include <utility>
#include <vector>

#include "net/address_race.hpp"
#include "net/handshake_fault.hpp"
#include "net/loop.hpp"
#include "net/name_lookup.hpp"
#include "net/proxy_connection.hpp"
#include "net/service_lookup.hpp"
#include "net/timer.hpp"
#include "net/tls_connection.hpp"
#include "net/tls_fault.hpp"
#include "net/websocket_connection.hpp"

namespace mqtk {
namespace {

std::vector<std::string> texts_of(const std::vector<SocketAddress>& addresses) {
  std::vector<std::string> texts;
  for (const SocketAddress& address : addresses) texts.push_back(address.host_text());
  return texts;
}

}  // namespace

class Connector::Attempt final : NetworkConnectionListener {
 public:
  Attempt(Connector& connector, Endpoint endpoint, const ConnectorOptions& options, Done done)
      : connector_(connector),
        loop_(connector.loop_),
        endpoint_(std::move(endpoint)),
        options_(options),
        done_(std::move(done)),
        timer_(loop_, [this] { on_timer(); }),
        next_target_(loop_, [this] { ask_for_next_target(); }) {}

  void begin() {
    if (!options_.bind_address.empty()) {
      const auto local = known_addresses(options_.bind_address, AddressFamily::any);
      if (local == nullptr || !*local) {
        return fail_soon({fmt::format("connecting from {}", options_.bind_address),
                          make_error_code(std::errc::address_not_available)});
      }
      local_addresses_ = **local;
    }
    timer_.arm(loop_.time_after(options_.time_limit));
    if (endpoint_.transport == Transport::unix_socket) {
      race_.emplace(loop_, endpoint_.path, [this](auto result) { on_connected(std::move(result)); });
      return;
    }
    if (options_.transport.service_lookup) return look_service_up();
    begin_with_host();
  }

 private:
  // --- name and address ----------------------------------------------------------------------------------------------

  void look_service_up() {
    doing_ = fmt::format("looking up the service {}", service_name(endpoint_));
    services_.emplace(loop_, service_name(endpoint_), [this](const Services& services) {
      if (!services) return fail_soon({doing_, services.error()});
      service_list_ = *services;
      take_next_service();
    });
  }

  // The services come in the order in which they are to be tried.
  void take_next_service() {
    const Service service = service_list_[next_service_++];
    endpoint_.host = service.host;
    endpoint_.port = service.port;
    begin_with_host();
  }

  void begin_with_host() {
    const auto& proxy = options_.transport.proxy;
    target_host_ = endpoint_.host;
    if (proxy && proxy->kind == ProxyOptions::Kind::socks5) {
      return look_up(endpoint_.host, [this](const std::vector<SocketAddress>& addresses) {
        targets_ = texts_of(addresses);
        ask_for_next_target();
      });
    }
    if (proxy) return reach(proxy->host, proxy->port);
    reach(endpoint_.host, endpoint_.port);
  }

  // The proxy may reach another address of the broker than the first, as where it speaks no IPv6.
  void ask_for_next_target() {
    failing_ = false;
    layer_.reset();
    stage_ = Stage::address;
    target_host_ = targets_.front();
    targets_.erase(targets_.begin());
    reach(options_.transport.proxy->host, options_.transport.proxy->port);
  }

  void look_up(const std::string& host, std::function<void(const std::vector<SocketAddress>&)> then) {
    doing_ = fmt::format("looking up {}", host);
    const auto take = [this, then = std::move(then)](const Addresses& addresses) {
      if (!addresses) return give_up({doing_, addresses.error()});
      if (options_.observer != nullptr) options_.observer->on_looked_up(texts_of(*addresses));
      then(*addresses);
    };
    if (const auto known = known_addresses(host, options_.family)) return take(*known);
    lookup_.emplace(loop_, host, options_.family, take);
  }

  void reach(const std::string& host, std::uint16_t port) {
    look_up(host, [this, what = short_text({.host = host, .port = port}), port](std::vector<SocketAddress> addresses) {
      for (SocketAddress& address : addresses) address.port = port;
      race_.emplace(loop_, what, std::move(addresses), local_addresses_,
                    [this](auto result) { on_connected(std::move(result)); });
    });
  }

  void on_connected(std::expected<std::unique_ptr<TcpConnection>, NetError> result) {
    if (!result) return give_up(std::move(result.error()));
    race_.reset();
    connection_ = std::move(*result);
    if (options_.observer != nullptr) options_.observer->on_connected(connection_->peer_address());
    begin_layer();
  }

  // --- layers --------------------------------------------------------------------------------------------------------

  void begin_layer() {
    const Transport transport = endpoint_.transport;
    if (options_.transport.proxy && stage_ < Stage::proxy && transport != Transport::unix_socket) {
      stage_ = Stage::proxy;
      doing_ = "connecting through the proxy";
      layer_ = std::make_unique<ProxyConnection>(std::move(connection_), *options_.transport.proxy, target_host_,
                                                 endpoint_.port);
    } else if (speaks_tls(transport) && stage_ < Stage::tls) {
      if (!begin_tls()) return;
    } else if (speaks_websocket(transport) && stage_ < Stage::websocket) {
      stage_ = Stage::websocket;
      doing_ = fmt::format("WebSocket handshake with {}", short_text(endpoint_));
      const bool usual = endpoint_.port == default_port(transport);
      Endpoint named = endpoint_;
      std::string host = short_text(named);
      if (usual) host.resize(host.rfind(':'));
      layer_ = WebSocketConnection::for_client(
          loop_, std::move(connection_),
          {.host = host, .path = resource(endpoint_), .headers = options_.transport.websocket_headers});
    } else {
      return finish(std::move(connection_));
    }
    layer_->start(*this);
    go_on();
  }

  bool begin_tls() {
    stage_ = Stage::tls;
    doing_ = fmt::format("TLS handshake with {}", endpoint_.host);
    auto context = options_.transport.tls;
    if (context == nullptr) {
      auto made = TlsContext::for_client({});
      if (!made) {
        fail_soon({doing_, TlsFault::not_available});
        return false;
      }
      context = std::move(*made);
    }
    layer_ =
        TlsConnection::for_client(loop_, std::move(context), std::move(connection_), endpoint_.host, endpoint_.port);
    return true;
  }

  void on_readable() override { go_on(); }
  void on_writable() override { go_on(); }

  void go_on() {
    if (failing_) return;
    auto done = layer_->shake_hands();
    if (!done && done.error().code == HandshakeFault::proxy_refused && !targets_.empty()) {
      failure_ = std::move(done.error());
      failing_ = true;
      return next_target_.arm(loop_.now());
    }
    if (!done) return fail_soon(std::move(done.error()));
    if (!*done) return;
    tell_layer_done();
    layer_->await_start();
    connection_ = std::move(layer_);
    begin_layer();
  }

  void tell_layer_done() {
    if (options_.observer == nullptr) return;
    if (stage_ == Stage::proxy) options_.observer->on_proxy_passed();
    if (stage_ == Stage::tls && layer_->tls_facts() != nullptr) options_.observer->on_tls(*layer_->tls_facts());
    if (stage_ == Stage::websocket) options_.observer->on_websocket();
  }

  // --- the end -------------------------------------------------------------------------------------------------------

  void on_timer() {
    if (failing_) return finish(std::unexpected(*failure_));
    if (race_) return finish(std::unexpected(race_->overdue()));
    finish(std::unexpected(NetError{doing_, NetFault::timed_out}));
  }

  // A service may be at other hosts, too.
  void give_up(NetError failure) {
    race_.reset();
    if (next_service_ < service_list_.size()) return take_next_service();
    fail_soon(std::move(failure));
  }

  // From the Loop, since connect() may still be running.
  void fail_soon(NetError failure) {
    failure_ = std::move(failure);
    failing_ = true;
    timer_.arm(loop_.now());
  }

  void finish(std::expected<std::unique_ptr<NetworkConnection>, NetError> result) {
    // This attempt ends before the callback, which may begin the next one or destroy the Connector.
    const auto self = std::move(connector_.attempt_);
    const Done done = std::move(done_);
    done(std::move(result));
  }

  enum class Stage : std::uint8_t { address, proxy, tls, websocket };

  Connector& connector_;
  Loop& loop_;
  Endpoint endpoint_;
  ConnectorOptions options_;
  Done done_;
  Timer timer_;  // the time limit, or a failure waiting to be told
  std::string doing_;
  std::optional<ServiceLookup> services_;
  std::vector<Service> service_list_;
  std::size_t next_service_ = 0;
  std::optional<NameLookup> lookup_;
  std::string target_host_;           // that a proxy is asked for
  std::vector<std::string> targets_;  // that it can be asked for next
  Timer next_target_;
  std::vector<SocketAddress> local_addresses_;
  std::optional<AddressRace> race_;
  Stage stage_ = Stage::address;
  std::unique_ptr<NetworkConnection> connection_;  // between two layers
  std::unique_ptr<LayeredConnection> layer_;       // that is shaking hands
  std::optional<NetError> failure_;
  bool failing_ = false;
};

Connector::Connector(Loop& loop) : loop_(loop) {}

Connector::~Connector() = default;

void Connector::connect(const Endpoint& endpoint, const ConnectorOptions& options, Done done) {
  attempt_ = std::make_unique<Attempt>(*this, endpoint, options, std::move(done));
  attempt_->begin();
}

void Connector::cancel() { attempt_.reset(); }

}  // namespace mqtk
