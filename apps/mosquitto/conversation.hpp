// What the three tools share: connecting, the texts and exit codes of mosquitto's clients, and the lines of -d.
#pragma once

#include <string>
#include <string_view>

#include "client/client.hpp"
#include "mosquitto/arguments.hpp"
#include "net/loop.hpp"
#include "net/timer.hpp"

namespace mqtk::mosquitto {

// "Error: " and such lines on stderr; nothing under --quiet.
void tell(const Arguments& arguments, std::string_view line);

// Prints what passes, as -d of mosquitto's clients does: on stdout, between the messages.
class DebugLines final : public PacketObserver {
 public:
  explicit DebugLines(const Arguments& arguments);
  void packet_received(Bytes packet) override { print(packet, Role::server); }
  void packet_sent(Bytes head, Bytes tail) override;
  // Only DISCONNECT is told from here on.
  void end() { ending_ = true; }

 private:
  void print(Bytes packet, Role sender);
  void print_received(const Packet& packet);
  void print_sent(const Packet& packet);
  void line(std::string_view text);

  Version version_;
  std::string id_;
  std::uint64_t requests_ = 0;  // Mosquitto's library numbers QoS 0 messages, too
  bool ending_ = false;
};

class Conversation : protected ClientListener {
 public:
  explicit Conversation(const Arguments& arguments);
  virtual ~Conversation() = default;
  Conversation(const Conversation&) = delete;
  Conversation& operator=(const Conversation&) = delete;

  // Until the end; the exit status.
  [[nodiscard]] int run();

 protected:
  // Ends the conversation with DISCONNECT.
  void end(int status, ReasonCode reason = ReasonCode::success);
  [[nodiscard]] bool is_ending() const { return ending_; }
  [[nodiscard]] bool was_connected() const { return was_connected_; }
  // Writes to stdout at once; a closed reader ends the run with 0.
  void print(std::string_view text);
  void acknowledge(const Publish& message);
  // The time that -W gives is over.
  void timed_out();

  void on_connected(const Connected& connected) override;
  void on_stopped(const ConnectionFailure* failure) override;

  const Arguments& arguments_;
  Loop loop_;
  DebugLines debug_;
  Client client_;
  Timer time_limit_;

 private:
  // Tells what has ended the conversation; the exit status.
  [[nodiscard]] int told(const ConnectionFailure& failure);
  [[nodiscard]] int refused(int code, bool v5) const;

  bool ending_ = false;
  bool was_connected_ = false;
  int status_ = 0;
};

[[nodiscard]] int publish(const Arguments& arguments);
[[nodiscard]] int subscribe(const Arguments& arguments);
[[nodiscard]] int request(const Arguments& arguments);

}  // namespace mqtk::mosquitto
