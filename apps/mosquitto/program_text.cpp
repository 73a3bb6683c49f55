#include "mosquitto/program_text.hpp"

namespace mqtk::mosquitto {

cli::OptionTable option_table() {
  cli::OptionTable table{{
      .name = "mqtk-mosquitto",
      .summary = "stand in for mosquitto_pub, mosquitto_sub and mosquitto_rr",
      .synopsis = {"{pub | sub | rr} [OPTION]..."},
      .description =
          "Does what Mosquitto's client of that name does: its options in its order, its output, its exit status and "
          "its options files in $XDG_CONFIG_HOME or ~/.config. Called by the name mosquitto_pub, mosquitto_sub or "
          "mosquitto_rr, as a link, the first word is left out. mqtk pub, mqtk sub and mqtk request are the programs "
          "to write new scripts for.\n\n"
          "It differs where the original loses something: --random-filter keeps the share it is told, "
          "--remove-retained ends and is not stopped by -R, mosquitto_rr says DISCONNECT, NUL bytes stay in lines and "
          "in %j (as payload_base64), %J leaves numbers as they are, -f reads pipes, a message that is too large for "
          "the "
          "broker is status 7, lines wait for a broker that is away at the end, and a second line says what is wrong "
          "with TLS. Options that came with version 2.1 are there, too; -x asks for version 5 as it does there. There "
          "are no TLS engines, and "
          "--tls-version tlsv1.1 speaks 1.2 at least.",
      .examples = {{"One message", "mqtk mosquitto pub -t room/temperature -m 21.5"},
                   {"Instead of Mosquitto's clients", "ln -s /usr/bin/mqtk-mosquitto ~/bin/mosquitto_sub"}},
      .exit_statuses = {cli::ExitStatus::done, cli::ExitStatus::usage},
      .see_also = {"mqtk-pub(1)", "mqtk-sub(1)", "mqtk-request(1)"},
  }};
  table.add(cli::Positional{
      .value = "CLIENT", .help = "pub, sub or rr, and its options", .set = [](std::string_view) -> cli::Accepted {
        return std::unexpected("not one of pub, sub, rr");
      }});
  return table;
}

}  // namespace mqtk::mosquitto
