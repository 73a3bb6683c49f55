// Connection strings of devices: what is taken makes a user name and a signature; errors are one line.
#include <string>

#include "cli/cloud_credentials.hpp"
#include "fuzz/expect.hpp"

using namespace mqtk;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto device = cli::parse_connection_string(as_text({data, size}));
  if (!device) {
    expect(!device.error().empty() && device.error().find('\n') == std::string::npos, "an error is one line");
    return 0;
  }
  expect(device->user_name().find_first_of(" \n") == std::string::npos, "a user name holds no blanks");
  const auto signature = cli::shared_access_signature(*device, std::chrono::sys_seconds{std::chrono::seconds{1}});
  expect(!signature || signature->ends_with("&se=1") || !device->key_name.empty(), "a signature names its end");
  return 0;
}
