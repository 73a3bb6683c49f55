// How the fuzzers of the codec read their input: a byte for version and sender, then the packet.
#pragma once

#include <cstdint>
#include <vector>

#include "codec/codec.hpp"

namespace mqtk {

inline constexpr Version fuzzed_versions[] = {Version::v5, Version::v3_1_1, Version::v3_1};

[[nodiscard]] inline CodecContext fuzzed_context(std::uint8_t byte) {
  return {fuzzed_versions[byte % 3], static_cast<Role>(byte / 3 % 3)};
}

// The input that makes a fuzzer read these bytes in this context.
[[nodiscard]] inline std::vector<std::uint8_t> fuzzer_input(CodecContext context, Bytes packet) {
  std::uint8_t byte = 0;
  while (fuzzed_context(byte).version != context.version || fuzzed_context(byte).sender != context.sender) ++byte;
  std::vector<std::uint8_t> input{byte};
  input.insert(input.end(), packet.begin(), packet.end());
  return input;
}

}  // namespace mqtk
