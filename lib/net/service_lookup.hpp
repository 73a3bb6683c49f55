// Where a service is: DNS SRV records (RFC 2782), without blocking the loop. Private to lib/net.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include "base/bytes.hpp"
#include "net/endpoint.hpp"

namespace mqtk {

class Loop;

struct Service {
  std::string host;
  std::uint16_t port = 0;
  std::uint16_t priority = 0;  // lower ones are tried first
  std::uint16_t weight = 0;    // among equals, the share of attempts

  friend bool operator==(const Service&, const Service&) = default;
};

using Services = std::expected<std::vector<Service>, std::error_code>;  // not empty, in the order to be tried

// "_mqtt._tcp.example.org", "_secure-mqtt._tcp.example.org"
[[nodiscard]] std::string service_name(const Endpoint& endpoint);

// The SRV records in an answer of a name server, in the order in which they stand there.
[[nodiscard]] Services read_service_answer(Bytes message);

// By priority, and among equals by chance according to weight; `random` gives numbers from 0 to its argument.
void order_services(std::vector<Service>& services, const std::function<std::uint32_t(std::uint32_t)>& random);

// Destroying it cancels.
class ServiceLookup {
 public:
  // `done` is called from the loop, once; it may destroy this.
  ServiceLookup(Loop& loop, const std::string& name, std::function<void(const Services&)> done);
  ServiceLookup(const ServiceLookup&) = delete;
  ServiceLookup& operator=(const ServiceLookup&) = delete;
  ~ServiceLookup();

 private:
  struct Mailbox;
  std::shared_ptr<Mailbox> mailbox_;
};

}  // namespace mqtk
