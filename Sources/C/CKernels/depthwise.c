// Depthwise convolutions in float32 and their input gradients, for machines without oneDNN. Channels are the innermost
// loop; filters [C, k, k, 1] are transposed to [k, k, C] first.
#include "CKernels.h"
#include "vector.h"

typedef struct {
  const limn_convolution *shape;
  const float *a, *filter;
  float *out;
} depthwise_job;

int limn_depthwise_suits(const limn_convolution *s, int kind) {
  return kind != LIMN_FILTER_GRADIENT && s->groups > 1 && s->groups == s->in_channels && s->groups == s->out_channels
      && s->input[0] == 1 && s->filter[0] == 1;
}

size_t limn_depthwise_scratch(const limn_convolution *s) {
  return (size_t)(s->in_channels * s->filter[1] * s->filter[2]);
}

// One row of outputs: each is the sum over the taps inside the input.
LIMN_EACH_LEVEL(void, forward_row, (const depthwise_job *job, int64_t n, int64_t y), (job, n, y)) {
  const limn_convolution *s = job->shape;
  const int64_t C = s->in_channels, H = s->input[1], W = s->input[2];
  for (int64_t x = 0; x < s->output[2]; x++) {
    float *restrict to = job->out + ((n * s->output[1] + y) * s->output[2] + x) * C;
    for (int64_t c = 0; c < C; c++) to[c] = 0;
    for (int64_t i = 0; i < s->filter[1]; i++) {
      const int64_t row = y * s->stride[1] + i - s->pad_low[1];
      if (row < 0 || row >= H) continue;
      for (int64_t j = 0; j < s->filter[2]; j++) {
        const int64_t column = x * s->stride[2] + j - s->pad_low[2];
        if (column < 0 || column >= W) continue;
        const float *restrict from = job->a + ((n * H + row) * W + column) * C;
        const float *restrict w = job->filter + (i * s->filter[2] + j) * C;
        for (int64_t c = 0; c < C; c++) to[c] += from[c] * w[c];
      }
    }
  }
}

// One row of input gradients: each is the sum over the outputs that read it.
LIMN_EACH_LEVEL(void, backward_row, (const depthwise_job *job, int64_t n, int64_t row), (job, n, row)) {
  const limn_convolution *s = job->shape;
  const int64_t C = s->in_channels, H = s->output[1], W = s->output[2];
  for (int64_t column = 0; column < s->input[2]; column++) {
    float *restrict to = job->out + ((n * s->input[1] + row) * s->input[2] + column) * C;
    for (int64_t c = 0; c < C; c++) to[c] = 0;
    for (int64_t i = 0; i < s->filter[1]; i++) {
      const int64_t above = row + s->pad_low[1] - i, y = above / s->stride[1];
      if (above < 0 || above % s->stride[1] || y >= H) continue;
      for (int64_t j = 0; j < s->filter[2]; j++) {
        const int64_t before = column + s->pad_low[2] - j, x = before / s->stride[2];
        if (before < 0 || before % s->stride[2] || x >= W) continue;
        const float *restrict from = job->a + ((n * H + y) * W + x) * C;
        const float *restrict w = job->filter + (i * s->filter[2] + j) * C;
        for (int64_t c = 0; c < C; c++) to[c] += from[c] * w[c];
      }
    }
  }
}

typedef struct { depthwise_job job; int kind; } depthwise_rows;

static void depthwise_share(void *context, int index, int shares) {
  const depthwise_rows *rows = context;
  const limn_convolution *s = rows->job.shape;
  const int64_t height = rows->kind == LIMN_FORWARD ? s->output[1] : s->input[1];
  size_t begin, end;
  limn_part((size_t)(s->batch * height), 1, index, shares, &begin, &end);
  for (size_t at = begin; at < end; at++) {
    const int64_t n = (int64_t)at / height, row = (int64_t)at % height;
    if (rows->kind == LIMN_FORWARD) forward_row(&rows->job, n, row);
    else backward_row(&rows->job, n, row);
  }
}

void limn_depthwise(const limn_convolution *shape, int kind, const float *a, const float *filter, float *out,
                    float *scratch, int threads) {
  const int64_t channels = shape->in_channels, taps = shape->filter[1] * shape->filter[2];
  for (int64_t c = 0; c < channels; c++)
    for (int64_t k = 0; k < taps; k++) scratch[k * channels + c] = filter[c * taps + k];
  depthwise_rows rows = {{shape, a, scratch, out}, kind};
  limn_parallel(threads, depthwise_share, &rows);
}
