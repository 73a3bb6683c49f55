#include "sub/message_printer.hpp"

#include "capture/ndjson.hpp"

namespace mqtk::sub {

void MessagePrinter::append(std::string& out, const Publish& message, WallTime received_at) const {
  switch (options_.format) {
    case Options::Format::json:
      append_message_json(out, MessageRecord::from(message, received_at),
                          options_.payload_json ? PayloadJson::beside : PayloadJson::left_out);
      return;
    case Options::Format::topic_and_payload:
      out += message.topic_name;
      out += ' ';
      out += as_text(message.payload);
      break;
    case Options::Format::payload: out += as_text(message.payload); break;
    case Options::Format::by_template: options_.message_template->append(out, message, received_at); break;
  }
  if (options_.newline) out += '\n';
}

}  // namespace mqtk::sub
