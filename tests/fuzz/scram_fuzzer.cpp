// SCRAM messages of the other side: nobody gets in, nobody is trusted, and errors are one line.
#include "net/scram.hpp"

#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "fuzz/expect.hpp"

using namespace mqtk;

namespace {

const ScramVerifier& verifier() {
  static const auto made = ScramVerifier::make(HashKind::sha256, "pencil", as_bytes("salt"), 4096);
  return *made;
}

ScramServer server() {
  return {[](std::string_view) { return std::optional(verifier()); }, "server"};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(as_text({data, size}));
  const std::string first = text.substr(0, text.find('\n'));
  const std::string second = text.substr(std::min(first.size() + 1, text.size()));

  ScramServer one = server();
  if (const auto answer = one.first_message(first)) {
    expect(answer->starts_with("r="), "the server's message begins with the nonce");
    expect(!one.user_name().empty(), "a user has a name");
    expect(!one.final_message(second).has_value(), "a made-up proof is refused");
  }
  // A slow PBKDF2 teaches nothing.
  const std::size_t iterations = first.rfind(",i=");
  const bool slow = iterations != std::string::npos && first.size() > iterations + std::string_view(",i=9999").size();
  ScramClient client(HashKind::sha256, "user", "pencil", "client");
  if (slow) return 0;
  const auto answer = client.final_message(first);
  if (!answer) expect(answer.error().find('\n') == std::string::npos, "an error is one line");
  expect(!client.finish(second).has_value(), "a made-up signature is not trusted");
  return 0;
}
