// Reports operations of Swift's Mutex to the thread sanitizer; preloaded by scripts/sanitize.
//
// An uncontended Mutex is locked and unlocked by atomic operations in the program, which are instrumented. A contended one is
// locked and unlocked through the kernel (FUTEX_LOCK_PI) by libswiftSynchronization, which is not instrumented, so accesses
// under the Mutex would be reported as races. These two functions replace those of the library.
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
