#include "broker/filter_trie.hpp"

#include <algorithm>

namespace mqtk {
namespace {

std::string_view first_level(std::string_view levels) { return levels.substr(0, levels.find('/')); }

bool ends_level(std::string_view text, std::size_t at) { return at == text.size() || text[at] == '/'; }

// Bytes of the whole levels that both begin with.
std::size_t common_levels(std::string_view a, std::string_view b) {
  std::size_t common = 0;
  for (std::size_t i = 0;; ++i) {
    if (ends_level(a, i) && ends_level(b, i)) common = i;
    if (i == a.size() || i == b.size() || a[i] != b[i]) return common;
  }
}

}  // namespace

std::size_t FilterTrie::EdgeHash::operator()(const Edge& edge) const noexcept {
  return TextHash::mix(edge.level.hash, reinterpret_cast<std::uintptr_t>(edge.parent) | 1U);
}

std::size_t FilterTrie::EdgeHash::operator()(const Node* node) const noexcept {
  const std::string_view level = first_level(node->label);
  return (*this)(Edge{node->parent, {level, text(level)}});
}

bool FilterTrie::EdgeEqual::operator()(const Edge& edge, const Node* node) const noexcept {
  return node->parent == edge.parent && first_level(node->label) == edge.level.text;
}

FilterTrie::FilterTrie(std::uint64_t seed, bool covers_parent)
    : covers_parent_(covers_parent), edges_(0, EdgeHash{TextHash{seed}}) {}

FilterTrie::~FilterTrie() {
  std::vector<Node*> nodes{root_.first_child};
  while (!nodes.empty()) {
    Node* node = nodes.back();
    nodes.pop_back();
    if (node == nullptr) continue;
    nodes.push_back(node->first_child);
    nodes.push_back(node->next_sibling);
    delete node;
  }
}

FilterTrie::Node* FilterTrie::child(const Node& parent, std::string_view level) const {
  if (level == "+") return parent.single_level;
  const auto found = edges_.find(Edge{&parent, {level, edges_.hash_function().text(level)}});
  return found == edges_.end() ? nullptr : *found;
}

void FilterTrie::link(Node& parent, Node& node) {
  node.parent = &parent;
  node.previous_sibling = nullptr;
  node.next_sibling = parent.first_child;
  if (parent.first_child != nullptr) parent.first_child->previous_sibling = &node;
  parent.first_child = &node;
  if (first_level(node.label) == "+") {
    parent.single_level = &node;
  } else {
    edges_.insert(&node);
  }
}

void FilterTrie::unlink(Node& node) {
  Node& parent = *node.parent;
  if (parent.single_level == &node) {
    parent.single_level = nullptr;
  } else {
    edges_.erase(&node);
  }
  (node.previous_sibling != nullptr ? node.previous_sibling->next_sibling : parent.first_child) = node.next_sibling;
  if (node.next_sibling != nullptr) node.next_sibling->previous_sibling = node.previous_sibling;
}

FilterTrie::Node* FilterTrie::add_child(Node& parent, std::string_view label) {
  Node* node = new Node;
  node->label = label;
  link(parent, *node);
  return node;
}

// A new node takes the first `label_bytes` of the label and `node` hangs below it.
FilterTrie::Node* FilterTrie::split(Node& node, std::size_t label_bytes) {
  Node& parent = *node.parent;
  unlink(node);
  Node* upper = add_child(parent, std::string_view{node.label}.substr(0, label_bytes));
  node.label.erase(0, label_bytes + 1);
  node.label.shrink_to_fit();
  link(*upper, node);
  return upper;
}

FilterTrie::Node* FilterTrie::add(std::string_view text, const IndexedFilter& filter) {
  const bool multi_level = text.ends_with('#');
  Node* node = &root_;
  bool more = text != "#";
  std::string_view rest = multi_level && more ? text.substr(0, text.size() - 2) : text;
  while (more) {
    Node* next = child(*node, first_level(rest));
    if (next == nullptr) {
      node = add_child(*node, rest);
      break;
    }
    const std::size_t common = common_levels(next->label, rest);
    node = common == next->label.size() ? next : split(*next, common);
    more = common != rest.size();
    if (more) rest.remove_prefix(common + 1);
  }
  (multi_level ? node->multi_level : node->exact) = &filter;
  return node;
}

void FilterTrie::remove(Node* node, const IndexedFilter& filter) {
  (node->multi_level == &filter ? node->multi_level : node->exact) = nullptr;
  prune(node);
}

// Removes nodes that nothing hangs on any more and joins runs of levels that no longer part.
void FilterTrie::prune(Node* node) {
  while (node != &root_ && node->exact == nullptr && node->multi_level == nullptr) {
    Node& parent = *node->parent;
    Node* only = node->first_child;
    if (only != nullptr && only->next_sibling != nullptr) return;
    if (only != nullptr) {
      unlink(*only);
      only->label.insert(0, node->label + '/');
    }
    unlink(*node);
    delete node;
    if (only != nullptr) {
      link(parent, *only);
      return;
    }
    node = &parent;
  }
}

// Makes levels_[depth] known; false if the Topic Name has fewer levels.
bool FilterTrie::read_level(std::size_t depth) {
  while (levels_.size() <= depth) {
    if (all_read_) return false;
    const std::string_view level = first_level(unread_);
    levels_.push_back({level, edges_.hash_function().text(level)});
    all_read_ = level.size() == unread_.size();
    if (!all_read_) unread_.remove_prefix(level.size() + 1);
  }
  return true;
}

// Moves `depth` behind the levels that match the label; false if one does not.
bool FilterTrie::skip_label(std::string_view label, std::size_t& depth) {
  for (;; ++depth) {
    const std::string_view wanted = first_level(label);
    if (!read_level(depth) || (wanted != "+" && wanted != levels_[depth].text)) return false;
    if (wanted.size() == label.size()) break;
    label.remove_prefix(wanted.size() + 1);
  }
  ++depth;
  return true;
}

void FilterTrie::match(std::string_view topic_name, std::vector<const IndexedFilter*>& found) {
  if (root_.first_child == nullptr && root_.multi_level == nullptr) return;
  const bool reserved = topic_name.starts_with('$');
  levels_.clear();
  unread_ = topic_name;
  all_read_ = false;
  steps_.assign(1, {&root_, 0});
  while (!steps_.empty()) {
    const auto [node, depth] = steps_.back();
    steps_.pop_back();
    // A wildcard in the first level does not take in topics that begin with '$' [MQTT-4.7.2-1].
    const bool wildcards = !reserved || node != &root_;
    if (node->multi_level != nullptr && wildcards && (covers_parent_ || read_level(depth))) {
      found.push_back(node->multi_level);
    }
    if (!read_level(depth)) {
      if (node->exact != nullptr) found.push_back(node->exact);
      continue;
    }
    const auto follow = [&, from = depth](const Node* next) {
      std::size_t behind = from;
      if (next != nullptr && skip_label(next->label, behind)) steps_.push_back({next, behind});
    };
    if (wildcards) follow(node->single_level);
    const Node* first = node->first_child;
    if (first == nullptr || (first == node->single_level && first->next_sibling == nullptr)) continue;
    const auto edge = edges_.find(Edge{node, levels_[depth]});
    if (edge != edges_.end()) follow(*edge);
  }
}

}  // namespace mqtk
