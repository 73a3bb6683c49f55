// The requests that wait for answers, and which answer belongs to which.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/time.hpp"
#include "codec/packet.hpp"

namespace mqtk::request {

struct OpenRequest {
  TimePoint sent{};
  std::string key;  // what its answers repeat
  std::uint64_t answers = 0;
};

class OpenRequests {
 public:
  // `match_json`: the JSON Pointer to what answers repeat. Without it they repeat Correlation Data, or, where that
  // cannot be, any answer belongs to the oldest request.
  enum class Matching : std::uint8_t { correlation_data, json, oldest };
  explicit OpenRequests(std::string match_json = {}) : match_json_(std::move(match_json)) {}
  void match_by(Matching matching) { matching_ = matching; }

  // Numbers rise.
  void add(std::uint64_t number, OpenRequest request) {
    requests_.emplace_hint(requests_.end(), number, std::move(request));
  }
  void remove(std::uint64_t number) { requests_.erase(number); }
  [[nodiscard]] OpenRequest* find(std::uint64_t number);
  [[nodiscard]] std::size_t size() const { return requests_.size(); }
  [[nodiscard]] bool empty() const { return requests_.empty(); }
  // The one that was sent first.
  [[nodiscard]] std::pair<const std::uint64_t, OpenRequest>& oldest() { return *requests_.begin(); }

  // The number of the request that `answer` belongs to.
  [[nodiscard]] std::optional<std::uint64_t> belongs_to(const Publish& answer) const;

 private:
  [[nodiscard]] std::optional<std::uint64_t> with_key(std::string_view key) const;

  std::string match_json_;
  Matching matching_ = Matching::correlation_data;
  std::map<std::uint64_t, OpenRequest> requests_;
};

}  // namespace mqtk::request
