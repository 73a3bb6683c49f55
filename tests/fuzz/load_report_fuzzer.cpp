// A result file from anywhere: read, written again and read again it must say the same, also merged with itself.
#include "fuzz/expect.hpp"
#include "load/load_report.hpp"

using namespace mqtk;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  (void)json_facts(text);
  auto report = read_load_report(text);
  if (!report) return 0;
  const std::string written = to_json(*report);
  auto again = read_load_report(written);
  expect(again.has_value(), "what was written is read back");
  expect(to_json(*again) == written, "and says the same");
  std::vector<LoadReport> parts;
  parts.push_back(std::move(*report));
  parts.push_back(std::move(*again));
  (void)to_json(merge(std::move(parts)));
  return 0;
}
