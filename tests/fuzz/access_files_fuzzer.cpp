// ACL and password files, and what their rules say.
#include <string>

#include "broker/access_rules.hpp"
#include "broker/password_file.hpp"
#include "codec/topic.hpp"
#include "fuzz/expect.hpp"

using namespace mqtk;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(as_text({data, size}));
  static_cast<void>(PasswordFile::parse(text));
  const auto rules = AccessRules::parse(text);
  if (rules) {
    const AccessRules::Client client{.client_identifier = "c", .user_name = "me"};
    const bool all = rules->may_subscribe(client, "#");
    // Who may see everything may see each part.
    if (all) expect(rules->may_subscribe(client, "a/b"), "rules agree with each other");
    static_cast<void>(rules->may_publish(client, "a/b"));
  }
  // Two filters out of the input: what one covers the two have in common.
  const std::size_t middle = text.find('\n');
  if (middle == std::string::npos) return 0;
  const std::string one = text.substr(0, middle);
  const std::string other = text.substr(middle + 1);
  if (TopicFilter::check(one, Version::v3_1_1) || TopicFilter::check(other, Version::v3_1_1)) return 0;
  if (filter_covers(one, other)) expect(filters_overlap(one, other), "rules agree with each other");
  expect(filters_overlap(one, other) == filters_overlap(other, one), "rules agree with each other");
  expect(filter_covers(one, one), "rules agree with each other");
  return 0;
}
