#include "replay/publishers.hpp"

#include <fmt/format.h>
#include <sys/resource.h>

#include "base/quoted_text.hpp"
#include "cli/failure_text.hpp"

namespace mqtk::replay {
namespace {

ConnectOptions connect_options(const Options& options, std::string_view name) {
  ConnectOptions connect = options.connection.connect;
  if (name.empty()) return connect;
  connect.client_identifier = name;
  connect.will.reset();  // that of the options is one client's
  return connect;
}

// A connection takes a descriptor; the usual soft limit of 1,024 is for programs that use select().
void allow_many_connections() {
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0) return;
  files.rlim_cur = files.rlim_max;
  (void)::setrlimit(RLIMIT_NOFILE, &files);
}

}  // namespace

Publisher::Publisher(Loop& loop, const Options& options, std::string_view name, const Events& events,
                     PublishForms& forms)
    : options_(options),
      events_(events),
      forms_(forms),
      name_(name),
      client_(loop, options.connection.endpoint, connect_options(options, name), *this) {}

void Publisher::stop() {
  stopping_ = true;
  client_.stop();
}

Rule Publisher::publish(const Publish& message) {
  if (const PublishForm* form = forms_.find(message, version_)) return client_.publish(*form, message.payload);
  Publish sendable = message;
  if (version_ != Version::v5) sendable.properties = {};
  const auto sent = client_.publish(sendable);
  if (!sent) return sent.error().rule;
  return *sent == Client::Flow::wait ? Rule::not_connected : Rule::none;
}

std::string Publisher::prefix() const {
  if (name_.empty()) return "";
  std::string text = "client ";
  append_quoted(text, as_bytes(name_), 100);
  return text + ": ";
}

void Publisher::on_connected(const Connected& connected) {
  version_ = connected.version;
  if (std::exchange(away_, false)) {
    events_.report(fmt::format("{}connected again to {}", prefix(), short_text(options_.connection.endpoint)));
  }
}

void Publisher::on_connection_lost(const ConnectionFailure& failure, Duration next_attempt_in) {
  (void)next_attempt_in;
  if (std::exchange(away_, true)) return;
  const auto& connection = options_.connection;
  events_.report(
      fmt::format("{}{}; trying again", prefix(),
                  cli::describe(failure, connection.endpoint, connection.connect, cli::Outlook::tried_again).line));
}

void Publisher::on_stopped(const ConnectionFailure* failure) {
  if (failure == nullptr || stopping_) return events_.stopped("", cli::ExitStatus::done);
  const auto& connection = options_.connection;
  const auto text = cli::describe(*failure, connection.endpoint, connection.connect,
                                  cli::outlook_at_end(*failure, connection.connect));
  events_.stopped(prefix() + text.line, text.status);
}

Publishers::Publishers(Loop& loop, const Options& options, Publisher::Events events)
    : loop_(loop), options_(options), events_(std::move(events)) {
  events_.stopped = [this, told = std::move(events_.stopped)](const std::string& line, cli::ExitStatus status) {
    ++stopped_;
    told(line, status);
  };
  if (options.connections == Connections::per_client) allow_many_connections();
}

Publisher& Publishers::at(std::string_view client) {
  if (const auto found = publishers_.find(client); found != publishers_.end()) return *found->second;
  auto& made = publishers_[std::string{client}];
  made = std::make_unique<Publisher>(loop_, options_, client, events_, forms_);
  made->start();
  return *made;
}

void Publishers::stop() {
  for (auto& [name, publisher] : publishers_) publisher->stop();
}

}  // namespace mqtk::replay
