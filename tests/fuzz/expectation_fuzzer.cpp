// What a test expects, as JSON: the reader never fails but with one line, and what it took works.
#include <cstdint>
#include <cstdlib>

#include "broker/expectation.hpp"

using namespace mqtk;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto expectation = Expectation::parse(as_text({data, size}));
  if (!expectation) {
    if (expectation.error().empty()) std::abort();
    return 0;
  }
  Publish publish;
  publish.topic_name = "a/b";
  for (int i = 0; i < 3; ++i) expectation->on_message("client", publish);
  if (expectation->fulfilled() != expectation->complaints().empty()) std::abort();
  if (expectation->settled() && expectation->hopeless()) std::abort();
  return 0;
}
