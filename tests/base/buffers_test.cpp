#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <string>
#include <vector>

#include "base/heap_size.hpp"
#include "base/hex.hpp"
#include "base/receive_buffer.hpp"
#include "base/send_queue.hpp"
#include "base/send_queue_pool.hpp"

using namespace mqtk;

namespace {

std::string all_of(const SendQueue& queue) {
  std::array<Bytes, 64> parts;
  std::string text;
  const std::size_t count = queue.gather(parts);
  for (std::size_t i = 0; i < count; ++i) text += as_text(parts[i]);
  return text;
}

void receive(ReceiveBuffer& buffer, std::string_view text) {
  while (!text.empty()) {
    const MutableBytes room = buffer.writable();
    REQUIRE_FALSE(room.empty());
    const std::size_t count = std::min(room.size(), text.size());
    std::copy_n(text.begin(), count, room.begin());
    buffer.commit(count);
    text.remove_prefix(count);
    if (!text.empty()) buffer.keep_rest();
  }
}

}  // namespace

TEST_CASE("what is appended comes out in order, owned and shared alike") {
  SendQueue queue;
  queue.append(as_bytes("one "));
  const SharedBytes block = SharedBytes::copy_of(as_bytes("shared"));
  queue.append_shared(block, block.view());
  queue.append(as_bytes(" two"));
  CHECK(queue.size() == 14);
  CHECK(all_of(queue) == "one shared two");
}

TEST_CASE("a queue can be written in any portions") {
  SendQueue queue;
  std::string expected;
  for (int i = 0; i < 5000; ++i) {
    const std::string piece = "piece " + std::to_string(i) + ";";
    queue.append(as_bytes(piece));
    expected += piece;
  }
  std::string written;
  for (std::size_t portion = 1; !queue.empty(); portion = portion * 3 % 10'007) {
    std::array<Bytes, 3> parts;
    const std::size_t count = queue.gather(parts);
    std::string text;
    for (std::size_t i = 0; i < count; ++i) text += as_text(parts[i]);
    text.resize(std::min(text.size(), portion));
    queue.consume(text.size());
    written += text;
  }
  CHECK(written == expected);
}

TEST_CASE("an appended packet larger than any chunk is one piece") {
  SendQueue queue;
  const std::string large(100'000, 'x');
  queue.append(as_bytes("a"));
  queue.append(as_bytes(large));
  queue.append(as_bytes("b"));
  CHECK(all_of(queue) == "a" + large + "b");
  queue.clear();
  CHECK(queue.empty());
  CHECK(all_of(queue).empty());
}

TEST_CASE("a shared block lives as long as a queue refers to it") {
  SendQueue queue;
  {
    const SharedBytes block = SharedBytes::copy_of(as_bytes("alive"));
    queue.append_shared(block, block.view().subspan(1));
  }
  CHECK(all_of(queue) == "live");
}

TEST_CASE("memory of written output is kept for the next, and freed when it was not needed for a while") {
  free_unused_output_memory();
  free_unused_output_memory();
  const std::size_t before = heap_bytes();
  if (before == 0) return;  // where the C library does not tell
  {
    const std::string bytes(10'000, 'x');
    std::vector<SendQueue> burst(40);
    for (SendQueue& queue : burst) queue.append(as_bytes(bytes));
  }
  CHECK(heap_bytes() > before + 200'000);
  free_unused_output_memory();
  CHECK(heap_bytes() > before + 200'000);
  free_unused_output_memory();
  CHECK(heap_bytes() < before + 20'000);
}

TEST_CASE("a read that ends with whole packets leaves no memory held") {
  ReceiveScratch scratch{64};
  ReceiveBuffer buffer{scratch};
  receive(buffer, "abcdef");
  CHECK(as_text(buffer.unread()) == "abcdef");
  buffer.consume(6);
  buffer.keep_rest();
  CHECK(buffer.held() == 0);
}

TEST_CASE("the rest of a read comes first in the next one") {
  ReceiveScratch scratch{64};
  ReceiveBuffer first{scratch};
  ReceiveBuffer second{scratch};
  receive(first, "abcdef");
  first.consume(4);
  first.keep_rest();
  receive(second, "zzzzzzzzzz");
  second.consume(10);
  second.keep_rest();
  receive(first, "gh");
  CHECK(as_text(first.unread()) == "efgh");
}

TEST_CASE("a packet larger than the scratch is collected whole, and memory follows what came") {
  ReceiveScratch scratch{64};
  ReceiveBuffer buffer{scratch};
  std::string large(10'000, '\0');
  for (std::size_t i = 0; i < large.size(); ++i) large[i] = static_cast<char>('a' + i % 26);
  receive(buffer, large.substr(0, 10));
  buffer.keep_rest(1'000'000);
  CHECK(buffer.held() <= 64);
  for (std::size_t at = 10; at < large.size();) {
    const std::size_t part = std::min<std::size_t>(7 + at % 50, large.size() - at);
    receive(buffer, std::string_view{large}.substr(at, part));
    at += part;
    buffer.keep_rest(1'000'000);
    CHECK(buffer.held() <= 2 * at + 64);
  }
  CHECK(as_text(buffer.unread()) == large);
}
