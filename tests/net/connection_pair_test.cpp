#include "net/connection_pair.hpp"

#include <doctest/doctest.h>

#include <string>

#include "net/loop.hpp"

namespace mqtk {
namespace {

struct Reader final : NetworkConnectionListener {
  explicit Reader(NetworkConnection& connection) : end(connection) { end.start(*this); }
  void on_readable() override {
    std::uint8_t bytes[64];
    const auto count = end.read(bytes);
    if (count) text += as_text(Bytes{bytes, *count});
    if (!count) error = count.error();
  }
  void on_writable() override {}
  NetworkConnection& end;
  std::string text;
  std::error_code error;
};

TEST_CASE("what one end of a pair writes the other one reads, until it is closed") {
  Loop loop;
  auto pair = make_connection_pair(loop);
  REQUIRE(pair);
  CHECK(pair->first->peer_address() == "local");
  Reader first{*pair->first};
  Reader second{*pair->second};
  SendQueue queue;
  queue.append(as_bytes("to second"));
  CHECK(pair->first->flush(queue) == FlushResult::all);
  queue.append(as_bytes("to first"));
  CHECK(pair->second->flush(queue) == FlushResult::all);
  for (int i = 0; i < 100 && (first.text.empty() || second.text.empty()); ++i)
    loop.run_turn(std::chrono::milliseconds{50});
  CHECK(first.text == "to first");
  CHECK(second.text == "to second");
  pair->first.reset();
  for (int i = 0; i < 100 && !second.error; ++i) loop.run_turn(std::chrono::milliseconds{50});
  CHECK(second.error == NetFault::end_of_stream);
}

}  // namespace
}  // namespace mqtk
