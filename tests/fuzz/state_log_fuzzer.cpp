// The log of a broker's kept state: whatever stands in it, the broker starts, and what it then writes is read again
// without anything cut.
//
// Input: the records of the log's only frame, so that no checksum has to be guessed.
#include <cstdint>
#include <cstdlib>
#include <utility>
#include <vector>

#include "broker/memory_broker.hpp"

using namespace mqtk;

namespace {

class Disk final : public StateStorage {
 public:
  std::error_code append(Bytes bytes) override {
    log.insert(log.end(), bytes.begin(), bytes.end());
    return {};
  }
  std::error_code begin_snapshot() override { return {}; }
  std::error_code append_to_snapshot(Bytes bytes) override {
    next.insert(next.end(), bytes.begin(), bytes.end());
    return {};
  }
  void finish_snapshot() override {}
  std::expected<bool, std::error_code> snapshot_finished(Wait /*wait*/) override {
    log = std::exchange(next, {});
    return true;
  }
  bool abandon_snapshot() override { return true; }
  std::expected<std::string, std::error_code> set_aside() override { return "damaged"; }

  std::vector<std::uint8_t> log;
  std::vector<std::uint8_t> next;
};

struct Content {
  std::uint64_t sessions;
  std::uint64_t retained;
  std::uint64_t queued;
  bool operator==(const Content&) const = default;
};

// Begins with `log`, and leaves what is written on `disk`.
Content begin(Disk& disk, const std::vector<std::uint8_t>& log, bool sound) {
  MemoryBroker broker;
  const auto kept = broker.core.keep_state(disk, log, WallTime{std::chrono::hours{400'000}});
  if (kept.error || (sound && kept.cut_bytes != 0)) std::abort();
  return {kept.sessions, kept.retained, kept.queued};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::vector<std::uint8_t> log(as_bytes(state_log_magic).begin(), as_bytes(state_log_magic).end());
  append_state_frame({data, size}, log);
  Disk first;
  begin(first, log, false);
  Disk second;
  const Content once = begin(second, first.log, true);
  Disk third;
  if (begin(third, second.log, true) != once) std::abort();
  return 0;
}
