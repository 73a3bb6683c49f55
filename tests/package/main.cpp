// A broker in the caller's thread, with a client in the same Loop, and one in a thread of its own.
#include <cstdio>
#include <string>

#include <mqtk/broker/broker.hpp>
#include <mqtk/broker/broker_thread.hpp>
#include <mqtk/client/client.hpp>
#include <mqtk/net/loop.hpp>

#if defined(ASIO_VERSION) || defined(OPENSSL_VERSION_NUMBER) || defined(CLI11_VERSION) || \
    defined(NLOHMANN_JSON_VERSION_MAJOR) || defined(FMT_VERSION)
#error "a header of mqtk brings the headers of another library along"
#endif

namespace {

// Subscribes, publishes to itself, and stops when the message has come back.
class Echo final : public mqtk::ClientListener {
 public:
  Echo(mqtk::Loop& loop, const mqtk::Endpoint& endpoint)
      : loop_(loop), client_(loop, endpoint, {.client_identifier = "echo"}, *this) {
    client_.start();
    loop.run();
  }
  [[nodiscard]] const std::string& received() const { return received_; }

 private:
  void on_connected(const mqtk::Connected&) override {
    mqtk::SubscriptionWriter subscriptions;
    subscriptions.add({.topic_filter = "greeting/+", .qos = mqtk::QoS::at_least_once});
    static_cast<void>(client_.subscribe({0, {}, subscriptions.list()}));
  }
  void on_subscribed(mqtk::Tag, const mqtk::Suback&) override {
    mqtk::Publish publish;
    publish.topic_name = "greeting/morning";
    publish.qos = mqtk::QoS::at_least_once;
    publish.payload = mqtk::as_bytes("hello");
    static_cast<void>(client_.publish(publish));
  }
  void on_message(const mqtk::Publish& message) override {
    received_ = mqtk::as_text(message.payload);
    client_.stop();
  }
  void on_stopped(const mqtk::ConnectionFailure*) override { loop_.stop(); }

  mqtk::Loop& loop_;
  mqtk::Client client_;
  std::string received_;
};

bool in_the_callers_thread() {
  mqtk::Loop loop;
  mqtk::BrokerListener listener;
  mqtk::Broker broker(loop, {}, listener);
  const auto endpoint = broker.listen({.host = "127.0.0.1", .port = 0});
  return endpoint && Echo{loop, *endpoint}.received() == "hello" && broker.counters().messages_received[1] == 1;
}

bool in_a_thread_of_its_own() {
  const auto broker = mqtk::BrokerThread::start();
  if (!broker) return false;
  mqtk::Loop loop;
  if (Echo{loop, (*broker)->endpoint()}.received() != "hello") return false;
  std::uint64_t delivered = 0;
  (*broker)->call([&](mqtk::Broker& inside) { delivered = inside.counters().messages_sent[1]; });
  return delivered == 1;
}

}  // namespace

int main() {
  const bool works = in_the_callers_thread() && in_a_thread_of_its_own();
  std::puts(works ? "hello" : "no message came");
  return works ? 0 : 1;
}
