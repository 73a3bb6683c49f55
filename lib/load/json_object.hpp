// Writes JSON by hand: objects member by member, lists element by element.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "base/json_text.hpp"
#include "base/time.hpp"

namespace mqtk {

// Closed when it dies.
class JsonObject {
 public:
  explicit JsonObject(std::string& out) : out_(out) { out_ += '{'; }
  JsonObject(const JsonObject&) = delete;
  JsonObject& operator=(const JsonObject&) = delete;
  ~JsonObject() { out_ += '}'; }

  // Where the value is to be appended.
  std::string& key(std::string_view name) {
    if (out_.back() != '{') out_ += ',';
    append_json_string(out_, name);
    out_ += ':';
    return out_;
  }
  void text(std::string_view name, std::string_view value) { append_json_string(key(name), value); }
  void number(std::string_view name, std::uint64_t value) { key(name) += std::to_string(value); }
  void number(std::string_view name, Duration value) { key(name) += std::to_string(value.count()); }
  void real(std::string_view name, double value) { key(name) += fmt::format("{}", value); }
  void flag(std::string_view name, bool value) { key(name) += value ? "true" : "false"; }

 private:
  std::string& out_;
};

template <class List, class Write>
void write_json_list(std::string& out, const List& list, Write write) {
  out += '[';
  for (const auto& element : list) {
    if (out.back() != '[') out += ',';
    write(element);
  }
  out += ']';
}

}  // namespace mqtk
