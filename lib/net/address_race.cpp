#include "net/address_race.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "net/loop.hpp"
#include "net/readiness.hpp"
#include "net/socket.hpp"

namespace mqtk {
namespace {

// RFC 8305 section 8, Connection Attempt Delay.
constexpr Duration head_start = std::chrono::milliseconds{250};

// The families in turn, beginning with that of the first address; otherwise in their order.
std::vector<SocketAddress> interleaved(const std::vector<SocketAddress>& addresses) {
  std::vector<SocketAddress> first;
  std::vector<SocketAddress> second;
  for (const SocketAddress& address : addresses) {
    (address.family == addresses.front().family ? first : second).push_back(address);
  }
  std::vector<SocketAddress> result;
  for (std::size_t i = 0; i < std::max(first.size(), second.size()); ++i) {
    if (i < first.size()) result.push_back(first[i]);
    if (i < second.size()) result.push_back(second[i]);
  }
  return result;
}

}  // namespace

// One socket that is being connected.
class AddressRace::Entrant final : Watched {
 public:
  Entrant(AddressRace& race, FileDescriptor opened, const SocketAddress* to)
      : socket(std::move(opened)), address(to), race_(race) {}
  ~Entrant() {
    if (socket.is_open()) race_.loop_.readiness().forget(socket.number(), *this);
  }

  std::error_code watch() { return race_.loop_.readiness().watch(socket.number(), {.write = true}, *this); }

  FileDescriptor socket;
  const SocketAddress* address;  // in the race's list; null for a Unix socket

 private:
  void on_fd_readable() override {}
  void on_fd_writable() override {
    if (const std::error_code error = pending_error(socket)) return race_.failed(*this, error);
    race_.won(*this);
  }

  AddressRace& race_;
};

AddressRace::AddressRace(Loop& loop, std::string what, const std::vector<SocketAddress>& addresses,
                         std::vector<SocketAddress> local, Done done)
    : loop_(loop),
      what_(std::move(what)),
      addresses_(interleaved(addresses)),
      local_(std::move(local)),
      done_(std::move(done)),
      timer_(loop, [this] { enter_next(); }) {
  timer_.arm(loop.now());
}

AddressRace::AddressRace(Loop& loop, std::string path, Done done)
    : loop_(loop), what_(std::move(path)), done_(std::move(done)), timer_(loop, [this] { enter_next(); }) {
  auto socket = open_unix_socket();
  const std::error_code error = socket ? start_connecting(*socket, what_) : socket.error();
  if (error) {
    note(nullptr, error);
    timer_.arm(loop.now());
    return;
  }
  entrants_.push_back(std::make_unique<Entrant>(*this, std::move(*socket), nullptr));
  if (const std::error_code unwatched = entrants_.front()->watch()) {
    entrants_.clear();
    note(nullptr, unwatched);
    timer_.arm(loop.now());
  }
}

AddressRace::~AddressRace() = default;

void AddressRace::enter_next() {
  while (next_ < addresses_.size()) {
    const SocketAddress& address = addresses_[next_++];
    auto socket = start(address);
    if (!socket) {
      note(&address, socket.error());
      continue;
    }
    auto entrant = std::make_unique<Entrant>(*this, std::move(*socket), &address);
    if (const std::error_code error = entrant->watch()) {
      note(&address, error);
      continue;
    }
    entrants_.push_back(std::move(entrant));
    if (next_ < addresses_.size()) timer_.arm(loop_.now() + head_start);
    return;
  }
  if (entrants_.empty()) finish(std::unexpected(*failure_));
}

std::expected<FileDescriptor, std::error_code> AddressRace::start(const SocketAddress& address) const {
  auto socket = open_tcp_socket(address);
  if (!socket) return socket;
  if (!local_.empty()) {
    const auto local = std::ranges::find(local_, address.family, &SocketAddress::family);
    if (local == local_.end()) return std::unexpected(make_error_code(std::errc::address_family_not_supported));
    if (const std::error_code error = bind_socket(*socket, *local)) return std::unexpected(error);
  }
  if (const std::error_code error = start_connecting(*socket, address)) return std::unexpected(error);
  return socket;
}

void AddressRace::failed(Entrant& entrant, std::error_code error) {
  note(entrant.address, error);
  std::erase_if(entrants_, [&](const auto& one) { return one.get() == &entrant; });
  timer_.cancel();
  enter_next();
}

void AddressRace::won(Entrant& entrant) {
  const SocketAddress peer =
      entrant.address == nullptr ? SocketAddress{.family = SocketAddress::Family::local} : *entrant.address;
  auto connection =
      TcpConnection::adopt(loop_.readiness(), std::move(entrant.socket), peer, TcpConnection::Watching::hand_over);
  if (!connection) return failed(entrant, connection.error());
  finish(std::move(*connection));
}

// Of several failures the one is told that says most: any other one over "unreachable", and that over an address that
// was not tried because none of the local ones is of its family.
void AddressRace::note(const SocketAddress* address, std::error_code error) {
  const auto says = [](std::error_code code) {
    const NetFailure failure = failure_of(code);
    return failure == NetFailure::unsupported ? 0 : failure == NetFailure::unreachable ? 1 : 2;
  };
  const bool says_little = says(error) < 2;
  if (failure_ && says_little && says(error) <= says(failure_->code)) return;
  failure_ = error_at(address, error);
}

NetError AddressRace::error_at(const SocketAddress* address, std::error_code error) const {
  const std::string host = address == nullptr ? "" : address->host_text();
  const bool says_address = host.empty() || what_.starts_with(host + ':') || what_.starts_with('[' + host + ']');
  return {says_address ? fmt::format("connecting to {}", what_) : fmt::format("connecting to {} ({})", what_, host),
          error};
}

NetError AddressRace::overdue() const {
  if (!entrants_.empty()) return error_at(entrants_.front()->address, NetFault::timed_out);
  return failure_.value_or(error_at(nullptr, NetFault::timed_out));
}

void AddressRace::finish(std::expected<std::unique_ptr<TcpConnection>, NetError> result) {
  // The callback may destroy this.
  const Done done = std::move(done_);
  done(std::move(result));
}

}  // namespace mqtk
