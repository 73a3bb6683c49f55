#include "load/histogram_codec.hpp"

#include <zlib.h>

#include <bit>

#include "base/base64.hpp"

namespace mqtk {
namespace {

constexpr std::uint32_t plain_cookie = 0x1C849313;
constexpr std::uint32_t compressed_cookie = 0x1C849314;
constexpr std::size_t header_size = 40;
constexpr std::size_t most_slots = 1'000'000;
constexpr std::size_t most_bytes = header_size + most_slots * 9;

void put(std::vector<std::uint8_t>& out, std::uint64_t value, unsigned bytes) {
  for (unsigned i = bytes; i-- > 0;) out.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

std::uint64_t get(Bytes bytes, std::size_t at, unsigned count) {
  std::uint64_t value = 0;
  for (unsigned i = 0; i < count; ++i) value = value << 8U | bytes[at + i];
  return value;
}

// Seven bits a byte, low group first; a ninth byte holds eight bits. Runs of zeros are a negative number.
void put_zigzag(std::vector<std::uint8_t>& out, std::int64_t number) {
  auto value = (static_cast<std::uint64_t>(number) << 1U) ^ static_cast<std::uint64_t>(number >> 63);
  for (int i = 0; i < 8 && value > 0x7F; ++i, value >>= 7U) out.push_back(static_cast<std::uint8_t>(value | 0x80U));
  out.push_back(static_cast<std::uint8_t>(value));
}

bool get_zigzag(Bytes bytes, std::size_t& at, std::int64_t& number) {
  std::uint64_t value = 0;
  for (unsigned i = 0; i < 9; ++i) {
    if (at == bytes.size()) return false;
    const std::uint64_t byte = bytes[at++];
    if (i == 8) {
      value |= byte << 56U;
      break;
    }
    value |= (byte & 0x7FU) << (7 * i);
    if ((byte & 0x80U) == 0) break;
  }
  number = static_cast<std::int64_t>(value >> 1U) ^ -static_cast<std::int64_t>(value & 1U);
  return true;
}

std::vector<std::uint8_t> plain_form(const HistogramForm& form) {
  std::vector<std::uint8_t> counts;
  for (std::size_t i = 0; i < form.counts.size();) {
    if (form.counts[i] != 0) {
      put_zigzag(counts, static_cast<std::int64_t>(form.counts[i++]));
      continue;
    }
    const std::size_t start = i;
    while (i < form.counts.size() && form.counts[i] == 0) ++i;
    put_zigzag(counts, -static_cast<std::int64_t>(i - start));
  }
  std::vector<std::uint8_t> out;
  put(out, plain_cookie, 4);
  put(out, counts.size(), 4);
  put(out, 0, 4);  // normalizing index offset
  put(out, static_cast<std::uint64_t>(form.significant_digits), 4);
  put(out, static_cast<std::uint64_t>(form.lowest), 8);
  put(out, static_cast<std::uint64_t>(form.highest), 8);
  put(out, std::bit_cast<std::uint64_t>(1.0), 8);  // ratio of integer to double
  out.insert(out.end(), counts.begin(), counts.end());
  return out;
}

// Nothing if the data are damaged or come to more than any histogram does.
std::vector<std::uint8_t> inflated(Bytes compressed) {
  std::vector<std::uint8_t> out;
  z_stream stream{};
  if (inflateInit(&stream) != Z_OK) return out;
  stream.next_in = const_cast<std::uint8_t*>(compressed.data());
  stream.avail_in = static_cast<uInt>(compressed.size());
  std::vector<std::uint8_t> part(64 * 1024);
  int state = Z_OK;
  while (state == Z_OK && out.size() < most_bytes) {
    stream.next_out = part.data();
    stream.avail_out = static_cast<uInt>(part.size());
    state = inflate(&stream, Z_NO_FLUSH);
    out.insert(out.end(), part.begin(), part.end() - static_cast<std::ptrdiff_t>(stream.avail_out));
  }
  inflateEnd(&stream);
  if (state != Z_STREAM_END) out.clear();
  return out;
}

std::expected<HistogramForm, std::string> read_plain(Bytes bytes) {
  if (bytes.size() < header_size || get(bytes, 0, 4) != plain_cookie) {
    return std::unexpected("not a V2 histogram");
  }
  HistogramForm form;
  form.significant_digits = static_cast<int>(get(bytes, 12, 4));
  form.lowest = static_cast<std::int64_t>(get(bytes, 16, 8));
  form.highest = static_cast<std::int64_t>(get(bytes, 24, 8));
  if (get(bytes, 4, 4) != bytes.size() - header_size || form.lowest < 1) {
    return std::unexpected("the histogram is damaged");
  }
  for (std::size_t at = header_size; at < bytes.size();) {
    std::int64_t number = 0;
    if (!get_zigzag(bytes, at, number)) return std::unexpected("the histogram is cut off");
    const std::uint64_t zeros = number < 0 ? std::uint64_t{0} - static_cast<std::uint64_t>(number) : 0;
    if (zeros > most_slots || form.counts.size() + zeros >= most_slots) {
      return std::unexpected("the histogram has too many buckets");
    }
    if (number < 0) {
      form.counts.resize(form.counts.size() + zeros);
    } else {
      form.counts.push_back(static_cast<std::uint64_t>(number));
    }
  }
  return form;
}

}  // namespace

std::string encode_histogram(const HistogramForm& form) {
  const std::vector<std::uint8_t> plain = plain_form(form);
  std::vector<std::uint8_t> packed(compressBound(static_cast<uLong>(plain.size())));
  auto size = static_cast<uLongf>(packed.size());
  compress2(packed.data(), &size, plain.data(), static_cast<uLong>(plain.size()), Z_DEFAULT_COMPRESSION);
  std::vector<std::uint8_t> out;
  put(out, compressed_cookie, 4);
  put(out, size, 4);
  out.insert(out.end(), packed.begin(), packed.begin() + static_cast<std::ptrdiff_t>(size));
  return to_base64(out);
}

std::expected<HistogramForm, std::string> decode_histogram(std::string_view base64) {
  const auto bytes = from_base64(base64);
  if (!bytes) return std::unexpected("not base64");
  if (bytes->size() < 8) return std::unexpected("not a V2 histogram");
  const Bytes all{*bytes};
  if (get(all, 0, 4) != compressed_cookie) return read_plain(all);
  if (get(all, 4, 4) != all.size() - 8) return std::unexpected("the histogram is cut off");
  return read_plain(inflated(all.subspan(8)));
}

}  // namespace mqtk
