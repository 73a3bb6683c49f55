// Where pub and request take their messages from: the options, and what reads the input.
#pragma once

#include <cstdint>
#include <expected>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "cli/option_table.hpp"
#include "cli/payload_encoding.hpp"
#include "codec/packet.hpp"
#include "session/application_message.hpp"

namespace mqtk::cli {

struct MessageInput {
  enum class Source : std::uint8_t { none, text, empty, files, whole_input, lines, json_lines };
  static constexpr std::uint64_t forever = std::numeric_limits<std::uint64_t>::max();

  Source source = Source::none;
  std::string text;                // for Source::text
  std::vector<std::string> files;  // for Source::files
  char delimiter = '\n';           // for Source::lines
  bool topic_from_line = false;
  bool lines_are_topics = false;         // each line is the topic of a message without payload
  std::optional<std::string> separator;  // behind the topic of a line; a space if not said
  std::optional<std::uint64_t> chunk_bytes;
  PayloadEncoding encoding = PayloadEncoding::none;
  std::uint64_t repeat = 1;  // the whole input, so many times

  // Messages come one after the other out of a stream that may be longer than memory.
  [[nodiscard]] bool is_stream() const {
    return source == Source::lines || source == Source::json_lines || chunk_bytes.has_value();
  }
  // The messages say where they go.
  [[nodiscard]] bool has_topics() const { return topic_from_line || lines_are_topics || source == Source::json_lines; }
};

// -m, -f, -n, -s, -l and what goes with them. The current group of `table` is theirs.
void add_message_input_options(OptionTable& table, MessageInput& input);

// Whether the options of add_message_input_options go together.
[[nodiscard]] Accepted check_message_input(const MessageInput& input);

class MessageSource {
 public:
  enum class State : std::uint8_t {
    message,     // fill() knows the next one
    need_input,  // nothing to read at the moment: wait until descriptor() can be read
    end,
    failed,  // error() says why; nothing more comes
  };

  virtual ~MessageSource() = default;

  // Looks at the next message, reading where something can be read without waiting; the same one until take().
  [[nodiscard]] virtual State next() = 0;
  // Sets the payload, and what else the message says of itself; the views last until take().
  virtual void fill(Publish& message) = 0;
  virtual void take() = 0;

  // A large file is not read by fill(): its payload has this size, 0 for all others, and goes to where it is wanted.
  [[nodiscard]] virtual std::size_t long_payload_bytes() const { return 0; }
  // Once for each such message. What went wrong is a line for the user.
  [[nodiscard]] virtual std::expected<void, std::string> read_long_payload(MutableBytes to) {
    (void)to;
    return {};
  }

  [[nodiscard]] virtual int descriptor() const { return -1; }
  [[nodiscard]] virtual std::string error() const { return {}; }
  [[nodiscard]] virtual ExitStatus error_status() const { return ExitStatus::malformed_input; }
  // "line 17: " for errors about the next message; empty where there is only one.
  [[nodiscard]] virtual std::string position() const { return {}; }
};

// `message` with the long payload that is next in `source`, in the memory of one copy. What went wrong is a line for
// the user.
[[nodiscard]] std::expected<ApplicationMessage, std::string> read_long_message(MessageSource& source,
                                                                               const Publish& message, TimePoint now);

enum class LongPayload : std::uint8_t {
  filled,    // fill() sets every payload
  deferred,  // the caller asks long_payload_bytes()
};

// Reads files and all of standard input at once, streams bit by bit; the error is a line for the user.
[[nodiscard]] std::expected<std::unique_ptr<MessageSource>, std::string> open_source(
    const MessageInput& input, LongPayload long_payload = LongPayload::filled);

}  // namespace mqtk::cli
