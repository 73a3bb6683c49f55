#include "load/side_client.hpp"

#include <string>
#include <utility>
#include <vector>

#include "base/bytes.hpp"

namespace mqtk {
namespace {

// Of a client that ends with its connection.
PropertyWriter without_session_expiry(const PropertyWriter& properties) {
  PropertyWriter kept;
  for (const Property& property : properties.block()) {
    if (property.id != PropertyId::session_expiry_interval) kept.add(property);
  }
  return kept;
}

void stay_beside(ConnectOptions& options) {
  options.client_identifier.clear();
  options.will.reset();
  options.clean_start = true;
  options.properties = without_session_expiry(options.properties);
  options.connect_observer = nullptr;
}

}  // namespace

ConnectOptions side_client_options(const Scenario& scenario, LoadSlice process, WallTime now) {
  TemplateValues values{.number = process.index, .time = now, .table = &scenario.table};
  auto group = scenario.groups.begin();
  for (; group != scenario.groups.end() && process.share(group->count) == 0; ++group) values.client += group->count;
  if (group == scenario.groups.end()) {
    // More parts than clients: this one has none.
    group = scenario.groups.begin();
    values.number = values.client = 0;
  }
  values.client += values.number;
  std::uint64_t random = scenario.seed;
  values.random = &random;

  ConnectOptions options = group->connect;
  stay_beside(options);
  if (options.user_name) options.user_name = TextTemplate::credential(*options.user_name, scenario.table).text(values);
  if (options.password) {
    const std::string filled = TextTemplate::credential(as_text(*options.password), scenario.table).text(values);
    options.password.emplace(filled.begin(), filled.end());
  }
  const auto& sources = scenario.source_addresses;
  if (!sources.empty()) options.bind_address = sources[values.client % sources.size()];
  return options;
}

}  // namespace mqtk
