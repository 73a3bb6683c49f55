// MCAP writer and reader alone, in memory, beside zstd on the same bytes.
//
//   recording_benchmark [MESSAGES [PAYLOAD_BYTES [TOPICS]]]
//   recording_benchmark write FILE MESSAGES    makes a large file, not compressed, of a message each millisecond
#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "capture/compression.hpp"
#include "capture/mcap_reader.hpp"
#include "capture/mcap_writer.hpp"
#include "capture/output_file.hpp"

using namespace mqtk;

namespace {

using Clock = std::chrono::steady_clock;
constexpr int rounds = 5;

// Payloads as sensors send them: alike, but for their numbers.
std::vector<std::string> payloads(std::size_t size) {
  std::vector<std::string> made;
  std::uint32_t random = 1;
  for (int i = 0; i < 4096; ++i) {
    random = random * 1'664'525U + 1'013'904'223U;
    std::string text = fmt::format("{{\"time\":{},\"temperature\":{}.{},\"humidity\":{}}}", 1'700'000'000 + i,
                                   15 + random % 10, random / 7 % 100, 30 + random / 13 % 40);
    text.resize(size, ' ');
    made.push_back(std::move(text));
  }
  return made;
}

template <class Do>
double median_seconds(Do act) {
  std::vector<double> times;
  for (int i = 0; i < rounds; ++i) {
    const auto start = Clock::now();
    act();
    times.push_back(std::chrono::duration<double>(Clock::now() - start).count());
  }
  std::ranges::sort(times);
  return times[rounds / 2];
}

void write_all(std::uint64_t count, const std::vector<std::string>& texts, const std::vector<std::string>& topics,
               std::vector<std::uint8_t>* file, std::optional<int> level) {
  McapWriter writer{{.zstd_level = level}};
  MessageRecord message;
  const auto take = [&] {
    if (file != nullptr) file->insert(file->end(), writer.output().begin(), writer.output().end());
    writer.output_written();
  };
  for (std::uint64_t i = 0; i < count; ++i) {
    message.time = WallTime{Duration{1'700'000'000'000'000'000 + static_cast<std::int64_t>(i) * 1000}};
    message.topic = topics[i % topics.size()];
    message.payload = as_bytes(texts[i % texts.size()]);
    writer.append(message);
    if (!writer.has_open_chunk()) take();
  }
  for (bool done = false; !done;) {
    done = writer.finish();
    take();
  }
}

std::uint64_t read_all(const std::vector<std::uint8_t>& file) {
  auto reader = McapReader::open(memory_source(file));
  std::uint64_t count = 0;
  MessageRecord message;
  while ((*reader)->next(message) == RecordingReader::State::message) ++count;
  return count;
}

void compare(std::uint64_t count, const std::vector<std::string>& texts, const std::vector<std::string>& topics,
             std::optional<int> level) {
  std::vector<std::uint8_t> file;
  write_all(count, texts, topics, &file, level);
  const double writing = median_seconds([&] { write_all(count, texts, topics, nullptr, level); });
  const double reading = median_seconds([&] {
    if (read_all(file) != count) std::abort();
  });
  fmt::print("{}: write {:.2f}, read {:.2f} million messages/s; {:.1f} bytes a message in the file\n",
             level ? fmt::format("zstd level {}", *level) : "not compressed",
             static_cast<double>(count) / writing / 1e6, static_cast<double>(count) / reading / 1e6,
             static_cast<double>(file.size()) / static_cast<double>(count));
}

// zstd alone on what the chunks hold.
void zstd_alone(std::uint64_t count, const std::vector<std::string>& texts, const std::vector<std::string>& topics) {
  std::vector<std::uint8_t> file;
  write_all(std::min<std::uint64_t>(count, 200'000), texts, topics, &file, std::nullopt);
  auto reader = McapReader::open(memory_source(file));
  const double share = static_cast<double>(count) / static_cast<double>(std::min<std::uint64_t>(count, 200'000));
  Compressor compressor{1};
  Decompressor decompressor;
  std::vector<GrowingBytes> frames;
  std::vector<std::size_t> sizes;
  double packing = 0;
  for (const McapChunk& chunk : (*reader)->summary()->chunks) {
    const Bytes records = Bytes{file}.subspan(chunk.offset + 49, chunk.uncompressed);
    GrowingBytes frame;
    packing += median_seconds([&] {
      frame.clear();
      compressor.compress(records, frame);
    });
    frames.push_back(std::move(frame));
    sizes.push_back(records.size());
  }
  const double unpacking = median_seconds([&] {
    GrowingBytes out;
    for (std::size_t i = 0; i < frames.size(); ++i) {
      if (!decompressor.decompress(frames[i].view(), sizes[i], out)) std::abort();
    }
  });
  fmt::print("zstd level 1 alone on the same bytes: compress {:.2f}, decompress {:.2f} million messages/s\n",
             static_cast<double>(count) / share / packing / 1e6, static_cast<double>(count) / share / unpacking / 1e6);
}

int write_file(const std::string& path, std::uint64_t count) {
  auto file = OutputFile::create(path, OutputFile::Existing::is_replaced);
  if (!file) return 9;
  const std::vector<std::string> texts = payloads(64);
  McapWriter writer{{.spool_folder = folder_of(path), .zstd_level = std::nullopt}};
  const auto take = [&] {
    const bool written = !file->write(writer.output());
    writer.output_written();
    return written;
  };
  MessageRecord message;
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::string topic = fmt::format("house/room{}/climate", i % 100);
    message.time = WallTime{std::chrono::seconds{1'700'000'000} + std::chrono::milliseconds{i}};
    message.topic = topic;
    message.payload = as_bytes(texts[i % texts.size()]);
    writer.append(message);
    if (!writer.has_open_chunk() && !take()) return 9;
  }
  for (bool done = false; !done;) {
    done = writer.finish();
    if (!take()) return 9;
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 4 && std::string_view{argv[1]} == "write") {
    return write_file(argv[2], std::strtoull(argv[3], nullptr, 10));
  }
  const std::uint64_t count = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 2'000'000;
  const std::size_t size = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 64;
  const std::size_t names = argc > 3 ? std::strtoull(argv[3], nullptr, 10) : 100;
  std::vector<std::string> topics;
  for (std::size_t i = 0; i < std::max<std::size_t>(names, 1); ++i)
    topics.push_back(fmt::format("house/room{}/climate", i));
  const std::vector<std::string> texts = payloads(size);
  fmt::print("{} messages of {} bytes, {} topics, medians of {}\n", count, size, topics.size(), rounds);
  compare(count, texts, topics, std::nullopt);
  compare(count, texts, topics, 1);
  compare(count, texts, topics, 3);
  zstd_alone(count, texts, topics);
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  fmt::print("{} MiB of memory at most, the files among them\n", usage.ru_maxrss / 1024);
  return 0;
}
