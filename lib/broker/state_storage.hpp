// Where a broker's kept state is written: a directory, or a test that plays one.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include "base/bytes.hpp"
#include "net/file_descriptor.hpp"
#include "net/net_error.hpp"

namespace mqtk {

class StateStorage {
 public:
  virtual ~StateStorage() = default;
  // Appends to the log. When it returns without error the bytes outlive this process, and with Durability::power the
  // machine's failure; after an error the log is as it was before.
  [[nodiscard]] virtual std::error_code append(Bytes bytes) = 0;

  // A new log that is to take the place of the old one. Until it has, the old one counts and is appended to as before.
  [[nodiscard]] virtual std::error_code begin_snapshot() = 0;
  [[nodiscard]] virtual std::error_code append_to_snapshot(Bytes bytes) = 0;
  // The new log is whole: from now on what is appended goes to both. It takes the place of the old one when it is on
  // the disk, which may take long, so that nobody waits for it.
  virtual void finish_snapshot() = 0;
  // True once it has: from then on append() goes to the new log.
  enum class Wait : std::uint8_t { no, until_finished };
  [[nodiscard]] virtual std::expected<bool, std::error_code> snapshot_finished(Wait wait) = 0;
  // The new log is given up and the old one counts on. False if that is no longer there.
  [[nodiscard]] virtual bool abandon_snapshot() = 0;

  // Keeps the log as it is under another name, which is returned.
  [[nodiscard]] virtual std::expected<std::string, std::error_code> set_aside() = 0;
};

enum class Durability : std::uint8_t {
  process,  // kill -9 loses nothing that was acknowledged
  power,    // neither does a power cut: every turn that changes something waits for the disk
};

class StateDirectory final : public StateStorage {
 public:
  // Makes the directory if it is missing, and locks it against a second broker.
  [[nodiscard]] static std::expected<StateDirectory, NetError> open(const std::string& path, Durability durability);

  // The whole log; empty if there is none yet.
  [[nodiscard]] std::expected<std::vector<std::uint8_t>, NetError> read() const;
  std::error_code append(Bytes bytes) override;
  std::error_code begin_snapshot() override;
  std::error_code append_to_snapshot(Bytes bytes) override;
  void finish_snapshot() override;
  std::expected<bool, std::error_code> snapshot_finished(Wait wait) override;
  bool abandon_snapshot() override;
  std::expected<std::string, std::error_code> set_aside() override;

  [[nodiscard]] std::string log_path() const { return path_ + "/state"; }

  StateDirectory(StateDirectory&& other) noexcept;
  StateDirectory& operator=(StateDirectory&&) = delete;
  ~StateDirectory() override;

 private:
  class Exchange;
  StateDirectory(std::string path, Durability durability);
  [[nodiscard]] std::string new_path() const { return path_ + "/state.new"; }

  std::string path_;
  Durability durability_;
  FileDescriptor lock_;
  FileDescriptor log_;
  FileDescriptor snapshot_;
  std::unique_ptr<Exchange> exchange_;  // null until the snapshot is whole
};

}  // namespace mqtk
