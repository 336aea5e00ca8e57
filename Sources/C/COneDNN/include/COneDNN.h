#pragma once
#include <stdint.h>
#include <stddef.h>
enum { LIMN_F32 = 0, LIMN_BF16 = 1 };
enum { LIMN_CONV_FORWARD = 0, LIMN_CONV_INPUT_GRADIENT = 1, LIMN_CONV_FILTER_GRADIENT = 2 };
typedef struct {
  int kind, spatial;
  int64_t batch, in_channels, out_channels, groups;
  int64_t input[3], output[3], filter[3], stride[3], pad_low[3], pad_high[3];
  int input_type, filter_type, output_type;
} limn_onednn_convolution;
typedef struct limn_onednn_primitive limn_onednn_primitive;
int  limn_onednn_open(char *message, size_t capacity);
void limn_onednn_version(int *major, int *minor, int *patch);
limn_onednn_primitive *limn_onednn_convolution_create(const limn_onednn_convolution *, char *message, size_t capacity);
void limn_onednn_destroy(limn_onednn_primitive *);
size_t limn_onednn_scratch_size(const limn_onednn_primitive *);
size_t limn_onednn_filter_size(const limn_onednn_primitive *);
int    limn_onednn_filter_is_plain(const limn_onednn_primitive *);
const char *limn_onednn_filter_key(const limn_onednn_primitive *);
int limn_onednn_pack_filter(limn_onednn_primitive *, const float *plain, void *packed);
int limn_onednn_unpack_filter(limn_onednn_primitive *, const void *packed, float *plain);
int limn_onednn_convolution_run(limn_onednn_primitive *, const void *a, const void *b, void *out, void *scratch);
typedef struct { int64_t batch, m, n, k, a_batch, b_batch; int transpose_a, transpose_b; int a_type, b_type, c_type; } limn_onednn_matmul;
limn_onednn_primitive *limn_onednn_matmul_create(const limn_onednn_matmul *, char *message, size_t capacity);
int limn_onednn_matmul_run(limn_onednn_primitive *, const void *a, const void *b, void *c, void *scratch);
int limn_onednn_parallel(int threads, void (*fn)(void *context, int index, int count), void *context);
void limn_onednn_set_threads(int threads);
