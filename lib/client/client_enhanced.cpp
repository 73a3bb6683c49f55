// Enhanced authentication (5.0 section 4.12), where ConnectOptions::authentication does it.
#include <utility>

#include "client/client.hpp"

namespace mqtk {
namespace {

PropertyWriter with_data(std::string_view data) {
  PropertyWriter properties;
  if (!data.empty()) properties.add(PropertyId::authentication_data, data);
  return properties;
}

}  // namespace

std::expected<void, std::string> Client::begin_authentication(PropertyWriter& properties) {
  authentication_.reset();
  if (!options_.authentication || options_.version != Version::v5) return {};
  authentication_ = options_.authentication(options_);
  const auto data = authentication_->begin();
  if (!data) return std::unexpected(data.error());
  properties.add(PropertyId::authentication_method, authentication_->method());
  if (!data->empty()) properties.add(PropertyId::authentication_data, *data);
  return {};
}

void Client::take_auth(const Auth& auth) {
  if (authentication_ == nullptr) return listener_.on_authentication(auth);
  if (auth.reason_code == ReasonCode::success) {
    static_cast<void>(broker_is_authentic(auth.properties));
    return;
  }
  const auto answer =
      authentication_->answer(auth.properties.text(PropertyId::authentication_data).value_or(std::string_view{}));
  if (!answer) return authentication_failed(answer.error());
  if (!engine_->auth(ReasonCode::continue_authentication, with_data(*answer).block(), loop_.now())) {
    authentication_failed("the broker does not take a packet of that size");
  }
}

bool Client::broker_is_authentic(PropertyBlock properties) {
  if (authentication_ == nullptr) return true;
  const auto data = properties.text(PropertyId::authentication_data).value_or(std::string_view{});
  if (const auto proven = authentication_->finish(data); !proven) {
    authentication_failed(proven.error());
    return false;
  }
  if (options_.authenticate_again_after) {
    authentication_timer_.arm(loop_.now() + *options_.authenticate_again_after);
  }
  return true;
}

// The engine tells `closed` next.
void Client::authentication_failed(std::string why) {
  failure_ = failure(ConnectionFailure::Kind::authentication_failed);
  failure_->reason_string = std::move(why);
  (void)engine_->disconnect();
}

void Client::authenticate_again() {
  if (!is_connected() || authentication_ == nullptr) return;
  const auto data = authentication_->begin();
  if (data && engine_->auth(ReasonCode::re_authenticate, with_data(*data).block(), loop_.now())) {
    loop_.call_at_turn_end(*this);
    return;
  }
  authentication_failed(data ? "the broker does not take a packet of that size" : data.error());
  engine_closed();
}

}  // namespace mqtk
