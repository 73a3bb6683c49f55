// Where the payloads come from, one after the other.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "pub/options.hpp"

namespace mqtk::pub {

class MessageSource {
 public:
  enum class State : std::uint8_t {
    message,     // payload() holds the next one
    need_input,  // nothing to read at the moment: wait until descriptor() can be read
    end,
    failed,  // error() says why; nothing more comes
  };

  virtual ~MessageSource() = default;

  // Looks at the next message, reading where something can be read without waiting; the same one until take().
  [[nodiscard]] virtual State next() = 0;
  [[nodiscard]] virtual Bytes payload() const = 0;
  virtual void take() = 0;

  [[nodiscard]] virtual int descriptor() const { return -1; }
  [[nodiscard]] virtual std::string error() const { return {}; }
  // "line 17: " for errors about the next message; empty where there is only one.
  [[nodiscard]] virtual std::string position() const { return {}; }
};

// Reads files and all of standard input at once; the error is a line for the user.
[[nodiscard]] std::expected<std::unique_ptr<MessageSource>, std::string> open_source(const Options& options);

}  // namespace mqtk::pub
