// Who is to receive what: how many copies of a message on a topic the subscribers of a scenario should get.
//
// A Shared Subscription counts as one receiver, however many clients share it. A client whose own filters overlap
// counts for each of them.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "load/scenario.hpp"

namespace mqtk {

class Audience {
 public:
  Audience() = default;
  // `is_there(group, number)`: whether this client of the group has subscribed. Groups that answer or that join later
  // are not in it.
  Audience(const Scenario& scenario, const std::function<bool(std::uint32_t, std::uint32_t)>& is_there);

  [[nodiscard]] std::uint32_t copies(std::string_view topic) const;

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  using Counts = std::unordered_map<std::string, std::uint32_t, Hash, std::equal_to<>>;
  Counts exact_;
  Counts wildcards_;
};

// The filter that a client of the group subscribes to.
[[nodiscard]] std::string filter_of(const ClientGroup& group, const LoadSubscription& subscription,
                                    std::uint32_t number, TemplateValues values);

}  // namespace mqtk
