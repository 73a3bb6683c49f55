// First in, first out, for many queues that are mostly empty: one that never had an element has no memory of its own,
// where a std::deque has half a kilobyte.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

namespace mqtk {

template <class Element>
class SmallQueue {
 public:
  [[nodiscard]] bool empty() const { return read_ == elements_.size(); }
  [[nodiscard]] std::size_t size() const { return elements_.size() - read_; }
  [[nodiscard]] const Element& front() const { return elements_[read_]; }
  void push_back(const Element& element) {
    if (read_ > 0 && elements_.size() == elements_.capacity() && read_ >= elements_.size() / 2) {
      elements_.erase(elements_.begin(), first());
      read_ = 0;
    }
    elements_.push_back(element);
  }
  void pop_front() {
    if (++read_ == elements_.size()) clear();
  }
  // False if there is no such element. The others keep their order.
  bool erase(const Element& element) {
    const auto found = std::find(first(), elements_.end(), element);
    if (found == elements_.end()) return false;
    elements_.erase(found);
    if (empty()) clear();
    return true;
  }
  // The memory stays, for what comes next.
  void clear() {
    elements_.clear();
    read_ = 0;
  }
  void release() {
    clear();
    elements_.shrink_to_fit();
  }
  [[nodiscard]] std::size_t held_bytes() const { return elements_.capacity() * sizeof(Element); }

 private:
  [[nodiscard]] auto first() { return elements_.begin() + static_cast<std::ptrdiff_t>(read_); }

  std::vector<Element> elements_;
  std::size_t read_ = 0;  // elements before this have been taken
};

}  // namespace mqtk
