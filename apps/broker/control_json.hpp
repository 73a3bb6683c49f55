// A broker's inside as JSON. Names are the specification's words; every function appends one object without line feed.
#pragma once

#include <string>

#include "base/time.hpp"
#include "broker/bridges.hpp"
#include "broker/broker_counters.hpp"
#include "broker/broker_listener.hpp"
#include "broker/fault_rules.hpp"
#include "broker/inspection.hpp"

namespace mqtk::broker_program {

void append_json(std::string& out, const SessionFacts& session);
void append_json(std::string& out, const SubscriptionFacts& subscription);
void append_json(std::string& out, const BrokerCounters& counters);
void append_json(std::string& out, const BridgeFacts& bridge);
void append_json(std::string& out, const FaultRules::Entry& fault);
void append_json(std::string& out, const BrokerEvent& event, WallTime time);

}  // namespace mqtk::broker_program
