// `mqtk broker passwd`: writes the file of --password-file.
#pragma once

namespace mqtk::broker_program {

// `argv[0]` is the word "passwd". Returns the exit status.
[[nodiscard]] int run_passwd(int argc, char** argv);

}  // namespace mqtk::broker_program
