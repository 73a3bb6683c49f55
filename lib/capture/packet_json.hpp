// A Control Packet as one line of JSON: the contract that scripts rely on.
#pragma once

#include <string>
#include <string_view>

#include "capture/packet_record.hpp"
#include "capture/properties_json.hpp"

namespace mqtk {

// Appends one object, without a line break:
//   {"index":0,"offset":0,"length":2,"type":"PINGREQ","time":null,"direction":"client_to_server","stream":1,
//    "protocol_version":5,"fields":{},"problems":[]}
// Fields that the packet does not have, or that could not be read, are absent. Text that is not UTF-8 goes into a
// member whose name ends in `_base64`. `statement` of a problem is null where the specification gives none, and
// `reason_code` where the version has no code to answer with. A packet that the input cuts off has the problem
// `packet_incomplete`.
// `more_members` is appended to the members as it is: `"name":value` or nothing.
void append_packet_json(std::string& out, const PacketRecord& record, Secrets secrets,
                        std::string_view more_members = {});

}  // namespace mqtk
