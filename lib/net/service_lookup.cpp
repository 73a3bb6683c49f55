#include "net/service_lookup.hpp"

#include <arpa/nameser.h>
#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>

#include <algorithm>
#include <array>
#include <mutex>
#include <random>
#include <thread>
#include <utility>

#include "net/loop.hpp"
#include "net/net_error.hpp"

namespace mqtk {
namespace {

constexpr std::size_t header_bytes = 12;
constexpr std::size_t record_fixed_bytes = 10;  // type, class, time to live, length
constexpr unsigned type_srv = 33;

unsigned number(Bytes message, std::size_t at) { return static_cast<unsigned>(message[at]) << 8U | message[at + 1]; }

// The size of a name in the message, compressed or not; nothing if it runs out of it.
std::optional<std::size_t> name_size(Bytes message, std::size_t at) {
  const std::size_t begin = at;
  while (at < message.size()) {
    const std::uint8_t length = message[at];
    if ((length & 0xC0U) == 0xC0U) return at + 2 <= message.size() ? std::optional(at + 2 - begin) : std::nullopt;
    if (length == 0) return at + 1 - begin;
    at += 1U + length;
  }
  return std::nullopt;
}

// A name as text; pointers only lead back, so this ends.
std::optional<std::string> name_text(Bytes message, std::size_t at) {
  std::string name;
  std::size_t limit = message.size();
  while (at < limit && name.size() <= 255) {
    const std::uint8_t length = message[at];
    if ((length & 0xC0U) == 0xC0U) {
      if (at + 1 >= message.size()) return std::nullopt;
      const std::size_t target = number(message, at) & 0x3FFFU;
      if (target >= at || target >= limit) return std::nullopt;
      limit = at;
      at = target;
      continue;
    }
    if (length == 0) return name;
    if (length > 63 || at + 1 + length > message.size()) return std::nullopt;
    if (!name.empty()) name += '.';
    name += as_text(message.subspan(at + 1, length));
    at += 1U + length;
  }
  return std::nullopt;
}

Services ask_system(const std::string& name) {
  std::array<std::uint8_t, 16 * 1024> answer;
  const int size = ::res_query(name.c_str(), ns_c_in, type_srv, answer.data(), static_cast<int>(answer.size()));
  if (size < 0) {
    const bool unknown = h_errno == HOST_NOT_FOUND || h_errno == NO_DATA;
    return std::unexpected(make_error_code(unknown ? NetFault::no_such_service : NetFault::name_lookup_failed));
  }
  auto services = read_service_answer(Bytes(answer).first(std::min(answer.size(), static_cast<std::size_t>(size))));
  if (!services) return services;
  std::random_device random;
  order_services(*services,
                 [&](std::uint32_t most) { return std::uniform_int_distribution<std::uint32_t>(0, most)(random); });
  return services;
}

}  // namespace

std::string service_name(const Endpoint& endpoint) {
  const bool secure = speaks_tls(endpoint.transport);
  return (secure ? "_secure-mqtt._tcp." : "_mqtt._tcp.") + endpoint.host;
}

Services read_service_answer(Bytes message) {
  const auto damaged = std::unexpected(make_error_code(NetFault::name_lookup_failed));
  if (message.size() < header_bytes) return damaged;
  std::size_t at = header_bytes;
  for (unsigned questions = number(message, 4); questions > 0; --questions) {
    const auto size = name_size(message, at);
    if (!size) return damaged;
    at += *size + 4;
  }
  std::vector<Service> services;
  for (unsigned answers = number(message, 6); answers > 0; --answers) {
    const auto size = at < message.size() ? name_size(message, at) : std::nullopt;
    if (!size || at + *size + record_fixed_bytes > message.size()) return damaged;
    at += *size;
    const unsigned type = number(message, at);
    const std::size_t length = number(message, at + 8);
    at += record_fixed_bytes;
    if (at + length > message.size()) return damaged;
    if (type == type_srv && length > 6) {
      const auto host = name_text(message, at + 6);
      if (!host) return damaged;
      // A single dot as host says that there is no such service.
      if (!host->empty()) {
        services.push_back({.host = *host,
                            .port = static_cast<std::uint16_t>(number(message, at + 4)),
                            .priority = static_cast<std::uint16_t>(number(message, at)),
                            .weight = static_cast<std::uint16_t>(number(message, at + 2))});
      }
    }
    at += length;
  }
  if (services.empty()) return std::unexpected(make_error_code(NetFault::no_such_service));
  return services;
}

void order_services(std::vector<Service>& services, const std::function<std::uint32_t(std::uint32_t)>& random) {
  const auto key = [](const Service& one) { return std::pair(one.priority, one.weight != 0); };
  std::ranges::stable_sort(services, {}, key);
  for (auto first = services.begin(); first != services.end(); ++first) {
    const auto equals_end =
        std::find_if(first, services.end(), [&](const Service& one) { return one.priority != first->priority; });
    std::uint32_t sum = 0;
    for (auto one = first; one != equals_end; ++one) sum += one->weight;
    std::uint32_t chosen = random(sum);
    for (auto one = first; one != equals_end; ++one) {
      if (chosen <= one->weight) {
        std::rotate(first, one, one + 1);
        break;
      }
      chosen -= one->weight;
    }
  }
}

// What the lookup's thread and the loop share. The loop may be gone before the answer comes.
struct ServiceLookup::Mailbox {
  std::mutex mutex;
  Loop* loop;                                 // guarded by mutex; null: nobody waits
  std::function<void(const Services&)> done;  // only used in the loop's thread
};

ServiceLookup::ServiceLookup(Loop& loop, const std::string& name, std::function<void(const Services&)> done)
    : mailbox_(std::make_shared<Mailbox>()) {
  mailbox_->loop = &loop;
  mailbox_->done = std::move(done);
  const auto deliver = [](const std::shared_ptr<Mailbox>& mailbox, const Services& services) {
    const std::lock_guard lock(mailbox->mutex);
    if (mailbox->loop == nullptr) return;
    mailbox->loop->post([weak = std::weak_ptr(mailbox), services] {
      const auto waiting = weak.lock();
      if (waiting == nullptr) return;
      const auto call = std::exchange(waiting->done, {});
      if (call) call(services);
    });
  };
  try {
    std::thread([deliver, mailbox = mailbox_, name] { deliver(mailbox, ask_system(name)); }).detach();
  } catch (const std::system_error& error) {
    deliver(mailbox_, std::unexpected(error.code()));
  }
}

ServiceLookup::~ServiceLookup() {
  const std::lock_guard lock(mailbox_->mutex);
  mailbox_->loop = nullptr;
  mailbox_->done = {};
}

}  // namespace mqtk
