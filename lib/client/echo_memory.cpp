#include "client/echo_memory.hpp"

namespace mqtk {

std::uint64_t EchoMemory::fingerprint(std::string_view topic, Bytes payload) const {
  std::uint64_t hash = seed_ ^ 14'695'981'039'346'656'037U;  // FNV-1a
  const auto add = [&](std::uint8_t byte) { hash = (hash ^ byte) * 1'099'511'628'211U; };
  for (const char c : topic) add(static_cast<std::uint8_t>(c));
  add(0);  // which no Topic Name holds
  for (const std::uint8_t byte : payload) add(byte);
  return hash;
}

void EchoMemory::sent(std::string_view topic, Bytes payload, TimePoint now) {
  const std::uint64_t print = fingerprint(topic, payload);
  order_.push_back({print, now});
  Due& due = due_[print];
  ++due.count;
  due.latest = now;
  forget_old(now);
}

bool EchoMemory::is_echo(std::string_view topic, Bytes payload, TimePoint now) {
  forget_old(now);
  const auto found = due_.find(fingerprint(topic, payload));
  if (found == due_.end()) return false;
  if (--found->second.count == 0) due_.erase(found);
  return true;
}

void EchoMemory::forget_old(TimePoint now) {
  while (!order_.empty() && (order_.size() > most || now - order_.front().at > longest_way)) {
    const auto found = due_.find(order_.front().fingerprint);
    if (found != due_.end() && found->second.latest == order_.front().at) due_.erase(found);
    order_.pop_front();
  }
}

}  // namespace mqtk
