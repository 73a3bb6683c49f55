#include "cli/record_reader.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <array>
#include <string>
#include <vector>

using mqtk::cli::RecordReader;

namespace {

constexpr std::size_t plenty = 268'435'455;

// A pipe whose reading end a RecordReader gets.
struct Pipe {
  Pipe() { REQUIRE(::pipe(ends.data()) == 0); }
  ~Pipe() {
    ::close(ends[0]);
    end();
  }
  void write(std::string_view text) { REQUIRE(::write(ends[1], text.data(), text.size()) == std::ssize(text)); }
  void end() {
    if (ends[1] >= 0) ::close(ends[1]);
    ends[1] = -1;
  }
  std::array<int, 2> ends{};
};

// Everything up to the end; the pipe must hold it all and be ended.
std::vector<std::string> records(RecordReader& reader) {
  std::vector<std::string> all;
  for (;;) {
    switch (reader.next()) {
      case RecordReader::State::record:
        all.emplace_back(reader.record());
        reader.take();
        break;
      case RecordReader::State::need_data: reader.fill(); break;
      default: return all;
    }
  }
}

}  // namespace

TEST_CASE("lines come one by one without their newline, the last one also when it has none") {
  Pipe pipe;
  pipe.write("one\ntwo\r\n\nlast");
  pipe.end();
  RecordReader reader(pipe.ends[0], '\n', plenty);
  CHECK(records(reader) == std::vector<std::string>{"one", "two\r", "", "last"});
  CHECK(reader.next() == RecordReader::State::end);
  CHECK(reader.taken() == 4);
}

TEST_CASE("input that ends with a newline has no empty record behind it") {
  Pipe pipe;
  pipe.write("a\n");
  pipe.end();
  RecordReader reader(pipe.ends[0], '\n', plenty);
  CHECK(records(reader) == std::vector<std::string>{"a"});
}

TEST_CASE("empty input has no record at all") {
  Pipe pipe;
  pipe.end();
  RecordReader reader(pipe.ends[0], '\n', plenty);
  CHECK(records(reader).empty());
  CHECK(reader.next() == RecordReader::State::end);
}

TEST_CASE("NUL bytes are kept, and may part records instead") {
  const std::string with_null{"a\0b\nc\0d\n", 8};
  Pipe lines;
  lines.write(with_null);
  lines.end();
  RecordReader by_line(lines.ends[0], '\n', plenty);
  CHECK(records(by_line) == std::vector<std::string>{{"a\0b", 3}, {"c\0d", 3}});

  Pipe nulls;
  nulls.write(with_null);
  nulls.end();
  RecordReader by_null(nulls.ends[0], '\0', plenty);
  CHECK(records(by_null) == std::vector<std::string>{"a", "b\nc", "d\n"});
}

TEST_CASE("a record that is not taken is given again, also after more input was read") {
  Pipe pipe;
  pipe.write("one\ntwo\n");
  RecordReader reader(pipe.ends[0], '\n', plenty);
  reader.fill();
  REQUIRE(reader.next() == RecordReader::State::record);
  pipe.write("three\n");
  reader.fill();
  REQUIRE(reader.next() == RecordReader::State::record);
  CHECK(reader.record() == "one");
}

TEST_CASE("a line that arrives in pieces is one record") {
  Pipe pipe;
  RecordReader reader(pipe.ends[0], '\n', plenty);
  pipe.write("be");
  reader.fill();
  CHECK(reader.next() == RecordReader::State::need_data);
  pipe.write("gin\n");
  reader.fill();
  REQUIRE(reader.next() == RecordReader::State::record);
  CHECK(reader.record() == "begin");
}

TEST_CASE("a line that is longer than the block that is read at once comes whole") {
  char name[] = "/tmp/record_reader_XXXXXX";
  const int file = ::mkstemp(name);
  REQUIRE(file >= 0);
  ::unlink(name);
  const std::string longest(1'000'000, 'x');
  const std::string text = "first\n" + longest + "\nlast\n";
  REQUIRE(::write(file, text.data(), text.size()) == std::ssize(text));
  ::lseek(file, 0, SEEK_SET);
  RecordReader reader(file, '\n', plenty);
  CHECK(records(reader) == std::vector<std::string>{"first", longest, "last"});
  ::close(file);
}

TEST_CASE("a record that is longer than allowed is told, and what came before it is not lost") {
  Pipe pipe;
  pipe.write("ok\n123456789\nok\n");
  pipe.end();
  RecordReader reader(pipe.ends[0], '\n', 8);
  CHECK(records(reader) == std::vector<std::string>{"ok"});
  CHECK(reader.next() == RecordReader::State::too_long);
}

TEST_CASE("a descriptor that cannot be read is an error, not the end") {
  RecordReader reader(-1, '\n', plenty);
  reader.fill();
  CHECK(reader.next() == RecordReader::State::failed);
  CHECK(reader.error() == std::errc::bad_file_descriptor);
}
