#include "replay/player.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "cli/byte_size.hpp"
#include "cli/failure_text.hpp"
#include "cli/output.hpp"

namespace mqtk::replay {
namespace {

using cli::ExitStatus;

constexpr Duration progress_interval = std::chrono::milliseconds{200};
// A message this much behind its time counts as late in the report.
constexpr Duration late_from = std::chrono::milliseconds{10};
constexpr Duration arrival_limit = std::chrono::seconds{5};
constexpr Duration arrival_check = std::chrono::milliseconds{200};
// With --verify: so many may be on their way, so that memory stays bounded whatever the broker does.
constexpr std::uint64_t most_outstanding = 20'000;
// QoS 1 and 2 messages of one turn: the broker shall work on these while the next are made, not wait for a whole
// window.
constexpr std::uint64_t longest_burst = 256;

std::string milliseconds_text(Duration duration) {
  return fmt::format("{:.3f} ms", std::chrono::duration<double, std::milli>(duration).count());
}

}  // namespace

Player::Player(const Options& options, MessageSource& source)
    : options_(options),
      source_(source),
      next_burst_(*this),
      publishers_(
          loop_, options,
          {.ready = [this] { send(); },
           .done = [this](const PublishDone& done) { publish_done(done); },
           .report = [this](const std::string& line) { tell(line); },
           .stopped = [this](const std::string& line, ExitStatus status) { connection_stopped(line, status); }}),
      verifier_(options.verify ? make_verifier() : nullptr),
      signals_(loop_, {SIGINT, SIGTERM}, [this](int) { interrupted(); }),
      due_(loop_, [this] { send(); }),
      progress_(loop_, [this] { show_progress(); }),
      arrivals_(loop_, [this] { check_arrivals(); }),
      verifier_ready_(!options.verify) {}

std::unique_ptr<Verifier> Player::make_verifier() {
  const auto ready = [this] {
    verifier_ready_ = true;
    arrivals_.arm(loop_.now() + arrival_check);
    send();
  };
  const auto failed = [this](const ConnectionFailure* failure) {
    if (stopping_) return;
    const auto& connection = options_.connection;
    const auto text = failure == nullptr
                          ? cli::FailureText{verifier_->result().first_problem, ExitStatus::refused_later}
                          : cli::describe(*failure, connection.endpoint, connection.connect,
                                          cli::outlook_at_end(*failure, connection.connect));
    fail(text.line, text.status);
  };
  const auto moved = [this] {
    if (loaded_ || input_ended_) send();
  };
  return std::make_unique<Verifier>(loop_, options_,
                                    Verifier::Events{.ready = ready, .failed = failed, .moved = moved});
}

ExitStatus Player::run() {
  if (verifier_) verifier_->start();
  if (options_.connections == Connections::one) publisher_ = &publishers_.at("");
  const bool input_is_recording = std::ranges::find(options_.files, "-") != options_.files.end();
  if (!input_is_recording) {
    keys_ = std::make_unique<cli::TerminalKeys>(loop_,
                                                cli::TerminalKeys::Events{.pressed = [this](char key) { pressed(key); },
                                                                          .before_stop = [this] { clear_progress(); }});
  }
  send();
  loop_.run();
  keys_.reset();
  clear_progress();
  report();
  return status_;
}

void Player::tell(const std::string& line) {
  clear_progress();
  cli::report(line);
}

// --- sending --------------------------------------------------------------------------------------------------------

void Player::begin() {
  Duration wait{0};
  if (options_.start_at) wait = std::max(*options_.start_at - loop_.wall_now(), Duration{0});
  start_ = loop_.time_after(wait);
  if (::isatty(STDERR_FILENO) == 1 && !cli::is_quiet()) progress_.arm(loop_.now() + progress_interval);
}

void Player::send() {
  if (input_ended_) return end_if_done();
  if (!verifier_ready_ || stopping_) return;
  const std::uint64_t burst_end = sent_with_acknowledgement_ + longest_burst;
  while (publisher_ == nullptr || publisher_->is_connected()) {
    if (!loaded_ && !load_next()) return;
    if (!publisher_->is_connected()) return;
    if (!start_) begin();
    if (!is_due() || !send_one()) return;
    if (sent_with_acknowledgement_ == burst_end) return loop_.call_at_turn_end(next_burst_);
  }
}

bool Player::load_next() {
  for (;;) {
    switch (source_.next()) {
      case MessageSource::State::message:
        loaded_ = true;
        message_ = nullptr;
        if (options_.connections == Connections::per_client) publisher_ = &publishers_.at(source_.client());
        return true;
      case MessageSource::State::damaged:
        ++problems_;
        tell(source_.problem());
        if (status_ == ExitStatus::done) status_ = ExitStatus::malformed_input;
        continue;
      case MessageSource::State::invalid: fail(source_.problem(), ExitStatus::usage); return false;
      case MessageSource::State::end: end_input(); return false;
    }
  }
}

bool Player::is_due() {
  if (held_at_) {
    if (!std::exchange(step_asked_, false)) return false;
    // The replay stands where this message is due.
    start_ = *held_at_ - source_.due();
    return true;
  }
  if (!options_.speed) return !options_.start_at || loop_.now() >= *start_ || (due_.arm(*start_), false);
  const Duration after = source_.due();
  const TimePoint due = after < TimePoint::max() - *start_ ? *start_ + after : TimePoint::max();
  if (due <= loop_.now()) return true;
  due_.arm(due);
  return false;
}

bool Player::send_one() {
  if (verifier_ && verifier_->outstanding() >= most_outstanding) return false;  // goes on when some have arrived
  if (message_ == nullptr) message_ = &source_.message(source_.wants_time() ? loop_.wall_now() : WallTime{});
  const Publish& publish = *message_;
  if (verifier_ && !verifier_->can_expect(publish, source_.client())) return false;  // likewise
  const Rule broken = publisher_->publish(publish);
  if (broken == Rule::not_connected) return false;
  if (broken != Rule::none) {
    ++refused_;
    fail(fmt::format("cannot publish to '{}': {}", publish.topic_name, rule_info(broken).text),
         ExitStatus::refused_later);
    return false;
  }
  loaded_ = false;
  if (verifier_) verifier_->expect(publish, source_.client());
  const TimePoint now = loop_.now();
  if (sent_++ == 0) first_sent_at_ = now;
  last_sent_at_ = now;
  if (publish.qos != QoS::at_most_once) {
    ++sent_with_acknowledgement_;
    ++unfinished_;
  }
  if (options_.speed && !held_at_) {
    const Duration lateness = now - (*start_ + source_.due());
    lateness_.record(lateness);
    if (lateness > late_from) ++late_;
  }
  return true;
}

void Player::publish_done(const PublishDone& done) {
  --unfinished_;
  if (is_failure(done.reason)) {
    if (++refused_ == 1) {
      tell(fmt::format("the broker refused a message: {}",
                       cli::reason_text(done.reason, done.answer, done.reason_string)));
    }
    status_ = ExitStatus::refused_later;
  } else {
    ++acknowledged_;
  }
  end_if_done();
}

// --- the end --------------------------------------------------------------------------------------------------------

void Player::end_input() {
  input_ended_ = true;
  due_.cancel();
  end_if_done();
}

void Player::end_if_done() {
  if (!input_ended_ || unfinished_ > 0 || stopping_) return;
  const bool awaited = verifier_ && verifier_->outstanding() > 0 && status_ != ExitStatus::refused_later;
  if (!awaited) stop();
}

void Player::check_arrivals() {
  if (stopping_) return;
  if (verifier_->is_stuck(loop_.now(), arrival_limit)) {
    input_ended_ = true;
    return stop();
  }
  arrivals_.arm(loop_.now() + arrival_check);
}

void Player::stop() {
  if (std::exchange(stopping_, true)) return;
  due_.cancel();
  arrivals_.cancel();
  progress_.cancel();
  if (verifier_) verifier_->stop();
  publishers_.stop();
  if (publishers_.all_stopped()) loop_.stop();
}

// What was sent before is still acknowledged.
void Player::fail(const std::string& line, ExitStatus status) {
  tell(line);
  status_ = status;
  input_ended_ = true;
  if (unfinished_ == 0) stop();
}

void Player::interrupted() {
  if (stopping_) return loop_.stop();
  input_ended_ = true;
  stop();
}

// One that gives up ends the replay: its messages could only be lost.
void Player::connection_stopped(const std::string& line, ExitStatus status) {
  if (!line.empty() && !stopping_) {
    tell(line);
    status_ = status;
    input_ended_ = true;
    return stop();
  }
  if (publishers_.all_stopped()) loop_.stop();
}

// --- on a terminal --------------------------------------------------------------------------------------------------

void Player::pressed(char key) {
  const bool step = key == 's' || key == '\n' || key == '\r';
  if (key == 'q') return interrupted();
  if (!start_ || input_ended_) return;
  if (key == ' ' && held_at_) {
    *start_ += loop_.now() - *held_at_;
    held_at_.reset();
  } else if ((key == ' ' || step) && !held_at_) {
    held_at_ = loop_.now();
  }
  if (step) step_asked_ = true;
  send();
}

void Player::show_progress() {
  std::string line = fmt::format("\r\x1b[K{} messages", cli::grouped(sent_));
  if (const auto part = source_.progress(); part && options_.passes == 1) {
    constexpr std::size_t width = 30;
    const auto filled = static_cast<std::size_t>(*part * width);
    line += fmt::format("  [{}{}] {:.0f} %", std::string(filled, '#'), std::string(width - filled, '.'), *part * 100);
    const double seconds = to_seconds(loop_.now() - *start_);
    if (*part > 0.01 && !held_at_) line += fmt::format("  {:.0f} s left", seconds / *part * (1 - *part));
  }
  if (held_at_) line += "  held: space goes on, s sends one";
  if (::write(STDERR_FILENO, line.data(), line.size()) > 0) progress_visible_ = true;
  progress_.arm(loop_.now() + progress_interval);
}

void Player::clear_progress() {
  constexpr std::string_view blank = "\r\x1b[K";
  if (std::exchange(progress_visible_, false) && ::write(STDERR_FILENO, blank.data(), blank.size()) < 0) return;
}

// --- the report -----------------------------------------------------------------------------------------------------

void Player::report() {
  if (sent_ == 0 && status_ != ExitStatus::done) return;
  const double seconds = to_seconds(last_sent_at_ - first_sent_at_);
  std::string line = fmt::format("{} messages sent in {:.3f} s, {} of {} acknowledged", cli::grouped(sent_), seconds,
                                 cli::grouped(acknowledged_), cli::grouped(sent_with_acknowledgement_));
  if (lateness_.count() > 0) {
    line += fmt::format(
        "; lateness median {}, p99 {}, most {}; {} late", milliseconds_text(lateness_.percentile_to_max(50)),
        milliseconds_text(lateness_.percentile_to_max(99)), milliseconds_text(lateness_.max()), cli::grouped(late_));
  }
  cli::report(line);
  if (source_.unchanged_json() > 0) {
    cli::report(fmt::format("--set-json had no place in a payload {} times", cli::grouped(source_.unchanged_json())));
  }
  if (options_.connections == Connections::per_client) {
    cli::report(fmt::format("{} connections", cli::grouped(publishers_.count())));
  }
  if (verifier_) report_verification();
}

void Player::report_verification() {
  const Verifier::Result& result = verifier_->result();
  const bool proved = verifier_->outstanding() == 0 && result.wrong == 0 && result.surplus == 0;
  std::string line = fmt::format("verified: {} arrived as sent, {} missing, {} out of order, {} not expected",
                                 cli::grouped(result.arrived), cli::grouped(verifier_->outstanding()),
                                 cli::grouped(result.wrong), cli::grouped(result.surplus));
  if (result.ignored > 0) line += fmt::format(", {} not matched by the filter", cli::grouped(result.ignored));
  if (!result.first_problem.empty()) line += "; " + result.first_problem;
  cli::report(line);
  if (!proved && status_ == ExitStatus::done) status_ = ExitStatus::assertion_failed;
}

}  // namespace mqtk::replay
