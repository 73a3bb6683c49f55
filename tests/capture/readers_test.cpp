// The readers of text recordings, and several recordings as one.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "capture/csv_reader.hpp"
#include "capture/jsonl_reader.hpp"
#include "capture/merged_reader.hpp"

using namespace mqtk;
using State = RecordingReader::State;

namespace {

// "topic=payload" for each message, "!" and the problem for damage.
std::vector<std::string> read(RecordingReader& reader) {
  std::vector<std::string> found;
  MessageRecord message;
  for (;;) {
    const State state = reader.next(message);
    if (state == State::end) return found;
    if (state == State::damaged) {
      found.push_back("!" + reader.problem());
    } else {
      found.push_back(std::string{message.topic} + "=" + std::string{as_text(message.payload)});
    }
  }
}

std::vector<std::string> read_csv(std::string_view text, CsvPayload payload = CsvPayload::text) {
  return read(*make_csv_reader(memory_stream(as_bytes(text)), payload));
}

std::vector<std::string> read_jsonl(std::string_view text) {
  return read(*make_jsonl_reader(memory_stream(as_bytes(text))));
}

using List = std::vector<std::string>;

}  // namespace

TEST_CASE("lines of JSON become messages, empty lines nothing, and a bad line costs only itself") {
  CHECK(read_jsonl("{\"topic\":\"a\",\"payload\":\"1\"}\n\n{\"topic\":\"b\"}\r\n{\"topic\":\"c\",\"payload_base64\":"
                   "\"Mg==\"}") ==
        List{"a=1", "!line 3: exactly one of \"payload\" and \"payload_base64\" is needed", "c=2"});
  CHECK(read_jsonl("{\"payload\":\"1\"}\n{\"topic\":\"a/#\",\"payload\":\"1\"}\n").size() == 2);
}

TEST_CASE("a last line that was cut is told as such") {
  const List found = read_jsonl("{\"topic\":\"a\",\"payload\":\"1\"}\n{\"topic\":\"b\",\"pay");
  REQUIRE(found.size() == 2);
  CHECK(found[1] == "!line 2 (the file ends in it): not a JSON object on one line");
}

TEST_CASE("lines longer than a block are put together") {
  const std::string payload(1'000'000, 'x');
  CHECK(read_jsonl("{\"topic\":\"a\",\"payload\":\"" + payload + "\"}\n") == List{"a=" + payload});
}

TEST_CASE("quoted CSV fields hold commas, quotes and line breaks of both kinds") {
  CHECK(read_csv("timestamp,topic,payload,qos,retain\n"
                 "2026-11-20T00:00:00.000Z,a,\"1,\"\"2\"\"\n3\r\n4\",0,false\n") == List{"a=1,\"2\"\n3\r\n4"});
}

TEST_CASE("both layouts of CSV are known by their first row") {
  CHECK(read_csv("a,x,0,False,1700000000.5,0.1\nb,y,2,True,1700000001,0.5\n") == List{"a=x", "b=y"});
  CHECK(read_csv("timestamp,topic,payload,qos,retain\n2026-11-20T00:00:00Z,a,b64:AP8=,1,true\n") ==
        List{std::string{"a=\0\xFF", 4}});
  CHECK(read_csv("a,eA==,0,False,1700000000.5,0.1\n", CsvPayload::base64) == List{"a=x"});
}

TEST_CASE("a header of CSV is no message in either layout, nor is the byte order mark of a spreadsheet") {
  CHECK(read_csv("topic,payload,qos,retain,time,delta\r\na,x,0,False,1700000000.5,0.1\r\n") == List{"a=x"});
  CHECK(read_csv("topic,payload,0,False,1700000000.5,0.1\n") == List{"topic=payload"});
  CHECK(read_csv("\xEF\xBB\xBFtimestamp,topic,payload,qos,retain\n2026-11-20T00:00:00Z,a,1,1,true\n") == List{"a=1"});
  CHECK(read_csv("\xEF\xBB\xBF"
                 "a,x,0,False,1700000000.5,0.1\n\xEF\xBB\xBF"
                 "b,y,0,False,1700000001,0\n") == List{"a=x",
                                                       "\xEF\xBB\xBF"
                                                       "b=y"});
}

TEST_CASE("what begins as MCAP or as a packet capture is no JSON, and told once") {
  const List mcap = read_jsonl(std::string_view{"\x89MCAP0\r\n\x01\x00\n{\"topic\":\"a\",\"payload\":\"1\"}\n", 39});
  REQUIRE(mcap.size() == 1);
  CHECK(mcap[0].starts_with("!this is an MCAP file"));
  for (const std::string_view head : {"\xD4\xC3\xB2\xA1\x02\n\n", "\n\r\r\nx\n\n"}) {
    const List found = read_jsonl(head);
    REQUIRE(found.size() == 1);
    CHECK(found[0].starts_with("!this is a packet capture"));
  }
}

TEST_CASE("a sixth column of CSV under the header names the client") {
  const std::string_view text = "timestamp,topic,payload,qos,retain,client\n2023-11-14T22:13:20Z,a,1,0,false,me\n";
  auto reader = make_csv_reader(memory_stream(as_bytes(text)));
  MessageRecord message;
  REQUIRE(reader->next(message) == State::message);
  CHECK(message.client == "me");
}

TEST_CASE("the seconds of CSV keep their decimals") {
  auto reader = make_csv_reader(memory_stream(as_bytes("a,x,0,False,1700000000.123456789,0\n")));
  MessageRecord message;
  REQUIRE(reader->next(message) == State::message);
  CHECK(rfc3339(*message.time) == "2023-11-14T22:13:20.123456789Z");
}

TEST_CASE("a bad CSV row names its line and what is wrong") {
  CHECK(read_csv("timestamp,topic,payload,qos,retain\n2026,a,b,0,false\n") == List{"!line 2: '2026' is no time"});
  CHECK(read_csv("a,x,3,False,1700000000,0\n") == List{"!line 1: the QoS is none of 0, 1 and 2"});
  CHECK(read_csv("a,x,0,maybe,1700000000,0\n") == List{"!line 1: the retain flag is neither true nor false"});
  CHECK(read_csv("a,\"x\n") == List{"!line 1: a quoted field has no end"});
  CHECK(read_csv("a,b\n") == List{"!line 1: 2 fields instead of 6"});
}

TEST_CASE("several recordings come in the order of their times, each in its own order") {
  const auto named = [](std::string name, std::string_view text) {
    return NamedReader{std::move(name), make_csv_reader(memory_stream(as_bytes(text)))};
  };
  std::vector<NamedReader> readers;
  readers.push_back(named("1", "a,1,0,False,10,0\na,2,0,False,12,0\na,3,0,False,11,0\n"));
  readers.push_back(named("2", "b,1,0,False,10,0\nb,2,0,False,11.5,0\nbad\n"));
  MergedReader merged{std::move(readers)};
  CHECK(read(merged) == List{"a=1", "b=1", "b=2", "!2: line 3: 1 fields instead of 6", "a=2", "a=3"});
}
