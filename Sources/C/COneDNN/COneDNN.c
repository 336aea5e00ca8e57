#include "COneDNN.h"
int  limn_onednn_open(char *message, size_t capacity) { message[0]=0; return 1; }
void limn_onednn_version(int *major, int *minor, int *patch) {}
limn_onednn_primitive *limn_onednn_convolution_create(const limn_onednn_convolution *c, char *message, size_t capacity) {return 0;}
void limn_onednn_destroy(limn_onednn_primitive *p) {}
size_t limn_onednn_scratch_size(const limn_onednn_primitive *p) {return 0;}
size_t limn_onednn_filter_size(const limn_onednn_primitive *p) {return 0;}
int    limn_onednn_filter_is_plain(const limn_onednn_primitive *p) {return 0;}
const char *limn_onednn_filter_key(const limn_onednn_primitive *p) {return 0;}
int limn_onednn_pack_filter(limn_onednn_primitive *p, const float *plain, void *packed) {return 0;}
int limn_onednn_unpack_filter(limn_onednn_primitive *p, const void *packed, float *plain) {return 0;}
int limn_onednn_convolution_run(limn_onednn_primitive *p, const void *a, const void *b, void *out, void *scratch) {return 0;}
limn_onednn_primitive *limn_onednn_matmul_create(const limn_onednn_matmul *p, char *message, size_t capacity) {return 0;}
int limn_onednn_matmul_run(limn_onednn_primitive *p, const void *a, const void *b, void *c, void *scratch) {return 0;}
int limn_onednn_parallel(int threads, void (*fn)(void *context, int index, int count), void *context) {return -1;}
void limn_onednn_set_threads(int threads) {}
