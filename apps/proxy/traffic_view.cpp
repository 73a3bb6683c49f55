#include "proxy/traffic_view.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <charconv>
#include <utility>

namespace mqtk::proxy {
namespace {

constexpr Duration file_interval = std::chrono::milliseconds{200};
constexpr std::size_t kept_bytes = 1024UL * 1024;  // of memory between turns
constexpr std::uint16_t mqtt_port = 1883;

// Of "192.0.2.1:50123"; family 0 for all others.
SocketEnd socket_end(const std::string& address) {
  SocketEnd end;
  const std::size_t colon = address.rfind(':');
  const std::string host = address.substr(0, colon);
  if (::inet_pton(AF_INET, host.c_str(), end.address.data()) != 1) return {};
  end.family = 4;
  if (colon == std::string::npos) return end;
  const std::string_view port = std::string_view{address}.substr(colon + 1);
  std::from_chars(port.data(), port.data() + port.size(), end.port);
  return end;
}

bool wants_packets(const cli::ViewOptions& options) {
  return options.view != cli::View::none || options.write || options.statistics || options.summary;
}

}  // namespace

TrafficView::TrafficView(Loop& loop, const cli::ViewOptions& options, std::unique_ptr<cli::StreamFile> written,
                         int descriptor, TrafficViewHost& host)
    : loop_(loop),
      is_decoding_(wants_packets(options)),
      host_(host),
      viewer_(options, std::move(written),
              {.descriptor = descriptor, .waiting = cli::PacketViewer::Waiting::in_caller}),
      view_(viewer_, "", cli::CaptureView::FileEnd::told_by_caller),
      decoder_(
          view_,
          options.view == cli::View::annotated || options.view == cli::View::tree ? Notes::always : Notes::when_needed,
          {}),
      output_ready_(loop, descriptor, [this] { flush_output(); }),
      file_due_(loop, [this] { flush_file(); }) {
  if (!options.show_secrets) decoder_.hide_signatures();
  viewer_.start_source(cli::View::line);
}

void TrafficView::say(std::string_view text) {
  viewer_.buffer().append(text);
  loop_.call_at_turn_end(*this);
}

// In a capture the broker is at port 1883 whatever the port: what it holds is neither TLS nor WebSocket, and programs
// that read captures go by the port.
std::uint64_t TrafficView::open(const std::string& client_address, const std::string& broker_host) {
  if (!is_decoding_) return ++undecoded_;
  ConnectionEnds ends{.first = socket_end(client_address), .second = socket_end(broker_host), .start_seen = true};
  ends.second.port = mqtt_port;
  const std::uint64_t number = decoder_.open(ends);
  open_.insert(number);
  return number;
}

void TrafficView::passed(std::uint64_t number, Role sender, Bytes bytes) {
  if (!is_decoding_) return;
  bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  add({.kind = Event::Kind::bytes, .number = number, .role = sender, .size = bytes.size()});
}

void TrafficView::tell(std::uint64_t number, std::string text) {
  add({.kind = Event::Kind::told, .number = number, .text = std::move(text)});
}

void TrafficView::struck(std::uint64_t number, std::string text) {
  add({.kind = Event::Kind::struck, .number = number, .text = std::move(text)});
}

void TrafficView::close(std::uint64_t number, Role by, ConnectionEnd end) {
  add({.kind = Event::Kind::closed, .number = number, .role = by, .end = end});
}

void TrafficView::add(Event event) {
  events_.push_back(std::move(event));
  loop_.call_at_turn_end(*this);
}

void TrafficView::on_turn_end() {
  show_events();
  flush_output();
}

void TrafficView::show_events() {
  const WallTime time = loop_.wall_now();
  std::size_t at = 0;
  for (const Event& event : events_) {
    show(event, Bytes{bytes_}.subspan(at, event.size), time);
    at += event.size;
  }
  if (viewer_.written() != nullptr && !events_.empty() && !file_due_.is_armed()) {
    file_due_.arm(loop_.time_after(file_interval));
  }
  events_.clear();
  bytes_.clear();
  if (bytes_.capacity() > kept_bytes) bytes_.shrink_to_fit();
}

void TrafficView::show(const Event& event, Bytes bytes, WallTime time) {
  using Kind = Event::Kind;
  if (event.kind == Kind::told || event.kind == Kind::struck) {
    viewer_.complain("", fmt::format("stream {}: {}", event.number, event.text), cli::ExitStatus::done);
  }
  // A connection that is closing may still be read.
  if (!open_.contains(event.number)) return;
  if (event.kind == Kind::bytes) decoder_.receive(event.number, event.role, bytes, time);
  if (event.kind == Kind::struck) decoder_.lose(event.number);
  if (event.kind != Kind::closed) return;
  decoder_.close(event.number, event.end, time);
  open_.erase(event.number);
  if (viewer_.written() == nullptr) return;
  const Role by = event.role == Role::unknown ? Role::server : event.role;
  viewer_.written()->close(event.number, by, event.end, time);
}

void TrafficView::flush_output() {
  using Flushed = cli::Output::Flushed;
  const Flushed flushed = viewer_.flush_ready();
  if (flushed == Flushed::ended) return host_.on_view_ended();
  if (flushed == Flushed::part) {
    // What cannot be waited for takes everything at once.
    if (output_ready_.await_writable()) return viewer_.flush();
    if (!std::exchange(behind_, true)) host_.on_view_behind();
    return;
  }
  if (std::exchange(behind_, false)) host_.on_view_caught_up();
}

void TrafficView::flush_file() {
  viewer_.written()->flush();
  if (viewer_.written()->failed()) host_.on_view_ended();
}

cli::ExitStatus TrafficView::finish() {
  show_events();
  viewer_.finish();
  return viewer_.status();
}

}  // namespace mqtk::proxy
