// The head of one HTTP/1.1 message: start line and fields, as WebSocket and proxies begin.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mqtk {

inline constexpr std::size_t max_http_head_bytes = 16 * 1024;

struct HttpHead {
  std::string start_line;
  std::vector<std::pair<std::string, std::string>> fields;  // values without blanks around them, in order

  // The value of the first field of this name, of any case; empty if there is none.
  [[nodiscard]] std::string_view field(std::string_view name) const;
  // Whether a field with a list of words has this one, of any case: "Connection: keep-alive, Upgrade".
  [[nodiscard]] bool has_word(std::string_view name, std::string_view word) const;
};

// The size of the head with its empty line at the front of `text`; nothing while that is incomplete.
[[nodiscard]] std::optional<std::size_t> http_head_size(std::string_view text);

// Reads a whole head. Nothing if a line of it is no HTTP: control characters, a field without name.
[[nodiscard]] std::optional<HttpHead> parse_http_head(std::string_view text);

// "HTTP/1.1 404 Not Found" has status 404; nothing if the line is no status line.
[[nodiscard]] std::optional<int> http_status(std::string_view start_line);

}  // namespace mqtk
