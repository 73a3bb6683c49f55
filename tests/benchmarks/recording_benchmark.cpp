// MCAP writer and reader alone, in memory, beside zstd on the same bytes.
//
// The figures depend on the payloads (longer or less alike ones take zstd longer), on the level of zstd, which is most
// of writing, on the number of topics (more of them miss the caches), and on the processor.
//
//   recording_benchmark [MESSAGES [PAYLOAD_BYTES [TOPICS]]]
//   recording_benchmark write FILE MESSAGES    makes a large file, not compressed, of a message each millisecond
#include <fmt/format.h>
#include <sys/resource.h>
#include <time.h>

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

// Of this process: what other processes take does not count, though they may slow it down.
double processor_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

// Seconds of each round.
struct Series {
  std::vector<double> times;

  template <class Do>
  void time(Do act) {
    const double start = processor_seconds();
    act();
    times.push_back(processor_seconds() - start);
  }
  [[nodiscard]] double median() const {
    std::vector<double> sorted = times;
    std::ranges::sort(sorted);
    return sorted[sorted.size() / 2];
  }
  [[nodiscard]] double best() const { return std::ranges::min(times); }
};

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

// What the chunks of a file hold, and the same compressed.
struct Chunks {
  std::vector<Bytes> records;
  std::vector<GrowingBytes> frames;
};

Chunks chunks_of(const std::vector<std::uint8_t>& plain_file, int level) {
  Chunks chunks;
  Compressor compressor{level};
  const auto reader = McapReader::open(memory_source(plain_file));
  for (const McapChunk& chunk : (*reader)->summary()->chunks) {
    chunks.records.push_back(Bytes{plain_file}.subspan(chunk.offset + 49, chunk.uncompressed));
    compressor.compress(chunks.records.back(), chunks.frames.emplace_back());
  }
  return chunks;
}

void compress_all(const Chunks& chunks, Compressor& compressor) {
  GrowingBytes out;
  for (const Bytes records : chunks.records) {
    out.clear();
    compressor.compress(records, out);
  }
}

void decompress_all(const Chunks& chunks) {
  Decompressor decompressor;
  GrowingBytes out;
  for (std::size_t i = 0; i < chunks.frames.size(); ++i) {
    if (!decompressor.decompress(chunks.frames[i].view(), chunks.records[i].size(), out)) std::abort();
  }
}

// Ours and zstd alone take turns, so that whatever slows the machine down slows down both.
void compare(std::uint64_t count, const std::vector<std::string>& texts, const std::vector<std::string>& topics,
             const std::vector<std::uint8_t>& plain_file, std::optional<int> level) {
  std::vector<std::uint8_t> file;
  write_all(count, texts, topics, &file, level);
  const Chunks chunks = level ? chunks_of(plain_file, *level) : Chunks{};
  Series writing;
  Series reading;
  Series compressing;
  Series decompressing;
  for (int i = 0; i < rounds; ++i) {
    writing.time([&] { write_all(count, texts, topics, nullptr, level); });
    reading.time([&] {
      if (read_all(file) != count) std::abort();
    });
    if (!level) continue;
    Compressor compressor{*level};
    compressing.time([&] { compress_all(chunks, compressor); });
    decompressing.time([&] { decompress_all(chunks); });
  }
  const auto millions = [&](double seconds) { return static_cast<double>(count) / seconds / 1e6; };
  const auto rates = [&](const Series& series) {
    return fmt::format("{:.2f} (best {:.2f})", millions(series.median()), millions(series.best()));
  };
  fmt::print("{}: write {}, read {} million messages/s; {:.1f} bytes a message in the file\n",
             level ? fmt::format("zstd level {}", *level) : "not compressed", rates(writing), rates(reading),
             static_cast<double>(file.size()) / static_cast<double>(count));
  if (!level) return;
  fmt::print(
      "  zstd alone on the same bytes: compress {}, decompress {}; it is {:.0f} % of writing, {:.0f} % of reading\n",
      rates(compressing), rates(decompressing), compressing.median() / writing.median() * 100,
      decompressing.median() / reading.median() * 100);
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
  fmt::print("{} messages of {} bytes, {} topics, each second one of a processor, medians of {}\n", count, size,
             topics.size(), rounds);
  std::vector<std::uint8_t> plain_file;
  write_all(count, texts, topics, &plain_file, std::nullopt);
  for (const auto level : {std::optional<int>{}, std::optional{1}, std::optional{3}}) {
    compare(count, texts, topics, plain_file, level);
  }
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  fmt::print("{} MiB of memory at most, the files among them\n", usage.ru_maxrss / 1024);
  return 0;
}
