// The names that writer and reader of a report share.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>

#include "load/load_report.hpp"

namespace mqtk::report_names {

inline constexpr std::uint64_t schema_version = 1;

inline constexpr std::array<std::pair<std::string_view, std::uint64_t LoadTraffic::*>, 3> traffic = {
    {{"sent", &LoadTraffic::sent}, {"acknowledged", &LoadTraffic::acknowledged}, {"received", &LoadTraffic::received}}};

// LoadCounts::traffic stands beside them.
inline constexpr std::array<std::pair<std::string_view, std::uint64_t LoadCounts::*>, 17> counts = {
    {{"clients", &LoadCounts::clients},
     {"subscriptions", &LoadCounts::subscriptions},
     {"connected", &LoadCounts::connected},
     {"reconnected", &LoadCounts::reconnected},
     {"subscribed", &LoadCounts::subscribed},
     {"sent_bytes", &LoadCounts::sent_bytes},
     {"received_bytes", &LoadCounts::received_bytes},
     {"unrouted", &LoadCounts::unrouted},
     {"unacknowledged", &LoadCounts::unacknowledged},
     {"expected", &LoadCounts::expected},
     {"arrived", &LoadCounts::arrived},
     {"lost", &LoadCounts::lost},
     {"retained", &LoadCounts::retained},
     {"duplicated", &LoadCounts::duplicated},
     {"out_of_order", &LoadCounts::out_of_order},
     {"undecided", &LoadCounts::undecided},
     {"foreign", &LoadCounts::foreign}}};

inline constexpr std::array<std::pair<std::string_view, Duration LoadResult::*>, 4> times = {
    {{"connecting_ns", &LoadResult::connecting_time},
     {"sending_ns", &LoadResult::sending_time},
     {"acknowledging_ns", &LoadResult::acknowledging_time},
     {"receiving_ns", &LoadResult::receiving_time}}};

}  // namespace mqtk::report_names
