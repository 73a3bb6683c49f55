// --watch: what is known of each topic, and the picture of it that fits a terminal.
//
// Knows no terminal: keys come in, a picture goes out, time is an argument.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "codec/packet.hpp"

namespace mqtk::sub {

class WatchTable {
 public:
  struct Size {
    unsigned columns = 80;
    unsigned rows = 24;
  };

  // `title` stands in the first line: where the messages come from.
  explicit WatchTable(std::string title) : title_(std::move(title)) {}

  void take(const Publish& message, TimePoint now);
  // What is said of the connection; empty while all is well.
  void set_notice(std::string notice) { notice_ = std::move(notice); }

  // Bytes from the keyboard, one by one; escape sequences are put together here. False: the user wants to leave.
  [[nodiscard]] bool press(char key);

  // The lines of the picture, each as wide as its text and at most `size.columns` columns; the second one is to be
  // shown inverse.
  [[nodiscard]] std::vector<std::string> lines(Size size, TimePoint now);

  [[nodiscard]] std::size_t topics() const { return rows_.size(); }

 private:
  // Who sends ever new topics shall not fill the memory.
  static constexpr std::size_t most_topics = 100'000;
  static constexpr std::size_t longest_value_bytes = 500;

  enum class Column : std::uint8_t { topic, value, age, rate, count, retained };
  enum class Order : std::uint8_t { rising, falling };

  struct Row {
    std::string value;
    TimePoint came{};
    double rate = 0;  // messages per second at `came`, older ones counting ever less
    std::uint64_t count = 0;
    bool retained = false;     // the broker keeps a message
    bool age_unknown = false;  // the latest message lay at the broker before
  };
  using Entry = std::map<std::string, Row, std::less<>>::value_type;

  [[nodiscard]] std::vector<const Entry*> visible(TimePoint now) const;
  [[nodiscard]] bool is_before(const Entry& one, const Entry& other, TimePoint now) const;
  [[nodiscard]] bool passes_filter(std::string_view topic) const;
  [[nodiscard]] std::string heading(unsigned columns, TimePoint now, std::size_t shown) const;
  [[nodiscard]] std::string column_names(unsigned topic_width, unsigned value_width) const;
  [[nodiscard]] std::string footer() const;
  void sort_by(Column column);
  void edit_filter(char key);
  void scroll(char last);
  void command(char key);

  std::string title_;
  std::string notice_;
  std::map<std::string, Row, std::less<>> rows_;
  std::uint64_t left_out_ = 0;  // messages of topics beyond the limit
  Column sorted_by_ = Column::topic;
  Order order_ = Order::rising;
  std::string filter_;
  bool editing_ = false;
  std::string escape_;  // an escape sequence that has begun
  std::size_t first_ = 0;
  std::size_t page_ = 1;
  bool paused_ = false;
  std::vector<std::string> frozen_;
};

}  // namespace mqtk::sub
