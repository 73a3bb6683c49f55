#include "net/openssl.hpp"

#ifdef MQTK_LATE_OPENSSL

#include <dlfcn.h>

// For every function of OpenSSL that lib/net calls the assembler makes a symbol of that name, so that the rest is
// written as if it were linked, whose one instruction jumps to where load_openssl() has found the real one. A function
// that is missing in the list is an undefined symbol when a program is linked.

#define X(name) __attribute__((visibility("hidden"))) void* mqtk_found_##name = nullptr;
extern "C" {
#include "net/openssl_functions.inc"
}
#undef X

#if defined(__x86_64__)
#define MQTK_JUMP(name) "  jmp *mqtk_found_" name "(%rip)\n"
#elif defined(__aarch64__)
#define MQTK_JUMP(name) "  adrp x16, mqtk_found_" name "\n  ldr x16, [x16, :lo12:mqtk_found_" name "]\n  br x16\n"
#endif

#define X(name)                                                                        \
  asm(".text\n.globl " #name "\n.hidden " #name "\n.type " #name ", %function\n" #name \
      ":\n" MQTK_JUMP(#name) ".size " #name ", . - " #name "\n");
#include "net/openssl_functions.inc"
#undef X

namespace mqtk {
namespace {

struct Function {
  const char* name;
  void** found;
};

#define X(name) {#name, &mqtk_found_##name},
constexpr Function functions[] = {
#include "net/openssl_functions.inc"
};
#undef X

bool find_functions() {
  // libcrypto comes with it, and its functions are found through the same handle.
  void* const library = ::dlopen("libssl.so.3", RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return false;
  for (const Function& function : functions) {
    *function.found = ::dlsym(library, function.name);
    if (*function.found == nullptr) return false;
  }
  return true;
}

}  // namespace

bool load_openssl() {
  static const bool loaded = find_functions();
  return loaded;
}

}  // namespace mqtk

#else

namespace mqtk {

bool load_openssl() { return true; }

}  // namespace mqtk

#endif
