#include "net/file_descriptor.hpp"

#include <unistd.h>

namespace mqtk {

void FileDescriptor::close() {
  // Never repeated on EINTR: the descriptor is gone then, and its number may already belong to someone else.
  if (is_open()) ::close(release());
}

}  // namespace mqtk
