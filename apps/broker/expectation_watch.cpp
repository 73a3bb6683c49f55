#include "broker/expectation_watch.hpp"

#include "cli/output.hpp"
#include "net/loop.hpp"

namespace mqtk::broker_program {

ExpectationWatch::ExpectationWatch(Loop& loop, Expectation expectation, std::function<void()> decided)
    : loop_(loop),
      expectation_(std::move(expectation)),
      decided_(std::move(decided)),
      time_over_(loop, [this] { decide(); }) {}

void ExpectationWatch::start() { time_over_.arm(loop_.time_after(expectation_.within())); }

void ExpectationWatch::on_message(std::string_view client_identifier, const Publish& publish) {
  if (is_decided_) return;
  expectation_.on_message(client_identifier, publish);
  if (expectation_.settled() || expectation_.hopeless()) decide();
}

void ExpectationWatch::decide() {
  if (is_decided_) return;
  is_decided_ = true;
  loop_.post(decided_);
}

bool ExpectationWatch::report() {
  is_decided_ = true;
  for (const std::string& complaint : expectation_.complaints()) cli::report(complaint);
  return expectation_.fulfilled();
}

}  // namespace mqtk::broker_program
