#include "inspect/unseen_statements.hpp"

namespace mqtk::inspect {
namespace {

constexpr UnseenStatements table[] = {
    {"whether a CONNECT passed all checks of the server is not in the packets", "MQTT-3.1.4-5", "MQTT-3.1.4-4"},
    {"a server may treat topics as unordered, and messages that are alike cannot be told apart", "", "MQTT-4.6.0-6"},
    {"what a server does inside, or does only when it is provoked: a test against the server shows it",
     "MQTT-1.5.4-3 MQTT-2.2.1-2 MQTT-3.1.2-6 MQTT-3.1.2-7 MQTT-3.1.2-8 MQTT-3.1.2-10 MQTT-3.1.2-14 MQTT-3.1.2-15 "
     "MQTT-3.1.2-23 MQTT-3.1.2-25 MQTT-3.1.3-2 MQTT-3.1.3-5 MQTT-3.1.3-6 MQTT-3.1.3-8 MQTT-3.1.3-9 MQTT-3.1.3-10 "
     "MQTT-3.1.4-1 MQTT-3.1.4-2 MQTT-3.1.4-4 MQTT-3.1.4-6 MQTT-3.2.2-9 MQTT-3.2.2-10 MQTT-3.2.2-12 MQTT-3.2.2-13 "
     "MQTT-3.2.2-22 MQTT-3.3.1-5 MQTT-3.3.1-6 MQTT-3.3.1-7 MQTT-3.3.1-8 MQTT-3.3.1-9 MQTT-3.3.1-10 MQTT-3.3.1-12 "
     "MQTT-3.3.1-13 MQTT-3.3.2-4 MQTT-3.3.2-5 MQTT-3.3.2-6 MQTT-3.3.2-12 MQTT-3.3.2-15 MQTT-3.3.2-16 MQTT-3.3.2-17 "
     "MQTT-3.3.2-18 MQTT-3.3.2-20 MQTT-3.3.4-2 MQTT-3.3.4-3 MQTT-3.3.4-4 MQTT-3.3.4-5 MQTT-3.3.4-10 MQTT-3.8.3-3 "
     "MQTT-3.8.4-3 MQTT-3.8.4-4 MQTT-3.8.4-5 MQTT-3.9.3-1 MQTT-3.10.4-1 MQTT-3.10.4-2 MQTT-3.10.4-3 MQTT-3.10.4-6 "
     "MQTT-3.11.3-1 MQTT-3.14.4-3 MQTT-4.1.0-1 MQTT-4.1.0-2 MQTT-4.3.2-3 MQTT-4.3.2-5 MQTT-4.3.3-3 MQTT-4.3.3-5 "
     "MQTT-4.3.3-7 MQTT-4.3.3-9 MQTT-4.3.3-12 MQTT-4.3.3-13 MQTT-4.5.0-1 MQTT-4.6.0-5 MQTT-4.6.0-6 MQTT-4.7.3-4 "
     "MQTT-4.8.2-4 MQTT-4.8.2-5 MQTT-4.8.2-6 MQTT-4.9.0-3 MQTT-4.12.0-1 MQTT-6.0.0-2",
     "MQTT-1.5.3-3 MQTT-2.3.1-5 MQTT-3.1.2-5 MQTT-3.1.2-6 MQTT-3.1.2-7 MQTT-3.1.2-8 MQTT-3.1.2-10 MQTT-3.1.2-12 "
     "MQTT-3.1.2-16 MQTT-3.1.2-17 MQTT-3.1.3-2 MQTT-3.1.3-5 MQTT-3.1.3-6 MQTT-3.1.3-9 MQTT-3.1.4-1 MQTT-3.1.4-3 "
     "MQTT-3.1.4-5 MQTT-3.2.2-6 MQTT-3.3.1-5 MQTT-3.3.1-6 MQTT-3.3.1-7 MQTT-3.3.1-8 MQTT-3.3.1-9 MQTT-3.3.1-10 "
     "MQTT-3.3.1-11 MQTT-3.3.1-12 MQTT-3.3.5-1 MQTT-3.3.5-2 MQTT-3.8.3-2 MQTT-3.8.4-3 MQTT-3.8.4-4 MQTT-3.9.3-1 "
     "MQTT-3.10.4-1 MQTT-3.10.4-2 MQTT-3.10.4-3 MQTT-3.10.4-6 MQTT-3.14.4-3 MQTT-4.1.0-1 MQTT-4.1.0-2 MQTT-4.5.0-1 "
     "MQTT-4.6.0-5 MQTT-4.7.3-4 MQTT-6.0.0-2"},
    {"what a client does inside, or does only when it is provoked: a test against the client shows it",
     "MQTT-3.2.2-5 MQTT-3.3.2-10 MQTT-3.3.4-8", ""},
    {"nothing of it is on the wire, or the wire cannot express a breach", "MQTT-4.2.0-1 MQTT-4.7.3-3",
     "MQTT-4.7.3-3 MQTT-4.8.0-2 MQTT-7.0.0-1 MQTT-7.0.0-2 MQTT-7.1.1-1 MQTT-7.1.2-1"},
};

}  // namespace

std::span<const UnseenStatements> unseen_statements() { return table; }

}  // namespace mqtk::inspect
