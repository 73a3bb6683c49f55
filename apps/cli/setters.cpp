#include "cli/setters.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <charconv>

#include "cli/output.hpp"

namespace mqtk::cli {

namespace {

std::expected<Duration, std::string> duration(std::string_view text) {
  const auto parsed = parse_duration(text);
  if (!parsed) return std::unexpected("not a duration such as 500ms, 1.5s, 2m or a number of seconds");
  return *parsed;
}

}  // namespace

std::expected<std::uint64_t, std::string> parse_number(std::string_view text, std::uint64_t least, std::uint64_t most) {
  std::uint64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, number);
  if (text.empty() || error != std::errc{} || at != end || number < least || number > most) {
    if (most == std::numeric_limits<std::uint64_t>::max()) {
      return std::unexpected(fmt::format("not a whole number of {} or more", least));
    }
    return std::unexpected(fmt::format("not a whole number from {} to {}", least, most));
  }
  return number;
}

Setter store(std::string& target) {
  return [&target](std::string_view text) -> Accepted {
    target = text;
    return {};
  };
}

Setter store(std::optional<std::string>& target) {
  return [&target](std::string_view text) -> Accepted {
    target = text;
    return {};
  };
}

Setter append(std::vector<std::string>& target) {
  return [&target](std::string_view text) -> Accepted {
    target.emplace_back(text);
    return {};
  };
}

Setter set_true(bool& target) {
  return [&target](std::string_view) -> Accepted {
    target = true;
    return {};
  };
}

Setter set_false(bool& target) {
  return [&target](std::string_view) -> Accepted {
    target = false;
    return {};
  };
}

Setter count(int& target) {
  return [&target](std::string_view) -> Accepted {
    ++target;
    return {};
  };
}

Setter store(QoS& target) {
  return store_choice<QoS>(target, {{"0", QoS::at_most_once}, {"1", QoS::at_least_once}, {"2", QoS::exactly_once}});
}

Setter store(Version& target) {
  return [&target](std::string_view text) -> Accepted {
    for (const std::string_view prefix : {"mqttv", "mqtt", "v"}) {
      if (text.starts_with(prefix)) {
        text.remove_prefix(prefix.size());
        break;
      }
    }
    if (text == "5" || text == "5.0" || text == "50") {
      target = Version::v5;
    } else if (text == "3.1.1" || text == "311" || text == "4") {
      target = Version::v3_1_1;
    } else if (text == "3.1" || text == "31" || text == "3") {
      target = Version::v3_1;
    } else {
      return std::unexpected("not a version of MQTT; give 5, 3.1.1 or 3.1");
    }
    return {};
  };
}

Setter store(Duration& target) { return store_parsed(target, duration); }

Setter store(std::optional<Duration>& target) { return store_parsed(target, duration); }

Setter silence() {
  return [](std::string_view) -> Accepted {
    set_quiet(Quiet::yes);
    return {};
  };
}

std::string not_one_of(const std::vector<std::string>& choices) {
  return fmt::format("not one of {}", fmt::join(choices, ", "));
}

}  // namespace mqtk::cli
