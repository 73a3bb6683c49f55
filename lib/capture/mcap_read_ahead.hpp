// Loads the chunks that come next in a thread of its own, while those before are being used.
#pragma once

#include <array>
#include <condition_variable>
#include <cstdint>
#include <expected>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "capture/mcap_chunk_loader.hpp"

namespace mqtk {

class McapReadAhead {
 public:
  // Chunks beyond this size are not worth their memory: the thread has at most places * largest_chunk bytes of records.
  static constexpr std::uint64_t largest_chunk = std::uint64_t{4} * 1024 * 1024;

  struct Chunk {
    std::size_t index = 0;  // the caller's number of it
    std::uint64_t offset = 0;
    std::uint64_t length = 0;
  };

  // `source` outlives this and can be read by several threads at a time. Throws std::system_error where the system
  // gives no thread.
  explicit McapReadAhead(ByteSource& source);
  ~McapReadAhead();

  [[nodiscard]] bool has_room() const { return asked_ - taken_ < places - 1; }
  // Asks for a chunk; they are loaded and taken in the order of asking. Needs has_room().
  void ask(const Chunk& chunk);

  struct Loaded {
    std::size_t index = 0;
    std::expected<Bytes, std::string> records;  // until the next call of take()
  };
  // Waits for the first that was asked for and not taken; nothing if there is none.
  [[nodiscard]] std::optional<Loaded> take();

 private:
  // One is being used, one being loaded, the others wait for that who is faster.
  static constexpr std::size_t places = 4;
  struct Place {
    explicit Place(ByteSource& source) : loader(source) {}
    McapChunkLoader loader;
    Chunk chunk;
    std::expected<Bytes, std::string> records;
  };

  void load_all();
  [[nodiscard]] Place& place(std::uint64_t number) { return places_[number % places]; }

  std::array<Place, places> places_;
  std::uint64_t asked_ = 0;  // of these three only loaded_ is changed in the thread; number % places is the place
  std::uint64_t taken_ = 0;
  std::uint64_t loaded_ = 0;
  bool ending_ = false;
  std::mutex mutex_;  // guards the above and, by them, the places
  std::condition_variable changed_;
  std::thread thread_;  // the last member: it uses the others
};

}  // namespace mqtk
