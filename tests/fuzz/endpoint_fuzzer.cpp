// An endpoint that was read is printed as text that reads as the same endpoint; errors are one line.
#include "net/endpoint.hpp"

#include "base/bytes.hpp"
#include "fuzz/expect.hpp"

using namespace mqtk;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto endpoint = parse_endpoint(as_text({data, size}));
  if (!endpoint) {
    expect(!endpoint.error().empty(), "an error says something");
    expect(endpoint.error().find('\n') == std::string::npos, "an error is one line");
    return 0;
  }
  const auto again = parse_endpoint(to_text(*endpoint, Credentials::shown));
  expect(again.has_value(), "what is printed can be read");
  expect(*again == *endpoint, "what is printed reads as the same endpoint");
  const auto bare = parse_endpoint(to_text(*endpoint));
  expect(bare.has_value() && !bare->user_name && !bare->password, "credentials are left out");
  return 0;
}
