#include "codec/field_notes.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mqtk {

std::string_view qos_meaning(unsigned qos) {
  switch (qos) {
    case 0: return "at most once";
    case 1: return "at least once";
    case 2: return "exactly once";
    default: return "reserved";
  }
}

std::string_view retain_handling_meaning(unsigned value) {
  switch (value) {
    case 0: return "send retained messages";
    case 1: return "send retained messages if the subscription is new";
    case 2: return "do not send retained messages";
    default: return "reserved";
  }
}

Annotation& FieldNotes<true>::add(FieldKind kind, std::string_view name, std::size_t offset, std::size_t length) {
  Annotation annotation;
  annotation.kind = kind;
  annotation.name = name;
  annotation.offset = static_cast<std::uint32_t>(offset);
  annotation.length = static_cast<std::uint32_t>(length);
  annotation.depth = static_cast<std::uint8_t>(open_.size());
  if (!open_.empty()) out_->annotations[open_.back()].has_children = true;
  return out_->annotations.emplace_back(std::move(annotation));
}

void FieldNotes<true>::leaf(FieldKind kind, std::string_view name, std::size_t offset, std::size_t length,
                            std::uint32_t value, std::string_view meaning) {
  Annotation& note = add(kind, name, offset, length);
  note.value = kind == FieldKind::reason_code ? fmt::format("0x{:02X}", value) : fmt::format("{}", value);
  note.meaning = meaning;
}

void FieldNotes<true>::bits(std::string_view name, std::size_t offset, unsigned first, unsigned count, unsigned value,
                            std::string_view meaning) {
  Annotation& note = add(FieldKind::bits, name, offset, 1);
  note.bit_first = static_cast<std::uint8_t>(first);
  note.bit_count = static_cast<std::uint8_t>(count);
  note.value = fmt::format("{}", value);
  note.meaning = meaning;
}

void FieldNotes<true>::prefixed(FieldKind kind, std::string_view name, std::size_t offset, Bytes content) {
  add(FieldKind::length, name, offset, 2).value = fmt::format("{}", content.size());
  if (content.empty()) return;
  Annotation& note = add(kind, name, offset + 2, content.size());
  note.value = kind == FieldKind::text ? std::string{as_text(content)} : fmt::format("{} bytes", content.size());
}

void FieldNotes<true>::payload(std::string_view name, std::size_t offset, std::size_t length) {
  add(FieldKind::binary, name, offset, length).value = fmt::format("{} byte{}", length, length == 1 ? "" : "s");
}

void FieldNotes<true>::parent(FieldKind kind, std::string_view name, std::size_t offset, std::size_t length) {
  add(kind, name, offset, length);
  open_.push_back(out_->annotations.size() - 1);
}

void FieldNotes<true>::open(FieldKind kind, std::string_view name, std::size_t offset) {
  parent(kind, name, offset, 0);
}

void FieldNotes<true>::open_property(const PropertyInfo& info, std::size_t offset) {
  open(FieldKind::property, info.name, offset);
  leaf(FieldKind::header, "Property Identifier", offset, 1, static_cast<std::uint32_t>(info.id), info.name);
}

void FieldNotes<true>::close_at(std::size_t end) {
  Annotation& parent = out_->annotations[open_.back()];
  parent.length = static_cast<std::uint32_t>(end) - parent.offset;
  open_.pop_back();
}

void FieldNotes<true>::undecoded(std::size_t from, std::size_t end) {
  std::size_t covered = 0;
  for (const Annotation& note : out_->annotations) {
    if (!note.has_children) covered = std::max(covered, std::size_t{note.offset} + note.length);
  }
  from = std::min(from, covered);
  for (const std::size_t parent : open_) {
    Annotation& note = out_->annotations[parent];
    note.length = std::max(note.length, static_cast<std::uint32_t>(end) - note.offset);
  }
  if (from < end) payload("Undecoded", from, end - from);
  open_.clear();
}

}  // namespace mqtk
