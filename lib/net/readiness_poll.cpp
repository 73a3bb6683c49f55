#include <poll.h>

#include <algorithm>
#include <climits>
#include <vector>

#include "net/readiness.hpp"

namespace mqtk {
namespace {

// One system call looks at every descriptor: fine for clients, slow for a broker with thousands of
// connections.
class PollReadiness final : public Readiness {
 public:
  std::error_code watch(int fd, Interest interest, Watched& watched) override {
    const auto number = static_cast<std::size_t>(fd);
    if (number >= slot_of_.size()) slot_of_.resize(number + 1, no_slot);
    slot_of_[number] = polled_.size();
    polled_.push_back({});
    watched_.push_back(nullptr);
    change(fd, interest, watched);
    return {};
  }

  void change(int fd, Interest interest, Watched& watched) override {
    const std::size_t slot = slot_of_[static_cast<std::size_t>(fd)];
    int events = 0;
    if (interest.read) events |= POLLIN;
    if (interest.write) events |= POLLOUT;
    // A negative descriptor is skipped: without interest not even a hang-up is told.
    polled_[slot] = {events == 0 ? -fd - 1 : fd, static_cast<short>(events), 0};
    watched_[slot] = &watched;
  }

 protected:
  void remove(int fd) override {
    const std::size_t slot = slot_of_[static_cast<std::size_t>(fd)];
    const pollfd& last = polled_.back();
    slot_of_[static_cast<std::size_t>(last.fd < 0 ? -last.fd - 1 : last.fd)] = slot;
    polled_[slot] = last;
    watched_[slot] = watched_.back();
    polled_.pop_back();
    watched_.pop_back();
    slot_of_[static_cast<std::size_t>(fd)] = no_slot;
  }

  std::size_t find_ready(std::optional<std::chrono::nanoseconds> timeout, std::span<Ready> ready) override {
    int limit = -1;
    if (timeout) {
      const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(*timeout).count();
      limit = static_cast<int>(std::clamp<long long>(milliseconds, 0, INT_MAX));
    }
    if (::poll(polled_.data(), static_cast<nfds_t>(polled_.size()), limit) <= 0) return 0;
    std::size_t count = 0;
    std::size_t looked_at = 0;
    // Goes on where the last turn stopped, so that descriptors late in the list get their turn, too.
    for (; looked_at < polled_.size() && count < ready.size(); ++looked_at) {
      const std::size_t slot = (start_ + looked_at) % polled_.size();
      const int bits = polled_[slot].revents;
      if (bits == 0) continue;
      const bool broken = (bits & (POLLERR | POLLHUP | POLLNVAL)) != 0;
      ready[count++] = {watched_[slot], broken || (bits & POLLIN) != 0, broken || (bits & POLLOUT) != 0};
    }
    start_ = (start_ + looked_at) % polled_.size();
    return count;
  }

 private:
  static constexpr std::size_t no_slot = static_cast<std::size_t>(-1);

  std::vector<pollfd> polled_;
  std::vector<Watched*> watched_;     // beside polled_
  std::vector<std::size_t> slot_of_;  // by descriptor
  std::size_t start_ = 0;
};

}  // namespace

std::unique_ptr<Readiness> make_poll_readiness() { return std::make_unique<PollReadiness>(); }

}  // namespace mqtk
