// Who may publish and subscribe where, in the form of mosquitto's acl_file:
//
//   topic read public/#              for clients without user name
//   user plant
//   topic readwrite plant/#          also: read, write, deny; readwrite if nothing stands there
//   pattern write devices/%c/data    for everybody; %c is the Client Identifier, %u the user name
//
// What no rule allows is denied, and a rule with deny wins over all others. The surprise: a subscription is allowed if
// a rule covers all of its Topic Filter; mosquitto takes it in any case and holds messages back.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace mqtk {

class AccessRules {
 public:
  // The error names the line.
  [[nodiscard]] static std::expected<AccessRules, std::string> parse(std::string_view text);

  struct Client {
    std::string_view client_identifier;
    std::string_view user_name;  // empty: none
  };
  [[nodiscard]] bool may_publish(const Client& client, std::string_view topic_name) const;
  [[nodiscard]] bool may_subscribe(const Client& client, std::string_view topic_filter) const;

 private:
  enum class Access : std::uint8_t { read, write, both, deny };
  struct Rule {
    Access access = Access::both;
    bool for_all = false;   // a pattern
    std::string user_name;  // otherwise the one that it is for; empty: clients without
    std::string topic;
  };

  [[nodiscard]] bool allowed(const Client& client, std::string_view filter, Access wanted) const;

  std::vector<Rule> rules_;
};

// Whether every topic that `filter` matches is matched by `rule`, both Topic Filters. A topic is a filter of itself.
[[nodiscard]] bool filter_covers(std::string_view rule, std::string_view filter);

// Whether there is a topic that both match.
[[nodiscard]] bool filters_overlap(std::string_view one, std::string_view other);

}  // namespace mqtk
