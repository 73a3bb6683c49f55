// What passes through the proxy, to the viewer.
//
// Bytes are noted when they are read and looked at when the turn ends: by then they have been passed on.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "capture/capture_decoder.hpp"
#include "cli/capture_view.hpp"
#include "cli/packet_viewer.hpp"
#include "net/descriptor_watch.hpp"
#include "net/loop.hpp"
#include "net/timer.hpp"

namespace mqtk::proxy {

class TrafficViewHost {
 public:
  // Whoever reads the output does not keep up, or does again. In between nothing should be passed on.
  virtual void on_view_behind() = 0;
  virtual void on_view_caught_up() = 0;
  // Nobody reads the output any more, or the file of --write cannot be written.
  virtual void on_view_ended() = 0;

 protected:
  ~TrafficViewHost() = default;
};

class TrafficView final : TurnEndListener {
 public:
  // `written` takes what --write asks for; may be null.
  TrafficView(Loop& loop, const cli::ViewOptions& options, std::unique_ptr<cli::StreamFile> written, int descriptor,
              TrafficViewHost& host);

  // Lines of the program's own, between packets.
  void say(std::string_view text);

  // Returns the number of the connection, from 1. The addresses are those of the peers as Network Connections tell
  // them.
  [[nodiscard]] std::uint64_t open(const std::string& client_address, const std::string& broker_host);
  void passed(std::uint64_t number, Role sender, Bytes bytes);
  // A line on stderr, behind the packets before it.
  void tell(std::uint64_t number, std::string text);
  // A fault has struck: what follows is judged less strictly.
  void struck(std::uint64_t number, std::string text);
  // `by` ended it; Role::unknown: the proxy did.
  void close(std::uint64_t number, Role by, ConnectionEnd end);

  // Shows what is still to be shown; waits for whoever reads it.
  [[nodiscard]] cli::ExitStatus finish();

 private:
  struct Event {
    enum class Kind : std::uint8_t { bytes, told, struck, closed };
    Kind kind = Kind::bytes;
    std::uint64_t number = 0;
    Role role = Role::unknown;
    ConnectionEnd end = ConnectionEnd::finished;
    std::size_t size = 0;  // of bytes
    std::string text = {};
  };

  void add(Event event);
  void on_turn_end() override;
  void show_events();
  void show(const Event& event, Bytes bytes, WallTime time);
  void flush_output();
  void flush_file();

  Loop& loop_;
  bool is_decoding_;
  TrafficViewHost& host_;
  cli::PacketViewer viewer_;
  cli::CaptureView view_;
  CaptureDecoder decoder_;
  DescriptorWatch output_ready_;
  Timer file_due_;
  std::vector<Event> events_;
  std::vector<std::uint8_t> bytes_;  // of the events, one behind the other
  std::unordered_set<std::uint64_t> open_;
  std::uint64_t undecoded_ = 0;  // connections, where nothing is decoded
  bool behind_ = false;
};

}  // namespace mqtk::proxy
