// A JSON Pointer or condition, a line break, a payload: nothing crashes, and laying JSON out anew leaves it as it was.
#include <algorithm>
#include <cstdint>
#include <string_view>

#include "cli/json_view.hpp"
#include "expect.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mqtk::cli;
  const std::string_view input{reinterpret_cast<const char*>(data), size};
  const std::size_t end = std::min(input.find('\n'), input.size());
  const std::string_view pointer = input.substr(0, end);
  const std::string_view payload = input.substr(std::min(end + 1, input.size()));
  if (const auto condition = JsonCondition::parse(pointer)) (void)condition->holds(payload);
  if (!json_pointer_fault(pointer)) {
    if (const auto value = json_at(payload, pointer)) (void)json_plain(*value);
  }
  if (const auto indented = json_indented(payload))
    mqtk::expect(json_indented(*indented) == indented, "laid out twice it is the same");
  return 0;
}
