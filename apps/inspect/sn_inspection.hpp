// MQTT-SN to standard output: --sn. From UDP in captures, or from hex with one message behind another.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "capture/hex_input.hpp"
#include "capture/ip_fragments.hpp"
#include "capture/pcap_reader.hpp"
#include "capture/sn_view.hpp"
#include "cli/output.hpp"
#include "inspect/options.hpp"

namespace mqtk::inspect {

class SnInspection {
 public:
  // Beyond these, what is known of the client that was seen first is forgotten.
  static constexpr std::size_t max_clients = 10'000;
  static constexpr std::size_t max_name_bytes = 4U * 1024 * 1024;  // of all topics

  explicit SnInspection(const Options& options) : options_(options) {}

  [[nodiscard]] cli::ExitStatus run();

 private:
  struct Client {
    std::uint64_t number = 0;
    SnTopics topics;
  };
  using Ends = std::pair<SocketEnd, SocketEnd>;

  void read_hex_text(const std::string& name, std::string_view text);
  [[nodiscard]] bool drain_capture(const std::string& name, PcapReader& reader);
  void take_segment(const Segment& segment, std::optional<WallTime> time);
  void take_messages(Bytes bytes, std::optional<WallTime> time, Role sender, Client& client);
  [[nodiscard]] Client* client_of(const Segment& segment, const SnMessage& first);
  void forget_oldest();
  void complain(const std::string& name, const std::string& text, cli::ExitStatus status);

  const Options& options_;
  cli::Output output_;
  cli::ExitStatus status_ = cli::ExitStatus::done;
  IpFragments fragments_;
  std::map<Ends, Client> clients_;
  std::deque<Ends> by_age_;
  std::size_t name_bytes_ = 0;  // of clients_
  std::uint64_t last_client_ = 0;
  std::uint64_t index_ = 0;
  std::uint64_t messages_ = 0;
  std::uint64_t problems_ = 0;
};

}  // namespace mqtk::inspect
