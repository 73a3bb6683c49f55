// Three clients of one broker do what they like; it must survive that, and be empty again when they are gone.
//
// Input: records of two bytes, what to do and a number N, some with N bytes behind them. Bits 0 and 1 of the first byte
// choose the client, bits 2 to 4 what it does: 0 to 3 send the N bytes that follow, 4 lets N tenths of a second pass,
// 5 vanishes, 6 comes back (N chooses the CONNECT), 7 takes no more than N times 16 bytes from now on.
#include <cstdint>
#include <cstdlib>

#include "broker/memory_broker.hpp"
#include "broker/wire.hpp"

using namespace mqtk;

namespace {

BrokerOptions narrow_limits() {
  BrokerOptions options = MemoryBroker::plain_options();
  options.limits.maximum_packet_size = 2000;
  options.limits.receive_maximum = 4;
  options.limits.topic_alias_maximum = 2;
  options.max_in_flight = 3;
  options.max_subscriptions_per_client = 6;
  options.max_topic_levels = 6;
  options.max_queued_messages = 8;
  options.max_queued_bytes = 2000;
  options.output_high_water_bytes = 500;
  options.max_output_bytes = 1500;
  options.max_retained_messages = 4;
  options.system_topics_interval = std::chrono::seconds{3};
  return options;
}

class Clients {
 public:
  void act(std::size_t who, unsigned action, unsigned number, std::string_view bytes) {
    std::shared_ptr<Wire>& wire = wires_[who];
    switch (action) {
      case 4: return broker_.advance(std::chrono::milliseconds{100} * number);
      case 5: wire->client_gone = true; break;
      case 6:
        wire->client_gone = true;
        broker_.settle();
        wire = broker_.new_wire();
        wire->to_broker = hello(who, number);
        break;
      case 7: wire->room = number * 16; break;
      default: wire->to_broker += bytes;
    }
    broker_.settle();
    for (const auto& each : wires_) each->to_client.clear();
    if (broker_.core.counters().clients_connected > std::size(wires_)) std::abort();
  }

  void end() {
    for (const auto& wire : wires_) wire->client_gone = true;
    broker_.advance(std::chrono::seconds{20});
    if (broker_.core.connections() != 0 || broker_.core.counters().clients_connected != 0) std::abort();
  }

 private:
  static std::string hello(std::size_t who, unsigned number) {
    const std::string id(1, static_cast<char>('a' + (number & 1U ? who : 0U)));
    const std::string expiry = number & 2U ? wire::hex("11 00 00 00 05") : std::string{};
    const std::string receive_maximum = number & 4U ? wire::hex("21 00 02") : std::string{};
    wire::Connect connect{.id = id, .clean = (number & 8U) == 0, .keep_alive = number & 16U ? 3U : 0U};
    if (number & 32U) connect.will = wire::Will{.topic = "w", .payload = "x", .qos = 1, .retain = true};
    if (number & 64U) {
      connect.version = 4;
    } else {
      connect.properties = expiry + receive_maximum;
    }
    return number & 128U ? std::string{} : wire::connect(connect);
  }

  MemoryBroker broker_{narrow_limits()};
  std::shared_ptr<Wire> wires_[3] = {broker_.new_wire(), broker_.new_wire(), broker_.new_wire()};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest{reinterpret_cast<const char*>(data), std::min<std::size_t>(size, 4096)};
  Clients clients;
  while (rest.size() >= 2) {
    const auto what = static_cast<unsigned char>(rest[0]);
    const auto number = static_cast<unsigned char>(rest[1]);
    rest.remove_prefix(2);
    const unsigned action = (what >> 2U) & 7U;
    const std::string_view bytes = action < 4 ? rest.substr(0, number) : std::string_view{};
    rest.remove_prefix(bytes.size());
    clients.act(what % 3U, action, number, bytes);
  }
  clients.end();
  return 0;
}
