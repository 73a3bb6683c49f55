// MCAP files: their bytes against the published format, and what comes back out of whole, cut and damaged ones.
#include <doctest/doctest.h>

#include "base/hex.hpp"
#include "capture/compression.hpp"
#include "capture/mcap_format.hpp"
#include "capture/mcap_read_back.hpp"
#include "capture/mcap_writer.hpp"
#include "capture/ndjson.hpp"

using namespace mqtk;
using State = RecordingReader::State;

namespace {

using Buffer = std::vector<std::uint8_t>;

void take_output(McapWriter& writer, Buffer& file) {
  file.insert(file.end(), writer.output().begin(), writer.output().end());
  writer.output_written();
}

void finish(McapWriter& writer, Buffer& file) {
  bool done = false;
  while (!done) {
    done = writer.finish();
    take_output(writer, file);
  }
}

WallTime at_second(std::int64_t second) { return WallTime{std::chrono::seconds{second}}; }

MessageRecord text_message(std::string_view topic, std::string_view payload, std::int64_t second) {
  return {.time = at_second(second), .topic = topic, .payload = as_bytes(payload)};
}

// `count` messages, `in_chunk` of them in each chunk, one a second.
Buffer file_of(int count, int in_chunk, McapOptions options = {}) {
  McapWriter writer{std::move(options)};
  Buffer file;
  for (int i = 0; i < count; ++i) {
    writer.append(text_message(i % 2 == 0 ? "even" : "odd", std::to_string(i), i));
    if (i % in_chunk == in_chunk - 1) writer.close_chunk();
    take_output(writer, file);
  }
  finish(writer, file);
  return file;
}

std::string as_json(const MessageRecord& message) {
  std::string text;
  append_message_json(text, message);
  return text;
}

}  // namespace

TEST_CASE("the bytes of a recording are those of the published format") {
  McapWriter writer{{.library = "me", .zstd_level = std::nullopt}};
  Buffer file;
  take_output(writer, file);
  CHECK(to_hex(file) ==
        // magic; header: profile "mqtt", library "me"; metadata "mqtt" with one pair
        "894d434150300d0a"
        "01"
        "0e00000000000000"
        "04000000"
        "6d717474"
        "02000000"
        "6d65"
        "0c"
        "1c00000000000000"
        "04000000"
        "6d717474"
        "10000000"
        "07000000"
        "6d617070696e67"
        "01000000"
        "31");
  file.clear();
  writer.append(
      {.time = WallTime{Duration{0x0102}}, .topic = "a", .qos = QoS::at_least_once, .payload = as_bytes("x")});
  CHECK(writer.output().empty());
  writer.close_chunk();
  // Channel 3, no schema, topic "a", encoding "raw", metadata mqtt.qos = 1 and mqtt.retain = false; then the message
  // with sequence 0, both times 0x0102, and the payload "x".
  const std::string records =
      "04"
      "3d00000000000000"
      "0300"
      "0000"
      "01000000"
      "61"
      "03000000"
      "726177"
      "29000000"
      "08000000"
      "6d7174742e716f73"
      "01000000"
      "31"
      "0b000000"
      "6d7174742e72657461696e"
      "05000000"
      "66616c7365"
      "05"
      "1700000000000000"
      "0300"
      "00000000"
      "0201000000000000"
      "0201000000000000"
      "78";
  take_output(writer, file);
  const std::string text = to_hex(file);
  // Chunk: times of its first and last message, size, checksum (checked in a test below), no compression, records.
  const std::string head =
      "06"
      "8e00000000000000"
      "0201000000000000"
      "0201000000000000"
      "6600000000000000";
  CHECK(text.substr(0, head.size()) == head);
  CHECK(text.substr(head.size() + 8, 24 + records.size()) ==
        "00000000"
        "6600000000000000" +
            records);
  // The index of channel 3: one entry of 16 bytes, the time and where the message begins among the records.
  CHECK(text.substr(head.size() + 32 + records.size()) ==
        "07"
        "1600000000000000"
        "0300"
        "10000000"
        "0201000000000000"
        "4600000000000000");
}

TEST_CASE("what was written comes back in order, with and without compression") {
  for (const std::optional<int> level : {std::optional<int>{}, std::optional<int>{3}}) {
    const ReadBack result = read_back(file_of(10, 3, {.zstd_level = level}));
    CHECK(result.problems.empty());
    CHECK(result.payloads == std::vector<std::string>{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"});
  }
}

TEST_CASE("every part of a message is kept") {
  PropertyWriter properties;
  properties.add(PropertyId::payload_format_indicator, 1);
  properties.add(PropertyId::message_expiry_interval, 3600);
  properties.add(PropertyId::content_type, "application/json; charset=utf-8");
  properties.add(PropertyId::response_topic, "r");
  properties.add(PropertyId::correlation_data, std::string_view{"\0\xFF", 2});
  properties.add_user_property("k", "1").add_user_property("k", "\xC3\xA4\"");
  const std::uint8_t binary[] = {0, 1, 0xFF, 0x0A};
  const MessageRecord message{.time = WallTime{Duration{1'700'000'000'123'456'789}},
                              .topic = "a/b",
                              .qos = QoS::exactly_once,
                              .retain = true,
                              .dup = true,
                              .payload = binary,
                              .properties = properties.block(),
                              .retained_at_subscribe = true};
  for (const std::uint32_t channels : {100U, 0U}) {  // in a channel of its own, and in the overflow channel
    McapWriter writer{{.topic_channels = channels}};
    Buffer file;
    writer.append(message);
    finish(writer, file);
    auto reader = McapReader::open(memory_source(file));
    REQUIRE(reader);
    MessageRecord read;
    REQUIRE((*reader)->next(read) == State::message);
    CHECK(
        as_json(read) ==
        "{\"time\":\"2023-11-14T22:13:20.123456789Z\",\"topic\":\"a/b\",\"qos\":2,\"retain\":true,\"dup\":true,"
        "\"retained_at_subscribe\":true,\"payload_base64\":\"AAH/Cg==\",\"properties\":{\"payload_format_indicator\":1,"
        "\"message_expiry_interval\":3600,\"content_type\":\"application/json; "
        "charset=utf-8\",\"response_topic\":\"r\","
        "\"correlation_data_base64\":\"AP8=\",\"user_properties\":[[\"k\",\"1\"],[\"k\",\"\xC3\xA4\\\"\"]]}}\n");
    CHECK((*reader)->next(read) == State::end);
  }
}

TEST_CASE("the attributes name the client that published a message") {
  MessageRecord message = text_message("a", "x", 1);
  message.client = "sensor-7";
  CHECK(mcap::has_attributes(message));
  std::string text;
  mcap::append_attributes(text, message);
  CHECK(text == R"({"client":"sensor-7"})");

  McapWriter writer{{}};
  Buffer file;
  writer.append(message);
  writer.append(text_message("a", "y", 2));
  finish(writer, file);
  auto reader = McapReader::open(memory_source(file));
  MessageRecord read;
  REQUIRE((*reader)->next(read) == State::message);
  CHECK(read.client == "sensor-7");
  REQUIRE((*reader)->next(read) == State::message);
  CHECK(read.client.empty());
}

TEST_CASE("the channels of Sparkplug payloads share a schema, which stands before them and in the summary") {
  McapWriter writer{{.zstd_level = std::nullopt}};
  Buffer file;
  for (const char* topic : {"spBv1.0/plant/NBIRTH/node", "spBv1.0/plant/DDATA/node/device", "spBv1.0/STATE/host",
                            "spBv1.0/plant", "spBv1.0", "spBv1.0/plant/NDATA"}) {
    writer.append(text_message(topic, "x", 1));
  }
  finish(writer, file);
  const std::string text = to_hex(file);
  // Schema 1 with this name and encoding; of its length: identifier, three lengths, name, encoding, descriptors.
  const std::string schema =
      "0100"
      "21000000"
      "6f72672e65636c697073652e746168752e70726f746f6275662e5061796c6f6164"
      "08000000"
      "70726f746f627566";
  const std::string of_first_channel =
      "0300"
      "0100"
      "19000000";
  const std::string of_second_channel =
      "0400"
      "0100"
      "1f000000";
  const std::string of_third_channel =
      "0500"
      "0000"
      "12000000";
  const auto first = text.find(schema);
  REQUIRE(first != std::string::npos);
  CHECK(text.find(of_first_channel) > first);
  CHECK(text.find(of_second_channel) > first);
  CHECK(text.find(of_third_channel) != std::string::npos);
  CHECK(text.find("0600"
                  "0000"
                  "0d000000") != std::string::npos);
  CHECK(text.find("0700"
                  "0000"
                  "07000000") != std::string::npos);
  CHECK(text.find("0800"
                  "0000"
                  "13000000") != std::string::npos);
  const auto second = text.find(schema, first + 1);
  REQUIRE(second != std::string::npos);
  CHECK(text.find(schema, second + 1) == std::string::npos);
  // Its file, its package, its first message and the first field: uint64 timestamp = 1, optional.
  CHECK(text.find("0a11"
                  "737061726b706c75675f622e70726f746f"
                  "1219"
                  "6f72672e65636c697073652e746168752e70726f746f627566"
                  "22") != std::string::npos);
  CHECK(text.find("0a07"
                  "5061796c6f6164"
                  "1211"
                  "0a09"
                  "74696d657374616d70"
                  "1801"
                  "2001"
                  "2804") != std::string::npos);
  CHECK(read_back(file).payloads == std::vector<std::string>(6, "x"));
}

TEST_CASE("attributes belong to their message only") {
  McapWriter writer{{}};
  Buffer file;
  PropertyWriter properties;
  properties.add_user_property("k", "v");
  writer.append({.time = at_second(1), .topic = "a", .properties = properties.block()});
  writer.append(text_message("a", "plain", 1));
  finish(writer, file);
  auto reader = McapReader::open(memory_source(file));
  REQUIRE(reader);
  MessageRecord read;
  REQUIRE((*reader)->next(read) == State::message);
  CHECK(!read.properties.empty());
  REQUIRE((*reader)->next(read) == State::message);
  CHECK(read.properties.empty());
  CHECK(as_text(read.payload) == "plain");
}

TEST_CASE("topics beyond the limit of channels read back like all others") {
  const Buffer file = [] {
    McapWriter writer{{.topic_channels = 5}};
    Buffer bytes;
    for (int i = 0; i < 20; ++i) writer.append(text_message("t/" + std::to_string(i), std::to_string(i), i));
    finish(writer, bytes);
    return bytes;
  }();
  auto reader = McapReader::open(memory_source(file));
  REQUIRE(reader);
  MessageRecord read;
  for (int i = 0; i < 20; ++i) {
    REQUIRE((*reader)->next(read) == State::message);
    CHECK(read.topic == "t/" + std::to_string(i));
    CHECK(as_text(read.payload) == std::to_string(i));
  }
  CHECK((*reader)->next(read) == State::end);
}

TEST_CASE("a message whose topic is that of a channel of the mapping stays a message") {
  McapWriter writer{{}};
  Buffer file;
  for (const std::string_view topic : {"$mqtt/attributes", "$mqtt/overflow", "$mqtt/x"}) {
    writer.append(text_message(topic, topic, 1));
  }
  finish(writer, file);
  CHECK(read_back(file).payloads == std::vector<std::string>{"$mqtt/attributes", "$mqtt/overflow", "$mqtt/x"});
}

TEST_CASE("the summary counts messages and names the span of time") {
  const Buffer file = file_of(10, 3);
  auto reader = McapReader::open(memory_source(file));
  REQUIRE(reader);
  const McapSummary* summary = (*reader)->summary();
  REQUIRE(summary != nullptr);
  CHECK(summary->messages == 10);
  CHECK(summary->first_time == 0);
  CHECK(summary->last_time == 9'000'000'000);
  CHECK(summary->chunks.size() == 4);
  CHECK(summary->channel_messages.at(3) == 5);
  REQUIRE(summary->metadata.size() == 1);
  CHECK(summary->metadata[0].pairs[0].second == "1");
}

TEST_CASE("chunks out of the wanted time are passed over") {
  const Buffer file = file_of(12, 3);
  CHECK(read_back(file, {.from = at_second(7)}).payloads == std::vector<std::string>{"6", "7", "8", "9", "10", "11"});
  CHECK(read_back(file, {.to = at_second(3)}).payloads == std::vector<std::string>{"0", "1", "2", "3", "4", "5"});
}

TEST_CASE("a file that is cut anywhere gives all chunks before the cut, and says so") {
  const Buffer whole = file_of(9, 3);
  std::size_t most = 0;
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CAPTURE(size);
    const ReadBack result = read_back(Buffer(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)));
    CHECK(result.problems.size() == 1);
    CHECK(result.payloads.size() % 3 == 0);
    CHECK(result.payloads.size() >= most);
    most = result.payloads.size();
  }
  CHECK(most == 9);
}

TEST_CASE("a damaged chunk costs its own messages only") {
  const Buffer whole = file_of(9, 3, {.zstd_level = std::nullopt});
  auto reader = McapReader::open(memory_source(whole));
  REQUIRE(reader);
  const McapChunk second = (*reader)->summary()->chunks[1];
  Buffer damaged = whole;
  damaged[second.offset + second.length - 1] ^= 1;
  const ReadBack result = read_back(damaged);
  CHECK(result.payloads == std::vector<std::string>{"0", "1", "2", "6", "7", "8"});
  REQUIRE(result.problems.size() == 1);
  CHECK(result.problems[0].find("checksum") != std::string::npos);
}

TEST_CASE("a bit that turns over anywhere neither crashes nor goes unnoticed in a payload") {
  const Buffer whole = file_of(6, 3);
  const std::vector<std::string> expected{"0", "1", "2", "3", "4", "5"};
  for (std::size_t at = 0; at < whole.size(); ++at) {
    CAPTURE(at);
    Buffer damaged = whole;
    damaged[at] ^= 0x10;
    const ReadBack result = read_back(damaged);
    for (const std::string& payload : result.payloads) CHECK(std::ranges::find(expected, payload) != expected.end());
  }
}

TEST_CASE("output that could not be written is left out of the summary") {
  McapWriter writer{{}};
  Buffer file;
  writer.append(text_message("a", "kept", 1));
  writer.close_chunk();
  take_output(writer, file);
  writer.append(text_message("b", "lost", 2));
  writer.close_chunk();
  writer.revoke_output();
  finish(writer, file);
  CHECK(read_back(file).payloads == std::vector<std::string>{"kept"});
  CHECK(read_back(file).problems.empty());
  auto reader = McapReader::open(memory_source(file));
  CHECK((*reader)->summary()->messages == 1);
  CHECK((*reader)->summary()->last_time == 1'000'000'000);
}

TEST_CASE("metadata that could not be written are left out of the summary") {
  McapWriter writer{{}};
  Buffer file;
  take_output(writer, file);
  writer.append(text_message("a", "kept", 1));
  writer.close_chunk();
  take_output(writer, file);
  writer.append(text_message("a", "lost", 2));
  writer.append_metadata("gap", {{"from", "then"}});
  CHECK(writer.revoke_output() == 1);
  CHECK(writer.revoke_output() == 0);  // what was written stays
  finish(writer, file);
  auto reader = McapReader::open(memory_source(file));
  REQUIRE((*reader)->summary() != nullptr);
  CHECK((*reader)->summary()->metadata.size() == 1);  // that of the head
  CHECK(read_back(file).payloads == std::vector<std::string>{"kept"});
  CHECK(read_back(file).problems.empty());
}

TEST_CASE("a file of another writer without our profile gives its channels as topics") {
  GrowingBytes out;
  out.append(mcap::magic);
  mcap::Appender to{out};
  to.begin_record(mcap::Opcode::header).text("ros2").text("x").end_record();
  to.begin_record(mcap::Opcode::channel).number(std::uint16_t{0}).number(std::uint16_t{0}).text("/pose").text("cdr");
  to.number(std::uint32_t{0}).end_record();
  to.begin_record(mcap::Opcode::message).number(std::uint16_t{0}).number(std::uint32_t{1});
  to.number(std::uint64_t{5}).number(std::uint64_t{5});
  out.append(as_bytes("data"));
  to.end_record();
  const Buffer file(out.view().begin(), out.view().end());
  const ReadBack result = read_back(file);
  CHECK(result.payloads == std::vector<std::string>{"data"});
  CHECK(result.problems.size() == 1);  // it was not finished
}
