#include "support/packet_file.hpp"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "base/hex.hpp"

namespace mqtk {
namespace {

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

std::uint32_t parse_number(std::string_view text) {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) throw std::runtime_error("not a number");
  return number;
}

Version parse_version(std::string_view text) {
  for (const Version version : {Version::v3_1, Version::v3_1_1, Version::v5}) {
    if (text == version_text(version)) return version;
  }
  throw std::runtime_error("not a version");
}

Role parse_role(std::string_view text) {
  if (text == "client") return Role::client;
  if (text == "server") return Role::server;
  if (text == "unknown") return Role::unknown;
  throw std::runtime_error("not a sender");
}

// A comment line ahead of the bytes; a line that is no known "key: value" is a remark.
void read_header(std::string_view line, PacketFile& file) {
  const std::size_t colon = line.find(": ");
  if (colon == std::string_view::npos) return;
  const std::string_view key = line.substr(0, colon);
  const std::string_view value = trimmed(line.substr(colon + 2));
  if (key == "version") file.version = parse_version(value);
  if (key == "sender") file.sender = parse_role(value);
  if (key == "offset") file.offset = parse_number(value);
  if (key == "statement") file.statement = value;
  if (key == "reencodes") file.reencodes = value != "no";
  if (key == "rule") {
    file.rule = find_rule(value);
    if (!file.rule) throw std::runtime_error("not a rule");
  }
}

// "61" or "61*121"
void read_bytes(std::string_view word, std::vector<std::uint8_t>& bytes) {
  const std::size_t star = word.find('*');
  const auto value = from_hex(word.substr(0, star));
  if (!value || value->size() != 1) throw std::runtime_error("not a byte");
  const std::uint32_t count = star == std::string_view::npos ? 1 : parse_number(word.substr(star + 1));
  bytes.insert(bytes.end(), count, value->front());
}

void read_line(std::string_view line, PacketFile& file) {
  if (file.bytes.empty() && line.starts_with('#')) {
    read_header(trimmed(line.substr(1)), file);
    return;
  }
  line = trimmed(line.substr(0, line.find('#')));
  while (!line.empty()) {
    const std::size_t end = std::min(line.find_first_of(" \t"), line.size());
    read_bytes(line.substr(0, end), file.bytes);
    line = trimmed(line.substr(end));
  }
}

}  // namespace

PacketFile parse_packet_file(std::string name, std::string_view text) {
  PacketFile file;
  file.name = std::move(name);
  for (int number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    try {
      read_line(text.substr(0, end), file);
    } catch (const std::runtime_error& error) {
      throw std::runtime_error(file.name + ".hex, line " + std::to_string(number) + ": " + error.what());
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  if (file.bytes.empty()) throw std::runtime_error(file.name + ".hex has no bytes");
  return file;
}

std::vector<PacketFile> load_packet_files(const std::filesystem::path& folder) {
  std::vector<PacketFile> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".hex") continue;
    std::ifstream stream(entry.path(), std::ios::binary);
    if (!stream) throw std::runtime_error("cannot read " + entry.path().string());
    const std::string text{std::istreambuf_iterator<char>(stream), {}};
    files.push_back(parse_packet_file(entry.path().stem().string(), text));
  }
  std::ranges::sort(files, {}, &PacketFile::name);
  return files;
}

}  // namespace mqtk
