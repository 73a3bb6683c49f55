#include "capture/packet_decoder.hpp"

#include <algorithm>

#include "capture/shared_signature.hpp"

namespace mqtk {
namespace {

// decode() does not speak of advice; any that there is concerns the payload of a message or of a Will.
bool may_have_advice(const Packet& packet) {
  if (std::holds_alternative<Connect>(packet)) return true;
  const auto* publish = std::get_if<Publish>(&packet);
  return publish != nullptr && publish->properties.number(PropertyId::payload_format_indicator) == 1;
}

// The note of a field by its name, or by that of the property it is the value of.
const Annotation* find_field(const Annotated& notes, std::string_view name) {
  const auto found = std::ranges::find(notes.annotations, name, &Annotation::name);
  return found == notes.annotations.end() ? nullptr : &*found;
}

}  // namespace

PacketRecord& PacketDecoder::decode(const PacketStream::Item& item) {
  state_ = item.state;
  context_ = {item.version, item.sender};
  Bytes bytes = item.bytes;
  const bool may_have_signature = item.type == PacketType::publish || item.type == PacketType::connect;
  if (hides_signatures_ && may_have_signature && mqtk::hide_signatures(item.bytes, hidden_)) bytes = hidden_;
  record_ = {};
  record_.offset = item.offset;
  record_.sender = item.sender;
  record_.version = item.version;
  record_.type = item.type;
  record_.bytes = bytes;
  record_.missing_bytes = item.missing_bytes;
  record_.left_out = item.left_out;
  record_.packet = &packet_;
  is_annotated_ = false;
  const bool plain = notes_ == Notes::when_needed && item.state == PacketStream::Item::State::whole &&
                     !mqtk::decode(bytes, context_, packet_) && !may_have_advice(packet_);
  if (!plain) annotate_last();
  return record_;
}

void PacketDecoder::annotate_last() {
  annotated_ = state_ == PacketStream::Item::State::incomplete ? annotate_incomplete(record_.bytes, context_, copy_)
                                                               : annotate(record_.bytes, context_);
  is_annotated_ = true;
  record_.packet = &annotated_.packet;
  record_.decoded = annotated_.decoded;
  record_.annotations = annotated_.annotations;
  record_.problems = annotated_.problems;
  if (const auto version = version_of_connect(annotated_)) record_.version = *version;
}

void PacketDecoder::add(std::span<const FlowProblem> problems) {
  if (problems.empty()) return;
  if (!is_annotated_) annotate_last();
  for (const FlowProblem& problem : problems) {
    Problem added{.fault = {problem.rule, 0}, .detail = problem.detail};
    if (problem.field.empty()) {
      added.length = static_cast<std::uint32_t>(record_.bytes.size());
    } else if (const Annotation* field = find_field(annotated_, problem.field)) {
      added.fault.offset = field->offset;
      added.length = field->length;
    } else {
      added.length = 1;
    }
    annotated_.problems.push_back(std::move(added));
  }
  record_.problems = annotated_.problems;
}

}  // namespace mqtk
