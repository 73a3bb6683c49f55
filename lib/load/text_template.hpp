// Text with places that each client or each message fills in: topics, client identifiers, user names, payloads.
//
//   {i}              number of the client in its group, from 0
//   {client}         number of the client among all clients of the scenario
//   {n}              number of the message of this client, from 0
//   {time}           milliseconds since 1970-01-01; {time:rfc3339} as 2026-11-20T23:56:54.123456789Z
//   {random}         a number below 1,000,000,000; {random:100} below 100; {random:20-30} from 20 to 30
//   {client:COLUMN}  from the row of the client in the CSV file; {row:COLUMN} from the row of the message
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "load/value_table.hpp"

namespace mqtk {

struct TemplateValues {
  std::uint32_t number = 0;   // {i}
  std::uint32_t client = 0;   // {client}
  std::uint64_t message = 0;  // {n}
  WallTime time{};
  std::uint64_t* random = nullptr;  // state of next_random(); not null if varies() or a template may say {random}
  const ValueTable* table = nullptr;
};

class TextTemplate {
 public:
  // What other text in braces is: a JSON template is full of it, in a topic it is a mistake.
  // A payload that begins as JSON is taken for it: columns within its quotes are escaped as its strings need it.
  enum class Braces : std::uint8_t { are_text, are_text_or_json, are_places };

  TextTemplate() = default;
  // `table` gives the columns that may be named. The text says what is wrong.
  [[nodiscard]] static std::expected<TextTemplate, std::string> parse(std::string_view text, Braces braces,
                                                                      const ValueTable* table = nullptr);

  // Of a client identifier, user name, password or Will topic in a scenario that has been checked; a password may hold
  // braces.
  [[nodiscard]] static TextTemplate credential(std::string_view text, const ValueTable& table);

  void append_to(std::string& out, const TemplateValues& values) const;
  [[nodiscard]] std::string text(const TemplateValues& values) const;

  [[nodiscard]] const std::string& source() const { return source_; }
  [[nodiscard]] bool empty() const { return source_.empty(); }
  // Differs from message to message of one client.
  [[nodiscard]] bool varies() const { return varies_; }
  // Differs between the clients of a group, and for {random} most likely.
  [[nodiscard]] bool differs_by_client() const;

 private:
  enum class Kind : std::uint8_t { text, number, client, message, time, rfc3339, random, client_column, row_column };
  struct Part {
    Kind kind = Kind::text;
    std::string text = {};
    std::uint64_t low = 0;   // of random
    std::uint64_t span = 0;  // of random: how many values
    std::size_t column = 0;
    bool in_json_string = false;
  };
  static std::expected<bool, std::string> parse_place(std::string_view place, const ValueTable* table, Part& part);

  std::string source_;
  std::vector<Part> parts_;
  bool varies_ = false;
};

}  // namespace mqtk
