// Memory of the device: zeroed, aligned for vectors, in huge pages if large.
#include "CKernels.h"
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { LARGE_PAGE = 2 << 20, LINE = 64 };

// Strided access to hundreds of megabytes misses the TLB at nearly every step with 4 KiB pages; pages of 2 MiB are requested
// with madvise.
static int is_large(size_t bytes) { return bytes >= LARGE_PAGE; }

static size_t whole(size_t bytes, size_t unit) { return (bytes + unit - 1) / unit * unit; }

void *limn_allocate(size_t bytes) {
  if (!is_large(bytes)) {
    void *memory = aligned_alloc(LINE, whole(bytes ? bytes : 1, LINE));
    return memory ? memset(memory, 0, whole(bytes ? bytes : 1, LINE)) : NULL;
  }
  // One page more than needed, so that it contains an aligned range.
  const size_t length = whole(bytes, LARGE_PAGE);
  char *start = mmap(NULL, length + LARGE_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (start == MAP_FAILED) return NULL;
  char *memory = (char *)whole((size_t)start, LARGE_PAGE);
  const size_t before = (size_t)(memory - start), after = LARGE_PAGE - before;
  if (before) munmap(start, before);
  if (after) munmap(memory + length, after);
#ifdef MADV_HUGEPAGE
  madvise(memory, length, MADV_HUGEPAGE);
#endif
  return memory;
}

void limn_free(void *memory, size_t bytes) {
  if (is_large(bytes)) munmap(memory, whole(bytes, LARGE_PAGE));
  else free(memory);
}
