// Runs a fuzzer on files: every file of the folders named, .hex files as hand-written packets, others as they are.
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "fuzz/packet_input.hpp"
#include "support/packet_file.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

namespace fs = std::filesystem;

// An exact copy on the heap, so that the address sanitizer sees a byte read too far.
void run(const std::vector<std::uint8_t>& input) { LLVMFuzzerTestOneInput(input.data(), input.size()); }

std::size_t replay(const fs::path& folder) {
  std::size_t count = 0;
  for (const mqtk::PacketFile& file : mqtk::load_packet_files(folder)) {
    run(mqtk::fuzzer_input({file.version, file.sender}, file.bytes));
    ++count;
  }
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ".hex") continue;
    std::ifstream stream(entry.path(), std::ios::binary);
    std::vector<std::uint8_t> input{std::istreambuf_iterator<char>(stream), {}};
    input.shrink_to_fit();
    run(input);
    ++count;
  }
  return count;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    std::size_t count = 0;
    for (int i = 1; i < argc; ++i) {
      if (fs::is_directory(argv[i])) count += replay(argv[i]);
    }
    std::printf("%zu inputs\n", count);
    return count == 0 ? 1 : 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
