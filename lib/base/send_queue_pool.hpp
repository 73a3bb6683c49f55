// What this thread keeps of output that was written, to use it again.
#pragma once

namespace mqtk {

// Frees as much of it as was never needed since the last call, so that a burst gives its memory back. To be called now
// and then by whoever has a thread with queues.
void free_unused_output_memory();

}  // namespace mqtk
