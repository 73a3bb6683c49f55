#include "request/open_requests.hpp"

#include <algorithm>

#include "cli/json_view.hpp"

namespace mqtk::request {

OpenRequest* OpenRequests::find(std::uint64_t number) {
  const auto found = requests_.find(number);
  return found == requests_.end() ? nullptr : &found->second;
}

std::optional<std::uint64_t> OpenRequests::with_key(std::string_view key) const {
  const auto found =
      std::ranges::find(requests_, key, [](const auto& entry) { return std::string_view{entry.second.key}; });
  if (found == requests_.end()) return std::nullopt;
  return found->first;
}

std::optional<std::uint64_t> OpenRequests::belongs_to(const Publish& answer) const {
  switch (matching_) {
    case Matching::correlation_data: {
      const auto data = answer.properties.text(PropertyId::correlation_data);
      return data ? with_key(*data) : std::nullopt;
    }
    case Matching::json: {
      const auto value = cli::json_at(as_text(answer.payload), match_json_);
      return value ? with_key(cli::json_plain(*value)) : std::nullopt;
    }
    case Matching::oldest: break;
  }
  if (requests_.empty()) return std::nullopt;
  return requests_.begin()->first;
}

}  // namespace mqtk::request
