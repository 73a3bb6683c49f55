// The SUBSCRIBE and UNSUBSCRIBE requests of a client, kept so that they can be made again.
//
// The broker keeps subscriptions in the Session. A request is made again on a new connection where the Session is gone,
// or where its acknowledgement never came.
#pragma once

#include <cstdint>
#include <vector>

#include "codec/packet.hpp"
#include "session/delivery.hpp"

namespace mqtk {

class SubscriptionRequests {
 public:
  void subscribe(const Subscribe& subscribe, Tag tag);
  // Forgets the Topic Filters as subscribed.
  void unsubscribe(const Unsubscribe& unsubscribe, Tag tag);

  void subscribed(Tag tag);
  void unsubscribed(Tag tag);

  // Calls `send_subscribe(const Subscribe&, Tag)` and `send_unsubscribe(const Unsubscribe&, Tag)` for what is to be
  // sent on a new connection, in the order of the requests.
  template <class SendSubscribe, class SendUnsubscribe>
  void repeat(bool session_present, SendSubscribe send_subscribe, SendUnsubscribe send_unsubscribe) {
    for (Request& request : requests_) {
      if (request.settled && session_present) continue;
      request.settled = false;
      const PropertyBlock properties{request.properties};
      if (request.is_subscribe) {
        send_subscribe(Subscribe{0, properties, SubscriptionList{request.list}}, request.tag);
      } else {
        send_unsubscribe(Unsubscribe{0, properties, TopicFilterList{request.list}}, request.tag);
      }
    }
  }

  [[nodiscard]] bool awaits_answer() const;
  [[nodiscard]] bool empty() const { return requests_.empty(); }

 private:
  struct Request {
    Tag tag = 0;
    bool is_subscribe = true;
    bool settled = false;
    std::vector<std::uint8_t> list;
    std::vector<std::uint8_t> properties;
  };
  void forget(std::string_view topic_filter);

  std::vector<Request> requests_;
};

}  // namespace mqtk
