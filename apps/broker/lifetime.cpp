#include "broker/lifetime.hpp"

#include <unistd.h>

#include <utility>

#include "net/loop.hpp"

namespace mqtk::broker_program {
namespace {

// The system can send a signal instead (PR_SET_PDEATHSIG), but does so when the thread ends that started us, which may
// be long before its process does.
constexpr Duration parent_interval = std::chrono::milliseconds{200};

}  // namespace

Lifetime::Lifetime(Loop& loop, const LifetimeOptions& options, std::function<void(End)> over)
    : loop_(loop),
      over_(std::move(over)),
      parent_(::getppid()),
      time_up_(loop, [this] { finish(End::time_up); }),
      look_for_parent_(loop, [this] { look_for_parent(); }) {
  if (options.at_most) time_up_.arm(loop.time_after(*options.at_most));
  if (options.exit_with_parent) look_for_parent_.arm(loop.time_after(parent_interval));
}

void Lifetime::look_for_parent() {
  if (::getppid() != parent_) return finish(End::parent_gone);
  look_for_parent_.arm(loop_.time_after(parent_interval));
}

void Lifetime::finish(End end) {
  time_up_.cancel();
  look_for_parent_.cancel();
  over_(end);
}

}  // namespace mqtk::broker_program
