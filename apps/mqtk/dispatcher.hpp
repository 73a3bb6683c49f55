// mqtk NAME ARGUMENTS: finds mqtk-NAME and becomes it.
#pragma once

namespace mqtk::dispatcher {

// The exit status; does not return where a program was found.
[[nodiscard]] int dispatch(int argc, char** argv);

}  // namespace mqtk::dispatcher
