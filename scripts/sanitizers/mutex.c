// Tells the thread sanitizer of Swift's Mutex, preloaded by scripts/sanitize.
//
// A Mutex that is free is taken and given back by atomic operations within the program, which the sanitizer sees. Where
// threads meet at one, libswiftSynchronization does both in the kernel (FUTEX_LOCK_PI), and that library is not
// instrumented: what a Mutex guards would be reported as a race. These two stand before the library's own.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>

void __tsan_acquire(void *address);
void __tsan_release(void *address);

#define SWIFT __attribute__((swiftcall))
#define SELF __attribute__((swift_context)) void *handle

// Synchronization._MutexHandle._lockSlow(UInt32)
SWIFT void lock(uint32_t thread, SELF) __asm__("$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF");
// Synchronization._MutexHandle._unlockSlow()
SWIFT void unlock(SELF) __asm__("$s15Synchronization12_MutexHandleV11_unlockSlowyyF");

SWIFT void lock(uint32_t thread, SELF) {
  SWIFT void (*next)(uint32_t, SELF) =
      (SWIFT void (*)(uint32_t, SELF))dlsym(RTLD_NEXT, "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF");
  next(thread, handle);
  __tsan_acquire(handle);
}

SWIFT void unlock(SELF) {
  SWIFT void (*next)(SELF) =
      (SWIFT void (*)(SELF))dlsym(RTLD_NEXT, "$s15Synchronization12_MutexHandleV11_unlockSlowyyF");
  __tsan_release(handle);
  next(handle);
}
