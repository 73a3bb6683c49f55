#include "net/name_lookup.hpp"

#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <tuple>
#include <utility>

#include "net/loop.hpp"
#include "net/net_error.hpp"

namespace mqtk {
namespace {

using Key = std::tuple<Loop*, std::string, AddressFamily>;

int system_family(AddressFamily family) {
  if (family == AddressFamily::ipv4) return AF_INET;
  return family == AddressFamily::ipv6 ? AF_INET6 : AF_UNSPEC;
}

std::error_code lookup_error(int error) {
  switch (error) {
    case EAI_SYSTEM: return {errno, std::system_category()};
    case EAI_MEMORY: return make_error_code(std::errc::not_enough_memory);
    case EAI_AGAIN:
    case EAI_FAIL: return NetFault::name_lookup_failed;
    default: return NetFault::unknown_host;  // the names for it differ between systems: NONAME, NODATA, ADDRFAMILY
  }
}

Addresses ask_system(const std::string& host, AddressFamily family, int flags) {
  addrinfo wanted{};
  wanted.ai_family = system_family(family);
  wanted.ai_socktype = SOCK_STREAM;
  wanted.ai_flags = flags;
  addrinfo* found = nullptr;
  if (const int error = ::getaddrinfo(host.c_str(), nullptr, &wanted, &found); error != 0) {
    return std::unexpected(lookup_error(error));
  }
  std::vector<SocketAddress> addresses;
  for (const addrinfo* info = found; info != nullptr; info = info->ai_next) {
    sockaddr_storage system{};
    std::memcpy(&system, info->ai_addr, std::min<std::size_t>(info->ai_addrlen, sizeof system));
    addresses.push_back(SocketAddress::from_system(system));
  }
  ::freeaddrinfo(found);
  if (addresses.empty()) return std::unexpected(make_error_code(NetFault::unknown_host));
  return addresses;
}

// `name` is `last`, or its last label is.
bool ends_with_label(std::string_view name, std::string_view last) {
  if (!name.empty() && name.back() == '.') name.remove_suffix(1);
  const auto same = [](char a, char b) { return a == (b >= 'A' && b <= 'Z' ? b + 32 : b); };
  if (name.size() < last.size() || !std::ranges::equal(last, name.substr(name.size() - last.size()), same))
    return false;
  return name.size() == last.size() || name[name.size() - last.size() - 1] == '.';
}

std::vector<SocketAddress> loopback_addresses(AddressFamily family) {
  SocketAddress ipv6{.family = SocketAddress::Family::ipv6};
  ipv6.bytes[15] = 1;
  const SocketAddress ipv4{.bytes = {127, 0, 0, 1}};
  if (family == AddressFamily::ipv4) return {ipv4};
  if (family == AddressFamily::ipv6) return {ipv6};
  return {ipv6, ipv4};
}

// What the lookup's thread and the loop share. The loop may be gone before the answer comes.
struct Mailbox {
  std::mutex mutex;
  Loop* loop;                       // guarded by mutex; null: nobody waits
  std::optional<Addresses> answer;  // guarded by mutex
};

}  // namespace

class NameLookup::Shared : public std::enable_shared_from_this<Shared> {
 public:
  static std::shared_ptr<Shared> join(const Key& key, NameLookup& waiting) {
    std::weak_ptr<Shared>& running = running_lookups()[key];
    std::shared_ptr<Shared> shared = running.lock();
    if (shared == nullptr) {
      shared = std::make_shared<Shared>(key);
      running = shared;
      shared->start();
    }
    shared->waiting_.push_back(&waiting);
    return shared;
  }

  explicit Shared(const Key& key) : key_(key), mailbox_(std::make_shared<Mailbox>()) {
    mailbox_->loop = std::get<Loop*>(key);
  }

  ~Shared() {
    const std::lock_guard lock(mailbox_->mutex);
    mailbox_->loop = nullptr;
    if (const auto running = running_lookups().find(key_);
        running != running_lookups().end() && running->second.expired()) {
      running_lookups().erase(running);
    }
  }

  void leave(NameLookup& waiting) { std::ranges::replace(waiting_, &waiting, nullptr); }

 private:
  static std::map<Key, std::weak_ptr<Shared>>& running_lookups() {
    thread_local std::map<Key, std::weak_ptr<Shared>> running;
    return running;
  }

  void start() {
    const auto& [loop, host, family] = key_;
    try {
      std::thread(look_up, mailbox_, weak_from_this(), host, family).detach();
    } catch (const std::system_error& error) {
      mailbox_->answer = std::unexpected(error.code());
      loop->post([self = weak_from_this()] { deliver(self); });
    }
  }

  static void look_up(const std::shared_ptr<Mailbox>& mailbox, const std::weak_ptr<Shared>& shared,
                      const std::string& host, AddressFamily family) {
    Addresses answer = ask_system(host, family, 0);
    const std::lock_guard lock(mailbox->mutex);
    mailbox->answer = std::move(answer);
    if (mailbox->loop != nullptr) mailbox->loop->post([shared] { deliver(shared); });
  }

  static void deliver(const std::weak_ptr<Shared>& weak) {
    const std::shared_ptr<Shared> shared = weak.lock();
    if (shared == nullptr) return;
    // Who asks from here on gets a lookup of its own.
    running_lookups().erase(shared->key_);
    Addresses answer;
    {
      const std::lock_guard lock(shared->mailbox_->mutex);
      answer = std::move(*shared->mailbox_->answer);
    }
    // By index and looked up anew: a callback may end any of the waiting.
    for (std::size_t i = 0; i < shared->waiting_.size(); ++i) {
      if (NameLookup* waiting = std::exchange(shared->waiting_[i], nullptr)) {
        const auto done = std::exchange(waiting->done_, {});
        done(answer);
      }
    }
  }

  Key key_;
  std::shared_ptr<Mailbox> mailbox_;
  std::vector<NameLookup*> waiting_;  // null: cancelled or served
};

std::unique_ptr<Addresses> known_addresses(const std::string& host, AddressFamily family) {
  if (ends_with_label(host, "localhost")) return std::make_unique<Addresses>(loopback_addresses(family));
  if (ends_with_label(host, "invalid")) {
    return std::make_unique<Addresses>(std::unexpected(make_error_code(NetFault::unknown_host)));
  }
  // An address of the other family is known not to fit.
  if (Addresses any = ask_system(host, AddressFamily::any, AI_NUMERICHOST)) {
    return std::make_unique<Addresses>(ask_system(host, family, AI_NUMERICHOST));
  }
  return nullptr;
}

Addresses look_up_blocking(const std::string& host, AddressFamily family) {
  if (const auto known = known_addresses(host, family)) return *known;
  return ask_system(host, family, 0);
}

NameLookup::NameLookup(Loop& loop, const std::string& host, AddressFamily family,
                       std::function<void(const Addresses&)> done)
    : shared_(Shared::join({&loop, host, family}, *this)), done_(std::move(done)) {}

NameLookup::~NameLookup() { shared_->leave(*this); }

}  // namespace mqtk
