// Home Assistant's MQTT discovery: what is wrong with the documents that devices leave at the broker.
//
// A document lies at PREFIX/COMPONENT/[NODE/]OBJECT/config and describes one entity, or at PREFIX/device/ID/config and
// describes a device with all its entities. Members may be abbreviated, and ~ stands for a common beginning of topics.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace mqtk::retained {

class DiscoveryLint {
 public:
  enum class Severity : std::uint8_t { warning, error };
  struct Problem {
    Severity severity;
    std::string topic;  // of the document
    std::string text;
  };

  explicit DiscoveryLint(std::string prefix) : prefix_(std::move(prefix)) {}

  // Whether `topic` is where a document lies.
  [[nodiscard]] bool is_document(std::string_view topic) const;
  // A document that the broker keeps.
  void check(std::string_view topic, std::string_view payload);
  // A document that was published without RETAIN.
  void not_retained(std::string_view topic);
  // Nothing was heard at one of state_topics().
  void is_silent(const std::string& state_topic);

  // Where the entities expect their state and availability, and the first document that says so.
  [[nodiscard]] const std::map<std::string, std::string>& state_topics() const { return state_topics_; }
  [[nodiscard]] const std::vector<Problem>& problems() const { return problems_; }
  [[nodiscard]] std::size_t documents() const { return documents_; }

 private:
  class Document;

  std::string prefix_;
  std::map<std::string, std::string> state_topics_;
  std::map<std::string, std::string> unique_ids_;  // "sensor/ID", and the document that has it
  std::vector<Problem> problems_;
  std::size_t documents_ = 0;
};

}  // namespace mqtk::retained
