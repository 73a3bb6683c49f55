// How sub and request print a message: the options, and the bytes for standard output.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/time.hpp"
#include "cli/message_template.hpp"
#include "cli/option_table.hpp"
#include "cli/output.hpp"
#include "cli/payload_decoding.hpp"
#include "codec/packet.hpp"

namespace mqtk::cli {

struct MessageFormat {
  enum class Form : std::uint8_t { payload, topic_and_payload, json, by_template };
  enum class Payload : std::uint8_t { as_it_is, hex, base64, pretty };

  Form form = Form::payload;
  Payload payload = Payload::as_it_is;
  std::optional<MessageTemplate> message_template;  // for Form::by_template
  bool payload_json = false;                        // for Form::json
  bool newline = true;
  ColorChoice color = ColorChoice::automatic;
};

// --hex and --base64 are for programs whose input does not have them already.
enum class PayloadOptions : std::uint8_t { all, without_encodings };

// Adds the group Output.
void add_message_format_options(OptionTable& table, MessageFormat& format,
                                PayloadOptions payload_options = PayloadOptions::all);
[[nodiscard]] Accepted check_message_format(const MessageFormat& format);

class MessagePrinter {
 public:
  explicit MessagePrinter(const MessageFormat& format) : format_(format), color_(use_color(format.color)) {}

  // Whether append() looks at its time: reading the clock for each of a million messages costs.
  [[nodiscard]] bool needs_time() const {
    return format_.form == MessageFormat::Form::json || format_.form == MessageFormat::Form::by_template;
  }

  void append(std::string& out, const Publish& message, WallTime received_at);

 private:
  void append_topic(std::string& out, std::string_view topic) const;
  void append_payload(std::string& out, const Publish& message);

  const MessageFormat& format_;
  bool color_;
  PayloadDecoder decoder_;
};

}  // namespace mqtk::cli
