// The notes that annotate takes while it reads; empty and free for decode. Private to the codec.
#pragma once

#include <string>
#include <string_view>

#include "codec/annotation.hpp"
#include "codec/property.hpp"

namespace mqtk {

[[nodiscard]] std::string_view qos_meaning(unsigned qos);
[[nodiscard]] std::string_view retain_handling_meaning(unsigned value);

template <bool noted>
class FieldNotes {
 public:
  explicit FieldNotes(AnnotatedPacket* /*out*/) {}
};

template <>
class FieldNotes<true> {
 public:
  explicit FieldNotes(AnnotatedPacket* out) : out_(out) {}

  void leaf(FieldKind kind, std::string_view name, std::size_t offset, std::size_t length, std::uint32_t value,
            std::string_view meaning = {});
  void bits(std::string_view name, std::size_t offset, unsigned first, unsigned count, unsigned value,
            std::string_view meaning);
  // Length prefix and content; empty content has no annotation of its own.
  void prefixed(FieldKind kind, std::string_view name, std::size_t offset, Bytes content);
  void payload(std::string_view name, std::size_t offset, std::size_t length);
  // A parent of known size, closed by close().
  void parent(FieldKind kind, std::string_view name, std::size_t offset, std::size_t length);
  // A parent whose size is known when it closes.
  void open(FieldKind kind, std::string_view name, std::size_t offset);
  void open_property(const PropertyInfo& info, std::size_t offset);
  void close() { open_.pop_back(); }
  void close_at(std::size_t end);
  void problem(Fault fault, std::size_t length) {
    out_->problems.push_back({fault, static_cast<std::uint32_t>(length)});
  }
  // No more is to be read.
  [[nodiscard]] bool full() const {
    return out_->problems.size() >= AnnotatedPacket::max_problems ||
           out_->annotations.size() >= AnnotatedPacket::max_annotations;
  }
  // Closes all parents; what no annotation covers up to `end` becomes one of its own.
  void undecoded(std::size_t from, std::size_t end);

 private:
  Annotation& add(FieldKind kind, std::string_view name, std::size_t offset, std::size_t length);

  AnnotatedPacket* out_;
  std::vector<std::size_t> open_;  // indexes of the parents that are open
};

}  // namespace mqtk
