// Statements of the specifications whose breach packets do not show for certain: no rule cites them, and this says why.
#pragma once

#include <span>
#include <string_view>

namespace mqtk::inspect {

struct UnseenStatements {
  std::string_view why;
  std::string_view v5;  // separated by spaces
  std::string_view v3_1_1;
};

// A statement that one version has here may be cited by a rule in the other.
[[nodiscard]] std::span<const UnseenStatements> unseen_statements();

}  // namespace mqtk::inspect
