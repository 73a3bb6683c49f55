// A packet as a tree of its fields, without bytes: shorter than the annotated view, and complete.
#pragma once

#include <string>

#include "capture/annotated_view.hpp"

namespace mqtk {

// Appends the packet's line as append_packet_line() writes it without its problems, one row per field, the problems,
// and an empty line. The record must have annotations.
void append_tree_view(std::string& out, const PacketRecord& record, const AnnotatedViewStyle& style);

}  // namespace mqtk
