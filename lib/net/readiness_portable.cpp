#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <unordered_map>
#include <utility>
#include <vector>

#include "net/readiness.hpp"

namespace mqtk {
namespace {

using asio::posix::stream_descriptor;

// Every descriptor is an object of Asio's, which waits with whatever the system offers.
class PortableReadiness final : public Readiness {
 public:
  PortableReadiness(asio::io_context& context, std::function<void()> woken)
      : context_(context), woken_(std::move(woken)) {}
  ~PortableReadiness() override {
    // The descriptors are their owners'.
    for (auto& [fd, entry] : entries_) entry->descriptor.release();
  }

  std::error_code watch(int fd, Interest interest, Watched& watched) override {
    auto entry = std::make_shared<Entry>(context_);
    std::error_code error;
    entry->descriptor.assign(fd, error);
    if (error) return error;
    entries_[fd] = entry;
    change(fd, interest, watched);
    return {};
  }

  void change(int fd, Interest interest, Watched& watched) override {
    const std::shared_ptr<Entry>& entry = entries_.at(fd);
    entry->interest = interest;
    entry->watched = &watched;
    to_arm_.push_back(entry);
  }

  void arm() override {
    for (const std::weak_ptr<Entry>& weak : std::exchange(to_arm_, {})) {
      const std::shared_ptr<Entry> entry = weak.lock();
      if (entry == nullptr || entry->watched == nullptr) continue;
      if (entry->interest.read) wait(entry, stream_descriptor::wait_read, entry->waits_to_read, entry->can_read);
      if (entry->interest.write) wait(entry, stream_descriptor::wait_write, entry->waits_to_write, entry->can_write);
    }
  }

 protected:
  void remove(int fd) override {
    const auto found = entries_.find(fd);
    if (found == entries_.end()) return;
    found->second->watched = nullptr;
    found->second->descriptor.release();
    entries_.erase(found);
  }

  std::size_t find_ready(std::span<Ready> ready) override {
    std::size_t count = 0;
    std::size_t looked_at = 0;
    for (; looked_at < ready_.size() && count < ready.size(); ++looked_at) {
      const std::shared_ptr<Entry> entry = ready_[looked_at].lock();
      if (entry == nullptr || entry->watched == nullptr) continue;
      // What is no longer wanted is not told.
      const bool read = std::exchange(entry->can_read, false) && entry->interest.read;
      const bool write = std::exchange(entry->can_write, false) && entry->interest.write;
      if (read || write) ready[count++] = {entry->watched, read, write};
      to_arm_.push_back(entry);
    }
    ready_.erase(ready_.begin(), ready_.begin() + static_cast<std::ptrdiff_t>(looked_at));
    return count;
  }

 private:
  struct Entry {
    explicit Entry(asio::io_context& context) : descriptor(context) {}
    stream_descriptor descriptor;
    Watched* watched = nullptr;  // null: forgotten
    Interest interest;
    bool waits_to_read = false;
    bool waits_to_write = false;
    bool can_read = false;
    bool can_write = false;
  };

  void wait(const std::shared_ptr<Entry>& entry, stream_descriptor::wait_type type, bool& waits, bool& can) {
    if (std::exchange(waits, true)) return;
    // The entry outlives the wait: `waits` and `can` are its members.
    entry->descriptor.async_wait(type, [this, entry, &waits, &can](std::error_code error) {
      waits = false;
      if (error == asio::error::operation_aborted || entry->watched == nullptr) return;
      can = true;
      ready_.push_back(entry);
      woken_();
    });
  }

  asio::io_context& context_;
  std::function<void()> woken_;
  std::unordered_map<int, std::shared_ptr<Entry>> entries_;
  std::vector<std::weak_ptr<Entry>> to_arm_;
  std::vector<std::weak_ptr<Entry>> ready_;
};

}  // namespace

std::unique_ptr<Readiness> make_portable_readiness(asio::io_context& context, std::function<void()> woken) {
  return std::make_unique<PortableReadiness>(context, std::move(woken));
}

}  // namespace mqtk
