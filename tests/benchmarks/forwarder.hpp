// The floor for a broker with one message in flight: what a client "pubN" sends goes to the client "subN" as it is.
// Only CONNECT and SUBSCRIBE are looked at and answered.
#pragma once

namespace mqtk::benchmark {

// Serves 127.0.0.1:port and does not return.
void forward_bytes(int port);

}  // namespace mqtk::benchmark
