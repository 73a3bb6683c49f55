#include "client/subscription_requests.hpp"

#include <algorithm>

namespace mqtk {
namespace {

std::vector<std::uint8_t> copy(Bytes bytes) { return {bytes.begin(), bytes.end()}; }

}  // namespace

void SubscriptionRequests::subscribe(const Subscribe& subscribe, Tag tag) {
  requests_.push_back({tag, true, false, copy(subscribe.subscriptions.bytes()), copy(subscribe.properties.bytes())});
}

void SubscriptionRequests::unsubscribe(const Unsubscribe& unsubscribe, Tag tag) {
  for (const std::string_view filter : unsubscribe.topic_filters) forget(filter);
  requests_.push_back(
      {tag, false, false, copy(unsubscribe.topic_filters.bytes()), copy(unsubscribe.properties.bytes())});
}

void SubscriptionRequests::forget(std::string_view topic_filter) {
  for (Request& request : requests_) {
    // A SUBSCRIBE that is on its way stays whole: its answer has a Reason Code for each of its filters.
    if (!request.is_subscribe || !request.settled) continue;
    SubscriptionWriter left;
    for (const Subscription& subscription : SubscriptionList{request.list}) {
      if (subscription.topic_filter != topic_filter) left.add(subscription);
    }
    request.list = copy(left.list().bytes());
  }
  std::erase_if(requests_, [](const Request& request) { return request.list.empty(); });
}

void SubscriptionRequests::subscribed(Tag tag) {
  for (Request& request : requests_) {
    if (request.is_subscribe && request.tag == tag) request.settled = true;
  }
}

void SubscriptionRequests::unsubscribed(Tag tag) {
  std::erase_if(requests_, [tag](const Request& request) { return !request.is_subscribe && request.tag == tag; });
}

bool SubscriptionRequests::awaits_answer() const {
  return std::ranges::any_of(requests_, [](const Request& request) { return !request.settled; });
}

}  // namespace mqtk
