// Stubs for builds without oneDNN's headers.
#include "library.h"

#if !LIMN_ONEDNN_MAJOR
#include <stdio.h>

static const char complaint[] = "built without oneDNN's headers (package libdnnl-dev)";
enum { UNAVAILABLE = 1 };

int limn_onednn_open(char *message, size_t capacity) {
  if (capacity) snprintf(message, capacity, "%s", complaint);
  return UNAVAILABLE;
}
void limn_onednn_version(int *major, int *minor, int *patch) { *major = *minor = *patch = 0; }
size_t limn_onednn_code_bytes(void) { return 0; }
limn_onednn_primitive *limn_onednn_convolution_create(const limn_onednn_convolution *c) { return NULL; }
limn_onednn_primitive *limn_onednn_matmul_create(const limn_onednn_matmul *m) { return NULL; }
void limn_onednn_destroy(limn_onednn_primitive *p) {}
size_t limn_onednn_scratch_size(const limn_onednn_primitive *p) { return 0; }
size_t limn_onednn_filter_size(const limn_onednn_primitive *p) { return 0; }
int limn_onednn_filter_is_plain(const limn_onednn_primitive *p) { return 0; }
const char *limn_onednn_filter_key(const limn_onednn_primitive *p) { return ""; }
limn_onednn_reorder *limn_onednn_reorder_create(const limn_onednn_primitive *p, int unpacks) { return NULL; }
void limn_onednn_reorder_destroy(limn_onednn_reorder *r) {}
int limn_onednn_reorder_run(limn_onednn_reorder *r, const void *from, void *to) { return UNAVAILABLE; }
int limn_onednn_convolution_run(
    limn_onednn_primitive *p, const void *a, const void *b, const void *bias, void *out, void *scratch) {
  return UNAVAILABLE;
}
int limn_onednn_matmul_run(limn_onednn_primitive *p, const void *a, const void *b, void *c, void *scratch) {
  return UNAVAILABLE;
}
int limn_onednn_parallel(int threads, void (*fn)(void *context, int index, int count), void *context) { return -1; }
void limn_onednn_set_threads(int threads) {}
#endif
