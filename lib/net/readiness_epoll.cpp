#include "net/readiness.hpp"

#ifdef __linux__

#include <sys/epoll.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <ctime>

#include "net/file_descriptor.hpp"

namespace mqtk {
namespace {

using std::chrono::nanoseconds;

std::uint32_t events_of(Interest interest) {
  std::uint32_t events = 0;
  if (interest.read) events |= EPOLLIN | EPOLLRDHUP;
  if (interest.write) events |= EPOLLOUT;
  // Errors and hang-ups are always reported; edge-triggered they come once and do not keep the loop spinning.
  if (events == 0) events = EPOLLET;
  return events;
}

class EpollReadiness final : public Readiness {
 public:
  EpollReadiness() : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {}
  [[nodiscard]] bool is_open() const { return epoll_.is_open(); }

  std::error_code watch(int fd, Interest interest, Watched& watched) override {
    if (control(EPOLL_CTL_ADD, fd, interest, watched) == 0) return {};
    return {errno, std::system_category()};
  }
  void change(int fd, Interest interest, Watched& watched) override { control(EPOLL_CTL_MOD, fd, interest, watched); }

 protected:
  void remove(int fd) override { ::epoll_ctl(epoll_.number(), EPOLL_CTL_DEL, fd, nullptr); }

  std::size_t find_ready(std::optional<nanoseconds> timeout, std::span<Ready> ready) override {
    std::array<epoll_event, max_batch> events;
    const int found = wait_events(timeout, events);
    for (std::size_t i = 0; i < static_cast<std::size_t>(std::max(found, 0)); ++i) {
      const std::uint32_t bits = events[i].events;
      const bool broken = (bits & (EPOLLERR | EPOLLHUP)) != 0;
      ready[i] = {static_cast<Watched*>(events[i].data.ptr), broken || (bits & (EPOLLIN | EPOLLRDHUP)) != 0,
                  broken || (bits & EPOLLOUT) != 0};
    }
    return static_cast<std::size_t>(std::max(found, 0));
  }

 private:
  int control(int operation, int fd, Interest interest, Watched& watched) {
    epoll_event event{};
    event.events = events_of(interest);
    event.data.ptr = &watched;
    return ::epoll_ctl(epoll_.number(), operation, fd, &event);
  }

  int wait_events(std::optional<nanoseconds> timeout, std::span<epoll_event> events) {
    const int capacity = static_cast<int>(events.size());
    if (!timeout) return ::epoll_wait(epoll_.number(), events.data(), capacity, -1);
    if (timeout->count() <= 0) return ::epoll_wait(epoll_.number(), events.data(), capacity, 0);
#if defined(__GLIBC__) && (__GLIBC__ > 2 || __GLIBC_MINOR__ >= 35)
    if (has_nanoseconds_) {
      const auto seconds = std::chrono::floor<std::chrono::seconds>(*timeout);
      const timespec limit{static_cast<std::time_t>(seconds.count()), static_cast<long>((*timeout - seconds).count())};
      const int found = ::epoll_pwait2(epoll_.number(), events.data(), capacity, &limit, nullptr);
      if (found >= 0 || errno != ENOSYS) return found;
      has_nanoseconds_ = false;  // Linux before 5.11
    }
#endif
    const auto limit = std::chrono::ceil<std::chrono::milliseconds>(*timeout).count();
    return ::epoll_wait(epoll_.number(), events.data(), capacity,
                        static_cast<int>(std::min<long long>(limit, INT_MAX)));
  }

  FileDescriptor epoll_;
  bool has_nanoseconds_ = true;
};

}  // namespace

std::unique_ptr<Readiness> make_epoll_readiness() {
  auto readiness = std::make_unique<EpollReadiness>();
  if (!readiness->is_open()) return nullptr;
  return readiness;
}

}  // namespace mqtk

#else

namespace mqtk {
std::unique_ptr<Readiness> make_epoll_readiness() { return nullptr; }
}  // namespace mqtk

#endif
