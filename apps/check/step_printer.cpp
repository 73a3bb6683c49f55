#include "check/step_printer.hpp"

#include <fmt/format.h>

#include "base/append_format.hpp"
#include "base/json_text.hpp"
#include "base/quoted_text.hpp"

namespace mqtk::check {
namespace {

std::string_view word(StepPrinter::Outcome outcome) {
  switch (outcome) {
    case StepPrinter::Outcome::passed: return "ok";
    case StepPrinter::Outcome::failed: return "FAILED";
    case StepPrinter::Outcome::note: return "note";
  }
  return "";
}

// Texts hold what the broker sent: names of certificates, its reasons.
std::string safe(std::string_view text) {
  std::string quoted;
  if (is_readable(as_bytes(text)) && !text.contains('\n')) return std::string(text);
  append_quoted(quoted, as_bytes(text));
  return quoted;
}

}  // namespace

void StepPrinter::print(std::string_view name, Outcome outcome, Duration took, std::string_view text) {
  const double milliseconds = std::chrono::duration<double, std::milli>(took).count();
  const std::string clean = safe(text);
  if (form_ == Form::text) {
    append_format(output_.buffer(), "{:<6} {:<17} {:>9.3f} ms  {}\n", word(outcome), name, milliseconds, clean);
  } else {
    std::string& line = output_.buffer();
    line += "{\"step\":";
    append_json_string(line, name);
    line += fmt::format(",\"outcome\":\"{}\",\"milliseconds\":{:.3f},\"text\":",
                        outcome == Outcome::failed ? "failed" : word(outcome), milliseconds);
    append_json_string(line, clean);
    line += "}\n";
  }
  output_.flush();
}

}  // namespace mqtk::check
