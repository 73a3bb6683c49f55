// A disk in memory, and brokers that keep their state on it.
#pragma once

#include <string>
#include <utility>

#include "broker/broker_fixture.hpp"

namespace mqtk {

inline const wire::Octets one_hour = wire::hex("11 00 00 0E 10");  // Session Expiry Interval
inline const wire::Octets connack_new = wire::hex("20 03 00 00 00");
inline const wire::Octets connack_present = wire::hex("20 03 01 00 00");
inline const wire::Octets magic("mqtk state 1\n\0\0\0", 16);

// A disk: what is on it outlives the brokers.
class Disk final : public StateStorage {
 public:
  std::error_code append(Bytes bytes) override {
    if (full || used() + bytes.size() > room) return std::make_error_code(std::errc::no_space_on_device);
    log += as_text(bytes);
    return {};
  }
  std::error_code begin_snapshot() override {
    next_.clear();
    return {};
  }
  std::error_code append_to_snapshot(Bytes bytes) override {
    if (full_for_snapshots) return std::make_error_code(std::errc::no_space_on_device);
    next_ += as_text(bytes);
    return {};
  }
  void finish_snapshot() override { finishing_ = true; }
  std::expected<bool, std::error_code> snapshot_finished(Wait wait) override {
    if (!finishing_ || (slow && wait == Wait::no)) return false;
    finishing_ = false;
    log = std::exchange(next_, {});
    ++snapshots;
    return true;
  }
  bool abandon_snapshot() override {
    next_.clear();
    finishing_ = false;
    return !old_is_gone;
  }
  std::expected<std::string, std::error_code> set_aside() override {
    damaged = log;
    return "damaged";
  }

  wire::Octets log;
  wire::Octets damaged;
  [[nodiscard]] std::size_t used() const { return log.size() + next_.size(); }

  int snapshots = 0;
  std::size_t room = SIZE_MAX;
  bool full = false;
  bool full_for_snapshots = false;
  bool old_is_gone = false;  // a snapshot has taken its place when it fails
  bool slow = false;         // a snapshot does not get there for now

 private:
  wire::Octets next_;
  bool finishing_ = false;
};

// A broker that begins with what is on the disk, at this time of the people's clock.
struct KeepingBroker : BrokerFixture {
  explicit KeepingBroker(Disk& disk, std::chrono::seconds at = {}, const BrokerOptions& options = plain_options())
      : BrokerFixture(options) {
    const wire::Octets log = disk.log;
    kept = core.keep_state(disk, as_bytes(log), WallTime{std::chrono::hours{400'000} + at});
  }
  BrokerCore::KeptState kept;
};

inline void publish_as_other(BrokerFixture& broker, const wire::Publish& message) {
  Peer other(broker);
  other.connect({.id = "other"}).send(wire::publish(message));
  static_cast<void>(other.got());
}

inline wire::Connect again(const std::string& id) { return {.id = id, .clean = false, .properties = one_hour}; }

}  // namespace mqtk
