// Scenarios from outside: JSON with its templates and the CSV file that it names.
//
// The input is the JSON text, and behind the first zero byte the CSV file. What is accepted must fill its templates in
// without growing, and its schedule must end.
#include <algorithm>
#include <cmath>
#include <string>

#include "base/bytes.hpp"
#include "fuzz/expect.hpp"
#include "load/audience.hpp"
#include "load/scenario_file.hpp"

using namespace mqtk;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input = as_text({data, size});
  const std::size_t end = std::min(input.find('\0'), input.size());
  const std::string csv{input.substr(std::min(end + 1, input.size()))};
  const auto file = parse_scenario(input.substr(0, end), {}, [&](const std::string& name) {
    return name.empty() ? std::expected<std::string, std::string>{std::unexpect, "no name"} : csv;
  });
  if (!file) {
    expect(!file.error().empty(), "a refusal says why");
    return 0;
  }
  const Scenario& scenario = file->scenario;
  expect(scenario.measured_from() <= scenario.length(), "measuring begins within the run");
  const RateCurve curve = scenario.rate_curve();
  expect(std::isinf(curve.when_done(curve.whole_work() * 2 + 1)), "a schedule ends");
  std::uint64_t random = 1;
  for (const ClientGroup& group : scenario.groups) {
    const TemplateValues values{
        .number = group.count - 1, .client = 7, .message = 9, .random = &random, .table = &scenario.table};
    expect(group.topic.text(values).size() <= group.topic.source().size() * (csv.size() + 30), "texts stay bounded");
    for (const LoadSubscription& subscription : group.subscriptions) {
      expect(!filter_of(group, subscription, 0, values).empty(), "no filter is empty");
    }
  }
  if (scenario.clients() > 1000) return 0;
  const Audience audience{scenario, [](std::uint32_t, std::uint32_t) { return true; }};
  expect(audience.copies("a/b") <= scenario.clients() * input.size(), "a filter counts once for each client");
  return 0;
}
