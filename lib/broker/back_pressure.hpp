// Publishers wait while a client that their messages go to cannot keep up: nothing is read from them meanwhile.
//
// A client that others wait for is itself always read, since its acknowledgements may be what everybody waits for.
#pragma once

#include <cstdint>
#include <vector>

#include "base/time.hpp"
#include "broker/broker_options.hpp"
#include "codec/types.hpp"

namespace mqtk {

class BrokerConnection;
struct BrokerState;

class BackPressure {
 public:
  explicit BackPressure(BrokerState& state) : state_(state) {}

  // `publisher` sent a message of this QoS to `receiver`, which has more than enough already.
  void consider(BrokerConnection& publisher, BrokerConnection& receiver, QoS qos, TimePoint now);

  // `receiver` has caught up.
  void relieve(BrokerConnection& receiver, TimePoint now);

  // The connection ends, whatever part it played.
  void forget(BrokerConnection& connection, TimePoint now);

  // Publishers whose receiver takes nothing any more go on: to be called often while any wait.
  void release_impatient(TimePoint now);
  [[nodiscard]] bool any_wait() const { return !waits_.empty(); }

 private:
  struct Wait {
    BrokerConnection* publisher;
    BrokerConnection* receiver;
    QoS qos;
  };
  void release(std::size_t index, TimePoint now);
  [[nodiscard]] Duration patience(QoS qos) const;

  BrokerState& state_;
  std::vector<Wait> waits_;
};

}  // namespace mqtk
