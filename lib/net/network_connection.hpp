// A Network Connection: bytes to and from one peer, whatever carries them.
//
// It holds no buffers. Its owner is told when bytes wait and reads them where it likes, and hands over its
// SendQueue to be written; an idle connection costs a hundred bytes.
//
// A listener may destroy the connection in any of its calls, also the one being called.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <system_error>

#include "base/bytes.hpp"
#include "base/send_queue.hpp"
#include "base/time.hpp"
#include "net/net_error.hpp"

namespace mqtk {

class Loop;
struct TlsFacts;

class NetworkConnectionListener {
 public:
  // Bytes, the end of the stream or an error wait: call read once. Called again at the next turn while more
  // waits.
  virtual void on_readable() = 0;

  // A flush that could write only a part can go on: call flush again.
  virtual void on_writable() = 0;

 protected:
  ~NetworkConnectionListener() = default;
};

enum class FlushResult : std::uint8_t {
  all,   // the queue is empty
  part,  // the peer or the network takes no more for now; on_writable follows
};

class NetworkConnection {
 public:
  NetworkConnection() = default;
  NetworkConnection(const NetworkConnection&) = delete;
  NetworkConnection& operator=(const NetworkConnection&) = delete;
  // Closes at once; what is queued is not written. See close_after_sending for the friendly way.
  virtual ~NetworkConnection() = default;

  // Comes first. From here on `listener` is called, from the Loop only, never within a call to this object.
  // Until then nothing is read. May be called again to hand the connection over.
  virtual void start(NetworkConnectionListener& listener) = 0;

  // Reads what is there into `to`, which is not empty. Never 0 bytes: the end of the stream is
  // NetFault::end_of_stream and nothing there is std::errc::operation_would_block. Any other error means that
  // the connection is lost.
  [[nodiscard]] virtual std::expected<std::size_t, std::error_code> read(MutableBytes to) = 0;

  // Writes as much of `queue` as goes, in one gather write as a rule, and consumes it there. While
  // on_writable is outstanding it does nothing and returns `part`. An error means that the connection is lost
  // for writing; bytes that the peer sent before may still be read.
  [[nodiscard]] virtual std::expected<FlushResult, std::error_code> flush(SendQueue& queue) = 0;

  // Back-pressure: without reads the peer's window fills up. While paused the end of the stream is not
  // noticed, either. Cheap to call often.
  virtual void pause_reading() = 0;
  virtual void resume_reading() = 0;

  // Tells the peer that nothing more comes (FIN). Reading goes on.
  virtual void end_writing() = 0;

  // Tells the peer now that what was read has arrived, where the system would wait with it for up to 40 ms: a peer with
  // Nagle's algorithm holds back all that follows until it knows. To be called after each read for which nothing is
  // sent; elsewhere it costs a system call and a packet for nothing.
  virtual void confirm_arrival() {}

  // The next destruction resets the connection instead of closing it in good order: unsent bytes are thrown
  // away and the peer sees an error.
  virtual void reset_on_close() = 0;

  // "192.0.2.1:50123", "[2001:db8::1]:50123", "local" for a Unix socket.
  [[nodiscard]] virtual std::string peer_address() const = 0;

  // What the TLS handshake showed; null without TLS and until it is done.
  [[nodiscard]] virtual const TlsFacts* tls_facts() const { return nullptr; }
};

struct SendingEnd {
  Duration limit = std::chrono::seconds(5);  // for everything together; then the connection is cut
  // When all is written and handed to the network, or cannot be; the value is the error. From the Loop, once.
  std::function<void(std::error_code)> sent = {};
};

// Takes the connection over to write `rest`, ends writing and throws away what the peer still sends until it
// closes, too: so the last packet arrives (closing with unread bytes would reset the connection and lose it).
// The caller is done with both; the Loop keeps them as long as needed.
void close_after_sending(Loop& loop, std::unique_ptr<NetworkConnection> connection, SendQueue rest,
                         SendingEnd end = {});

}  // namespace mqtk
