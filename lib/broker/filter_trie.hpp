// Topic Filters with wildcards, arranged by level.
//
// A node holds a run of levels, split only where filters part, so that filters of thousands of levels cost no more
// nodes than short ones. Nothing here recurses.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/text_hash.hpp"

namespace mqtk {

struct IndexedFilter;

class FilterTrie {
 public:
  struct Node {
    std::string label;  // one level or several, joined by '/'; never has '#'
    Node* parent = nullptr;
    Node* single_level = nullptr;  // the child that begins with '+'
    Node* first_child = nullptr;
    Node* next_sibling = nullptr;
    Node* previous_sibling = nullptr;
    const IndexedFilter* exact = nullptr;        // the filter that ends here
    const IndexedFilter* multi_level = nullptr;  // the filter that ends here with '#'
  };

  // `covers_parent`: "a/#" matches "a", as the specification has it. Some services differ.
  FilterTrie(std::uint64_t seed, bool covers_parent);
  FilterTrie(const FilterTrie&) = delete;
  FilterTrie& operator=(const FilterTrie&) = delete;
  ~FilterTrie();

  // `text` is valid, has a wildcard and is not in the trie.
  Node* add(std::string_view text, const IndexedFilter& filter);
  void remove(Node* node, const IndexedFilter& filter);

  // Appends every filter that matches `topic_name`.
  void match(std::string_view topic_name, std::vector<const IndexedFilter*>& found);

 private:
  // A level of the Topic Name that is being matched, hashed once however many nodes look at it.
  struct Level {
    std::string_view text;
    std::size_t hash;
  };
  struct Edge {
    const Node* parent;
    Level level;
  };
  struct EdgeHash {
    using is_transparent = void;
    TextHash text;
    std::size_t operator()(const Edge& edge) const noexcept;
    std::size_t operator()(const Node* node) const noexcept;
  };
  struct EdgeEqual {
    using is_transparent = void;
    bool operator()(const Node* a, const Node* b) const noexcept { return a == b; }
    bool operator()(const Edge& edge, const Node* node) const noexcept;
    bool operator()(const Node* node, const Edge& edge) const noexcept { return (*this)(edge, node); }
  };
  struct Step {
    const Node* node;
    std::size_t depth;  // levels of the Topic Name that are matched
  };

  [[nodiscard]] Node* child(const Node& parent, std::string_view level) const;
  bool read_level(std::size_t depth);
  bool skip_label(std::string_view label, std::size_t& depth);
  Node* add_child(Node& parent, std::string_view label);
  Node* split(Node& node, std::size_t label_bytes);
  void link(Node& parent, Node& node);
  void unlink(Node& node);
  void prune(Node* node);

  const bool covers_parent_;
  Node root_;
  std::unordered_set<Node*, EdgeHash, EdgeEqual> edges_;  // children that begin with a plain level
  std::vector<Step> steps_;
  std::string_view unread_;  // of the Topic Name that is being matched
  bool all_read_ = true;
  std::vector<Level> levels_;
};

}  // namespace mqtk
