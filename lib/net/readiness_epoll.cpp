#include "net/readiness.hpp"

#ifdef __linux__

#include <sys/epoll.h>

#include <algorithm>
#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <cerrno>
#include <utility>

namespace mqtk {
namespace {

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
  EpollReadiness(asio::io_context& context, std::function<void()> woken) : woken_(std::move(woken)), set_(context) {
    std::error_code error;
    const int number = ::epoll_create1(EPOLL_CLOEXEC);
    if (number >= 0) set_.assign(number, error);
  }
  [[nodiscard]] bool is_open() const { return set_.is_open(); }

  std::error_code watch(int fd, Interest interest, Watched& watched) override {
    if (control(EPOLL_CTL_ADD, fd, interest, watched) == 0) return {};
    return {errno, std::system_category()};
  }
  void change(int fd, Interest interest, Watched& watched) override { control(EPOLL_CTL_MOD, fd, interest, watched); }

  void arm() override {
    if (std::exchange(armed_, true)) return;
    set_.async_wait(asio::posix::stream_descriptor::wait_read, [this](std::error_code error) {
      // Aborted when this dies: nothing of it may be touched then.
      if (error == asio::error::operation_aborted) return;
      armed_ = false;
      woken_();
    });
  }

 protected:
  void remove(int fd) override { ::epoll_ctl(set_.native_handle(), EPOLL_CTL_DEL, fd, nullptr); }

  std::size_t find_ready(std::span<Ready> ready) override {
    std::array<epoll_event, max_batch> events;
    const int found = ::epoll_wait(set_.native_handle(), events.data(), static_cast<int>(events.size()), 0);
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
    return ::epoll_ctl(set_.native_handle(), operation, fd, &event);
  }

  std::function<void()> woken_;
  asio::posix::stream_descriptor set_;
  bool armed_ = false;
};

}  // namespace

std::unique_ptr<Readiness> make_epoll_readiness(asio::io_context& context, std::function<void()> woken) {
  auto readiness = std::make_unique<EpollReadiness>(context, std::move(woken));
  if (!readiness->is_open()) return nullptr;
  return readiness;
}

}  // namespace mqtk

#else

namespace mqtk {
std::unique_ptr<Readiness> make_epoll_readiness(asio::io_context& /*context*/, std::function<void()> /*woken*/) {
  return nullptr;
}
}  // namespace mqtk

#endif
