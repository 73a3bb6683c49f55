#include "mqtk/dispatcher.hpp"

int main(int argc, char** argv) { return mqtk::dispatcher::dispatch(argc, argv); }
