#include "broker/session_store.hpp"

namespace mqtk {

Session* SessionStore::find(std::string_view client_identifier) const {
  const auto found = sessions_.find(client_identifier);
  return found == sessions_.end() ? nullptr : found->get();
}

Session& SessionStore::create(std::string_view client_identifier) {
  auto session = std::make_unique<Session>(owner_);
  session->client_identifier = client_identifier;
  session->number = ++last_number_;
  return **sessions_.insert(std::move(session)).first;
}

void SessionStore::erase(Session& session) {
  const auto found = sessions_.find(std::string_view{session.client_identifier});
  if (found != sessions_.end()) sessions_.erase(found);
}

}  // namespace mqtk
