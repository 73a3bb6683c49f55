// OpenSSL's libraries, loaded when TLS is first used: most runs of the programs need none, and loading them takes
// longer than all that `mqtk pub` does for one message. Private to lib/net.
#pragma once

namespace mqtk {

// Comes before any call of OpenSSL. False if the libraries are not there.
[[nodiscard]] bool load_openssl();

}  // namespace mqtk
