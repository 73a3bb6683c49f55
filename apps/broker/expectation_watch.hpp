// Waits for what --expect asks for.
#pragma once

#include <functional>

#include "broker/broker_listener.hpp"
#include "broker/expectation.hpp"
#include "net/timer.hpp"

namespace mqtk::broker_program {

class ExpectationWatch final : public BrokerListener {
 public:
  // `decided` is called once, from the loop: when nothing can change the verdict any more, or when the time is over.
  ExpectationWatch(Loop& loop, Expectation expectation, std::function<void()> decided);

  // The time runs from here.
  void start();
  [[nodiscard]] bool fulfilled() const { return expectation_.fulfilled(); }
  // Tells what did not come as expected, a line each. True if everything did.
  [[nodiscard]] bool report();

  [[nodiscard]] bool wants_messages() const override { return true; }
  void on_message(std::string_view client_identifier, const Publish& publish) override;

 private:
  void decide();

  Loop& loop_;
  Expectation expectation_;
  std::function<void()> decided_;
  bool is_decided_ = false;
  Timer time_over_;
};

}  // namespace mqtk::broker_program
