#include "profile/options.hpp"

#include "cli/setters.hpp"

namespace mqtk::profile {

cli::OptionTable option_table(Options& options) {
  cli::OptionTable table{
      {.name = "mqtk-profile",
       .summary = "keep the settings of brokers under names",
       .synopsis = {"list", "show NAME", "set [--default] NAME OPTION=VALUE...", "remove NAME"},
       .description =
           "Profiles hold options of connections, such as the URL, the user name and certificates. The other programs "
           "take what is not given from the profile that --profile names, or from the default profile where no broker "
           "is "
           "given at all.\n\n"
           "OPTION is the name of a long option without its dashes: url, username, password-from, ca-file and so on. "
           "An "
           "empty VALUE takes the option out of the profile; an option given twice keeps both values, and one that "
           "says the same "
           "as another, such as password and password-from, takes its place. A flag has the value true. A property is "
           "one value: 'property=connect user-property NAME VALUE'.\n\n"
           "The profiles are in $XDG_CONFIG_HOME/mqtk/config.json, or ~/.config/mqtk/config.json, which only its owner "
           "can read. A password need not be in it: see --password-from.",
       .examples = {{"A broker with TLS and a password from the keyring",
                     "mqtk profile set plant url=mqtts://broker.example username=me 'password-from=command:pass show "
                     "mqtt'"},
                    {"Use it", "mqtk sub --profile plant -t '#'"},
                    {"Use it where nothing else is said", "mqtk profile set --default plant"}},
       .exit_statuses = {cli::ExitStatus::done, cli::ExitStatus::usage, cli::ExitStatus::local_failure},
       .see_also = {"mqtk-pub(1)", "mqtk-sub(1)"}}};
  table.group("Profile");
  table.add({.long_name = "default",
             .help = "With set: use this profile where no broker is given",
             .set = cli::set_true(options.make_default)});
  table.add({.long_name = "show-secrets",
             .help = "With show: print passwords and keys instead of ***",
             .set = cli::set_true(options.show_secrets)});
  table.add(cli::Positional{.value = "COMMAND",
                            .help = "list, show, set or remove, and what it needs",
                            .manual = {},
                            .completion = cli::Completion::none,
                            .repeatable = true,
                            .set = cli::append(options.words)});
  return table;
}

}  // namespace mqtk::profile
