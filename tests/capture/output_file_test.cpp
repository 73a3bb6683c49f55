#include "capture/output_file.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

namespace mqtk {
namespace {

namespace fs = std::filesystem;
using Existing = OutputFile::Existing;

class Folder {
 public:
  Folder() {
    std::string name = fs::temp_directory_path() / "output-file-XXXXXX";
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  [[nodiscard]] std::string at(const char* name) const { return path_ / name; }
  [[nodiscard]] std::string with(const char* name, std::string_view content) const {
    std::ofstream{at(name), std::ios::binary} << content;
    return at(name);
  }

 private:
  fs::path path_;
};

std::string content_of(const std::string& path) {
  std::ifstream file{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, {}};
}

}  // namespace

TEST_CASE("a file that exists is refused, and keeps its content") {
  const Folder folder;
  const std::string path = folder.with("a", "old");
  const auto file = OutputFile::create(path, Existing::is_refused);
  REQUIRE_FALSE(file);
  CHECK(file.error() == std::errc::file_exists);
  CHECK(content_of(path) == "old");
}

TEST_CASE("a file that is kept until written keeps its content, and outlives its removal") {
  const Folder folder;
  const std::string path = folder.with("a", "old content");
  auto file = OutputFile::create(path, Existing::is_kept_until_written);
  REQUIRE(file);
  CHECK(content_of(path) == "old content");
  file->remove();
  CHECK(content_of(path) == "old content");
}

TEST_CASE("the first write replaces what was kept, even one of nothing") {
  const Folder folder;
  for (const std::string_view text : {"new", ""}) {
    const std::string path = folder.with("a", "old content");
    auto file = OutputFile::create(path, Existing::is_kept_until_written);
    REQUIRE(file);
    CHECK_FALSE(file->write(as_bytes(text)));
    CHECK_FALSE(file->write(as_bytes(text)));
    CHECK(content_of(path) == std::string{text} + std::string{text});
    file->remove();
    CHECK_FALSE(fs::exists(path));
  }
}

TEST_CASE("what is replaced is empty at once, and removed where it is given up") {
  const Folder folder;
  const std::string path = folder.with("a", "old content");
  auto file = OutputFile::create(path, Existing::is_replaced);
  REQUIRE(file);
  CHECK(content_of(path).empty());
  file->remove();
  CHECK_FALSE(fs::exists(path));
}

TEST_CASE("a pipe is written to although it exists, and never removed") {
  const Folder folder;
  for (const Existing existing : {Existing::is_refused, Existing::is_replaced, Existing::is_kept_until_written}) {
    const std::string path = folder.at("pipe");
    REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
    std::string read;
    std::thread reader{[&] { read = content_of(path); }};
    {
      auto file = OutputFile::create(path, existing);
      CHECK(file);
      if (file) {
        CHECK_FALSE(file->write(as_bytes("text")));
        file->remove();
      }
    }
    reader.join();
    CHECK(read == "text");
    CHECK(fs::exists(path));
    fs::remove(path);
  }
}

TEST_CASE("a device takes what is written, and tells that it is full") {
  auto file = OutputFile::create("/dev/full", Existing::is_refused);
  REQUIRE(file);
  CHECK(file->write(as_bytes("text")) == std::errc::no_space_on_device);
}

TEST_CASE("a folder is no file to write") {
  const Folder folder;
  REQUIRE(fs::create_directory(folder.at("b")));
  for (const Existing existing : {Existing::is_refused, Existing::is_replaced}) {
    const auto file = OutputFile::create(folder.at("b"), existing);
    REQUIRE_FALSE(file);
    CHECK(file.error() == std::errc::is_a_directory);
  }
}

}  // namespace mqtk
