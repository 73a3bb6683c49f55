#include "cli/command_pool.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include "base/base64.hpp"
#include "base/utf8.hpp"
#include "capture/properties_json.hpp"
#include "cli/spawn_settings.hpp"

extern char** environ;

namespace mqtk::cli {
namespace {

// A file without a name, which goes with its last descriptor.
std::expected<FileDescriptor, std::string> anonymous_file() {
  const char* folder = std::getenv("TMPDIR");
  std::string name = fmt::format("{}/mqtk-XXXXXX", folder != nullptr && *folder != '\0' ? folder : "/tmp");
  FileDescriptor file{::mkostemp(name.data(), O_CLOEXEC)};
  if (!file.is_open()) return std::unexpected(fmt::format("cannot make a file in {}: {}", name, std::strerror(errno)));
  ::unlink(name.c_str());
  return file;
}

bool write_all(int descriptor, Bytes data) {
  while (!data.empty()) {
    const ssize_t count = ::write(descriptor, data.data(), data.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    data = data.subspan(static_cast<std::size_t>(count));
  }
  return ::lseek(descriptor, 0, SEEK_SET) == 0;
}

std::string read_from_start(int descriptor) {
  std::string text;
  struct stat status{};
  if (::fstat(descriptor, &status) != 0) return text;
  // More than a message can hold is of no use to anyone.
  text.resize(std::min<std::size_t>(static_cast<std::size_t>(status.st_size), max_packet_size));
  std::size_t used = 0;
  while (used < text.size()) {
    const ssize_t count = ::pread(descriptor, text.data() + used, text.size() - used, static_cast<off_t>(used));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    used += static_cast<std::size_t>(count);
  }
  text.resize(used);
  return text;
}

constexpr std::string_view message_variable_names[] = {"MQTK_TOPIC",
                                                       "MQTK_QOS",
                                                       "MQTK_RETAIN",
                                                       "MQTK_CONTENT_TYPE",
                                                       "MQTK_RESPONSE_TOPIC",
                                                       "MQTK_CORRELATION_DATA",
                                                       "MQTK_CORRELATION_DATA_BASE64",
                                                       "MQTK_MESSAGE_EXPIRY_INTERVAL",
                                                       "MQTK_PAYLOAD_FORMAT_INDICATOR",
                                                       "MQTK_PROPERTIES"};

// We may be such a command ourselves: what our own message had is not what this one has.
bool is_message_variable(std::string_view variable) {
  return std::ranges::find(message_variable_names, variable.substr(0, variable.find('='))) !=
         std::end(message_variable_names);
}

}  // namespace

CommandPool::CommandPool(std::string shell_text, std::size_t jobs, StandardOutput standard_output,
                         std::function<void(const Ended&)> ended)
    : shell_text_(std::move(shell_text)), jobs_(jobs), standard_output_(standard_output), ended_(std::move(ended)) {}

std::expected<void, std::string> CommandPool::start(std::uint64_t tag, Bytes input,
                                                    const std::vector<std::string>& variables) {
  auto in = anonymous_file();
  if (!in) return std::unexpected(in.error());
  if (!write_all(in->number(), input)) {
    return std::unexpected(fmt::format("cannot hand a payload to the command: {}", std::strerror(errno)));
  }
  SpawnSettings settings;
  ::posix_spawn_file_actions_adddup2(&settings.actions, in->number(), STDIN_FILENO);
  Job job{.process = 0, .tag = tag, .output = {}};
  if (standard_output_ == StandardOutput::captured) {
    auto out = anonymous_file();
    if (!out) return std::unexpected(out.error());
    job.output = std::move(*out);
    ::posix_spawn_file_actions_adddup2(&settings.actions, job.output.number(), STDOUT_FILENO);
  }
  std::vector<char*> environment;
  for (const std::string& variable : variables) environment.push_back(const_cast<char*>(variable.c_str()));
  for (char** variable = environ; *variable != nullptr; ++variable) {
    if (!is_message_variable(*variable)) environment.push_back(*variable);
  }
  environment.push_back(nullptr);
  std::string words[] = {"sh", "-c", shell_text_};
  char* arguments[] = {words[0].data(), words[1].data(), words[2].data(), nullptr};
  const int error =
      ::posix_spawnp(&job.process, "sh", &settings.actions, &settings.attributes, arguments, environment.data());
  if (error != 0) return std::unexpected(fmt::format("cannot run a shell: {}", std::strerror(error)));
  running_.push_back(std::move(job));
  return {};
}

void CommandPool::children_ended() {
  for (std::size_t i = 0; i < running_.size();) {
    int status = 0;
    if (::waitpid(running_[i].process, &status, WNOHANG) != running_[i].process) {
      ++i;
      continue;
    }
    const Job job = std::move(running_[i]);
    running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(i));
    Ended ended{.tag = job.tag, .status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status)};
    if (job.output.is_open()) ended.output = read_from_start(job.output.number());
    ended_(ended);
  }
}

void CommandPool::terminate() const {
  for (const Job& job : running_) ::kill(job.process, SIGTERM);
}

std::vector<std::string> message_variables(const Publish& message) {
  std::vector<std::string> variables = {
      fmt::format("MQTK_TOPIC={}", message.topic_name),
      fmt::format("MQTK_QOS={}", static_cast<unsigned>(message.qos)),
      fmt::format("MQTK_RETAIN={}", message.retain ? 1 : 0),
  };
  const PropertyBlock properties = message.properties;
  const auto add_text = [&](std::string_view name, PropertyId id) {
    if (const auto text = properties.text(id)) variables.push_back(fmt::format("{}={}", name, *text));
  };
  const auto add_number = [&](std::string_view name, PropertyId id) {
    if (const auto number = properties.number(id)) variables.push_back(fmt::format("{}={}", name, *number));
  };
  add_text("MQTK_CONTENT_TYPE", PropertyId::content_type);
  add_text("MQTK_RESPONSE_TOPIC", PropertyId::response_topic);
  add_number("MQTK_MESSAGE_EXPIRY_INTERVAL", PropertyId::message_expiry_interval);
  add_number("MQTK_PAYLOAD_FORMAT_INDICATOR", PropertyId::payload_format_indicator);
  if (const auto data = properties.text(PropertyId::correlation_data)) {
    // A variable holds no NUL.
    variables.push_back(is_mqtt_text(as_bytes(*data))
                            ? fmt::format("MQTK_CORRELATION_DATA={}", *data)
                            : fmt::format("MQTK_CORRELATION_DATA_BASE64={}", to_base64(as_bytes(*data))));
  }
  if (!properties.empty()) {
    std::string json = "MQTK_PROPERTIES=";
    append_properties_json(json, properties, Secrets::shown);
    variables.push_back(std::move(json));
  }
  return variables;
}

}  // namespace mqtk::cli
