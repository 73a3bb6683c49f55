// Options for the properties that people give a message every day; --property knows all of them.
#pragma once

#include "cli/connection_options.hpp"

namespace mqtk::cli {

// request: --response-topic and --correlation-data have a meaning of their own there, or none.
enum class PublishProperties : unsigned char { all, of_request };

// Adds to the current group. Values go to options.publish_properties.
void add_publish_property_options(OptionTable& table, ConnectionOptions& options, PublishProperties which);

}  // namespace mqtk::cli
