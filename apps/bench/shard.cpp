#include "bench/shard.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cstdlib>

#include "base/hex.hpp"
#include "base/sha1.hpp"

namespace mqtk::bench {
namespace {

using Number = std::optional<std::uint32_t>;

Number number_in(std::string_view text) {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number > 1'000'000) return std::nullopt;
  return number;
}

Number environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::nullopt : number_in(value);
}

// From 1. Slurm's arrays begin where the user says, and may step.
Number own_number() {
  if (const Number index = environment("JOB_COMPLETION_INDEX")) return *index + 1;
  if (const Number task = environment("SLURM_ARRAY_TASK_ID")) {
    const std::uint32_t first = environment("SLURM_ARRAY_TASK_MIN").value_or(0);
    const std::uint32_t step = std::max(environment("SLURM_ARRAY_TASK_STEP").value_or(1), 1U);
    return *task < first ? std::nullopt : Number{(*task - first) / step + 1};
  }
  return environment("PARALLEL_SEQ");
}

Number count_of_all() {
  if (const Number count = environment("MQTK_SHARDS")) return count;
  return environment("SLURM_ARRAY_TASK_COUNT");
}

}  // namespace

std::expected<LoadSlice, std::string> parse_shard(std::string_view text) {
  const std::size_t slash = text.find('/');
  const bool automatic = text.substr(0, slash) == "auto";
  const Number number = automatic ? own_number() : number_in(text.substr(0, slash));
  const Number count = slash == std::string_view::npos ? count_of_all() : number_in(text.substr(slash + 1));
  if (automatic && !number) {
    return std::unexpected("none of JOB_COMPLETION_INDEX, SLURM_ARRAY_TASK_ID and PARALLEL_SEQ is set; give I/N");
  }
  if (automatic && !count) {
    return std::unexpected("neither MQTK_SHARDS nor SLURM_ARRAY_TASK_COUNT is set; give auto/N");
  }
  if (!number || !count || *number < 1 || *count < 1 || *number > *count) {
    return std::unexpected(automatic && number && count
                               ? fmt::format("part {} of {} is none; is the number of parts right?", *number, *count)
                               : std::string{"not a part such as 1/4 to 4/4, or auto"});
  }
  return LoadSlice{.index = *number - 1, .count = *count};
}

RunIdentity identity_of_run(std::string_view text) {
  const auto hash = sha1(as_bytes(text));
  std::uint32_t first_stream = 0;
  for (const std::uint8_t byte : Bytes{hash}.last(4)) first_stream = first_stream << 8 | byte;
  return {.name = to_hex(Bytes{hash}.first(8)), .first_stream = first_stream};
}

std::optional<WallTime> parse_start(std::string_view text, WallTime now) {
  if (text != "next-minute") return parse_rfc3339(text);
  constexpr auto margin = std::chrono::seconds{5};  // for the parts that come later
  return std::chrono::ceil<std::chrono::minutes>(now + margin);
}

}  // namespace mqtk::bench
