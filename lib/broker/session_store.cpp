#include "broker/session_store.hpp"

#include <algorithm>

namespace mqtk {

RetainedDelivery& Session::expect_retained(const TopicFilter& filter, std::uint32_t identifier, QoS qos) {
  if (retained == nullptr) retained = std::make_unique<std::deque<RetainedDelivery>>();
  return retained->emplace_back(RetainedDelivery{RetainedMessages::Search{std::string{filter.filter()}},
                                                 std::string{filter.text()}, identifier, qos});
}

void Session::forget_retained(std::string_view filter) {
  if (retained == nullptr) return;
  std::erase_if(*retained, [&](const RetainedDelivery& other) { return other.filter == filter; });
}

Session* SessionStore::find(std::string_view client_identifier) const {
  const auto found = sessions_.find(client_identifier);
  return found == sessions_.end() ? nullptr : &changeable(*found);
}

Session& SessionStore::create(std::string_view client_identifier) {
  return restore(client_identifier, last_number_ + 1);
}

Session& SessionStore::restore(std::string_view client_identifier, std::uint64_t number) {
  last_number_ = std::max(last_number_, number);
  return changeable(*sessions_.emplace(owner_, client_identifier, number).first);
}

void SessionStore::erase(Session& session) {
  const auto found = sessions_.find(std::string_view{session.client_identifier});
  if (found != sessions_.end()) sessions_.erase(found);
}

}  // namespace mqtk
