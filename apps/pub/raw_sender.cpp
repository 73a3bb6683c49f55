#include "pub/raw_sender.hpp"

#include <fmt/format.h>

#include <array>

#include "base/hex.hpp"
#include "capture/line_source.hpp"
#include "capture/packet_line.hpp"
#include "cli/failure_text.hpp"

namespace mqtk::pub {
namespace {

using cli::ExitStatus;

constexpr std::size_t most_bytes = 512UL * 1024 * 1024;

// Of the CONNECT that is sent, so that answers are read in its version.
std::optional<Version> version_in(Bytes bytes) {
  PacketStream stream{{}};
  stream.feed_buffer().assign(bytes.begin(), bytes.end());
  stream.finish();
  while (const auto item = stream.next()) {
    if (stream.version_source() == PacketStream::VersionSource::connect) return item->version;
  }
  return std::nullopt;
}

}  // namespace

RawSender::RawSender(const Options& options, std::vector<std::uint8_t> bytes)
    : options_(options),
      size_bytes_(bytes.size()),
      connector_(loop_),
      silence_(loop_, [this] { end(ExitStatus::done); }),
      time_limit_(loop_,
                  [this] {
                    cli::report(fmt::format("the time limit ran out with {} of {} bytes sent",
                                            size_bytes_ - queue_.size(), size_bytes_));
                    end(ExitStatus::timed_out);
                  }),
      stream_({.version = version_in(bytes), .sender = Role::server, .trial_bytes = 0}) {
  queue_.append(bytes);
}

ExitStatus RawSender::run() {
  const ConnectOptions& connect = options_.connection.connect;
  loop_.refresh_now();
  if (options_.timeout) time_limit_.arm(loop_.now() + *options_.timeout);
  connector_.connect(options_.connection.endpoint,
                     {.family = connect.address_family,
                      .time_limit = connect.connect_timeout,
                      .bind_address = connect.bind_address,
                      .transport = connect.transport,
                      .observer = connect.connect_observer},
                     [this](auto result) { connected(std::move(result)); });
  loop_.run();
  return output_.ended() ? output_.status() : status_;
}

void RawSender::connected(std::expected<std::unique_ptr<NetworkConnection>, NetError> result) {
  if (!result) {
    ConnectionFailure why;
    why.kind = ConnectionFailure::Kind::could_not_connect;
    why.network = std::move(result.error());
    const cli::FailureText text =
        cli::describe(why, options_.connection.endpoint, options_.connection.connect, cli::Outlook::ended);
    cli::report(text.line);
    return end(text.status);
  }
  connection_ = std::move(*result);
  connection_->start(*this);
  flush();
}

void RawSender::flush() {
  const auto flushed = connection_->flush(queue_);
  // What the broker has said before it closed may still be read.
  if (!flushed) queue_.clear();
  if (queue_.empty()) silence_.arm(loop_.now() + patience);
}

void RawSender::on_readable() {
  std::array<std::uint8_t, 16384> block;
  const auto count = connection_->read(block);
  if (count) {
    auto& buffer = stream_.feed_buffer();
    buffer.insert(buffer.end(), block.begin(), block.begin() + static_cast<std::ptrdiff_t>(*count));
    if (queue_.empty()) silence_.arm(loop_.now() + patience);
    return show_packets();
  }
  if (count.error() == std::errc::operation_would_block) return;
  stream_.finish();
  show_packets();
  cli::report(fmt::format("the broker closed the connection{}",
                          queue_.empty() ? "" : fmt::format(", {} bytes were not sent", queue_.size())));
  end(queue_.empty() ? ExitStatus::done : ExitStatus::connection_lost);
}

void RawSender::show_packets() {
  while (const auto item = stream_.next()) {
    if (item->state == PacketStream::Item::State::skipped) {
      output_.write(fmt::format("{} bytes that are no packet\n", item->skipped_bytes));
      continue;
    }
    PacketRecord& record = decoder_.decode(*item);
    record.time = loop_.wall_now();
    append_packet_line(output_.buffer(), record, {Paint::plain, Secrets::hidden});
  }
  output_.flush();
}

void RawSender::end(ExitStatus status) {
  silence_.cancel();
  time_limit_.cancel();
  status_ = status;
  loop_.stop();
}

ExitStatus send_raw(const Options& options) {
  const std::string& name = *options.raw;
  auto stream = name == "-" ? descriptor_stream(0) : file_stream(name);
  std::vector<std::uint8_t> bytes;
  std::array<std::uint8_t, 65536> block;
  while (const std::size_t count = stream->read(block)) {
    bytes.insert(bytes.end(), block.begin(), block.begin() + static_cast<std::ptrdiff_t>(count));
    if (bytes.size() <= most_bytes) continue;
    cli::report_usage(fmt::format("--raw {}: more than {} bytes", name, most_bytes));
    return ExitStatus::usage;
  }
  if (const auto error = stream->error()) {
    cli::report_usage(fmt::format("cannot read {}: {}", name, error.message()));
    return ExitStatus::usage;
  }
  return RawSender{options, std::move(bytes)}.run();
}

}  // namespace mqtk::pub
