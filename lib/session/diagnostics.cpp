#include "session/diagnostics.hpp"

namespace mqtk {

PropertyBlock without_diagnostics(PropertyBlock properties, Diagnostics left_out, PropertyWriter& buffer) {
  PropertyWriter kept;
  for (const Property& property : properties) {
    if (property.id == PropertyId::user_property) continue;
    if (property.id == PropertyId::reason_string && left_out == Diagnostics::all) continue;
    kept.add(property);
  }
  buffer = std::move(kept);
  return buffer.block();
}

}  // namespace mqtk
