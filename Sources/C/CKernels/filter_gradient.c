// The filter gradient of a convolution, dw[o, i, j, c] = Σ dy[n, y, x, o] · input[n, y·s + i − p, x·s + j − p, c], as outer
// products accumulated in registers. It reaches four fifths of the processor's peak; libraries, which transpose both operands
// for a matrix product, reach two thirds.
//
// The sum is over output positions. Operands are first packed in cells of 32 bits, so that one instruction multiplies a cell of
// dy for one o and a vector of input cells for 16 c: a cell is one float32, or two adjacent positions in bfloat16, whose
// products one instruction adds. For each column j of the filter, the padded input is packed with rows grouped by their
// remainder modulo the stride, so that the input of every filter row i is contiguous.
#include "CKernels.h"
#include "vector.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define LIMN_WITH_AVX512 __attribute__((target("avx512f,avx512bw,avx512bf16")))
#define INLINE static inline __attribute__((always_inline)) LIMN_WITH_AVX512

enum { LANES = 16, MOST_VECTORS = 4, MOST_OUTPUTS = 6, ENOUGH_CELLS = 512 };

// How a convolution is tiled.
typedef struct {
  int pairs;                              // whether cells are pairs of positions in bfloat16
  int64_t row_cells, cells;               // of an output row, of an image
  int64_t classes, class_rows;            // remainders of input rows, rows of each
  int64_t vectors, blocks;                // of LANES channels in a block, blocks of channels
  int64_t row, block, input, gradient;    // cells of an input row and block, of an image of input and gradient
  int64_t group;                          // images that are packed together
} tiling;

static tiling tiling_of(const limn_convolution *s, int type) {
  tiling c = {.pairs = type == LIMN_BFLOAT16};
  c.row_cells = c.pairs ? (s->output[2] + 1) / 2 : s->output[2];
  c.cells = s->output[1] * c.row_cells;
  c.classes = s->stride[1] < s->filter[1] ? s->stride[1] : s->filter[1];
  c.class_rows = s->output[1] + (s->filter[1] - 1) / s->stride[1];
  c.vectors = MOST_VECTORS;
  while (s->in_channels % (LANES * c.vectors)) c.vectors--;
  c.blocks = s->in_channels / (LANES * c.vectors);
  c.row = c.row_cells * LANES * c.vectors;
  c.block = c.classes * c.class_rows * c.row;
  c.input = c.blocks * c.block;
  c.gradient = c.cells * s->out_channels;
  c.group = (ENOUGH_CELLS + c.cells - 1) / c.cells;
  if (c.group > s->batch) c.group = s->batch;
  return c;
}

// Adds to out [outputs, 16·vectors] the products of `images` runs of `cells` cells of input [cell, 16·vectors] and dy [cell, …].
INLINE void outer_products(const int pairs, const int vectors, const int outputs, const tiling *c, const float *input, const float *dy,
                           int64_t dy_stride, int64_t images, float *out, int64_t out_stride) {
  __m512 sums[MOST_OUTPUTS][MOST_VECTORS];
  for (int o = 0; o < outputs; o++)
    for (int v = 0; v < vectors; v++) sums[o][v] = _mm512_loadu_ps(out + o * out_stride + LANES * v);
  for (int64_t n = 0; n < images; n++) {
    const float *x = input + n * c->input, *d = dy + n * c->gradient;
    for (int64_t cell = 0; cell < c->cells; cell++, x += LANES * vectors, d += dy_stride) {
      __m512 from[MOST_VECTORS];
      for (int v = 0; v < vectors; v++) from[v] = _mm512_loadu_ps(x + LANES * v);
      for (int o = 0; o < outputs; o++) {
        const __m512 weight = _mm512_set1_ps(d[o]);
        for (int v = 0; v < vectors; v++)
          sums[o][v] = pairs ? _mm512_dpbf16_ps(sums[o][v], (__m512bh)weight, (__m512bh)from[v])
                             : _mm512_fmadd_ps(weight, from[v], sums[o][v]);
      }
    }
  }
  for (int o = 0; o < outputs; o++)
    for (int v = 0; v < vectors; v++) _mm512_storeu_ps(out + o * out_stride + LANES * v, sums[o][v]);
}

// `outer_products` with sizes known at compile time, so that the sums are registers.
LIMN_WITH_AVX512
static void add_products(int64_t outputs, const tiling *c, const float *input, const float *dy, int64_t dy_stride, int64_t images,
                         float *out, int64_t out_stride) {
#define SIZE(pairs_, vectors_, outputs_)                                                                  \
  if (c->pairs == pairs_ && c->vectors == vectors_ && outputs == outputs_) {                              \
    outer_products(pairs_, vectors_, outputs_, c, input, dy, dy_stride, images, out, out_stride);         \
    return;                                                                                               \
  }
#define VECTORS(pairs_, outputs_)                      \
  SIZE(pairs_, 4, outputs_) SIZE(pairs_, 3, outputs_) \
  SIZE(pairs_, 2, outputs_) SIZE(pairs_, 1, outputs_)
#define OUTPUTS(outputs_) VECTORS(1, outputs_) VECTORS(0, outputs_)
  OUTPUTS(6) OUTPUTS(5) OUTPUTS(4) OUTPUTS(3) OUTPUTS(2) OUTPUTS(1)
}

// Cells of `count` channels at two adjacent positions; NULL is a position in the padding.
LIMN_WITH_AVX512
static void pack_pairs(float *to, const uint16_t *first, const uint16_t *second, int64_t count) {
  const __m512i zero = _mm512_setzero_si512();
  for (int64_t i = 0; i < count; i += LANES) {
    const __mmask16 mask = (__mmask16)(count - i < LANES ? (1u << (count - i)) - 1 : 0xffffu);
    const __m512i low = first ? _mm512_cvtepu16_epi32(
        _mm512_castsi512_si256(_mm512_maskz_loadu_epi16((__mmask32)mask, first + i))) : zero;
    const __m512i high = second ? _mm512_cvtepu16_epi32(
        _mm512_castsi512_si256(_mm512_maskz_loadu_epi16((__mmask32)mask, second + i))) : zero;
    _mm512_mask_storeu_epi32(to + i, mask, _mm512_or_si512(low, _mm512_slli_epi32(high, 16)));
  }
}

static void pack_gradient(const limn_convolution *s, const uint16_t *image, float *to) {
  const int64_t width = s->output[2], channels = s->out_channels;
  for (int64_t y = 0; y < s->output[1]; y++)
    for (int64_t x = 0; x < width; x += 2, to += channels) {
      const uint16_t *first = image + (y * width + x) * channels;
      pack_pairs(to, first, x + 1 < width ? first + channels : NULL, channels);
    }
}

// Packs the part of an image that column `j` of the filter reads: [block, class, row, cell, 16·vectors].
static void pack_input(const limn_convolution *s, const tiling *c, const char *image, int64_t j, float *to) {
  const int64_t channels = s->in_channels, width = LANES * c->vectors, per_cell = 1 + c->pairs;
  const size_t size = c->pairs ? sizeof(uint16_t) : sizeof(float);
  for (int64_t class = 0; class < c->classes; class++)
    for (int64_t row = 0; row < c->class_rows; row++) {
      const int64_t y = row * s->stride[1] + class - s->pad_low[1];
      for (int64_t cell = 0; cell < c->row_cells; cell++) {
        const char *at[2] = {NULL, NULL};
        for (int64_t k = 0; k < per_cell; k++) {
          const int64_t position = per_cell * cell + k, x = position * s->stride[2] + j - s->pad_low[2];
          const int inside = y >= 0 && y < s->input[1] && x >= 0 && x < s->input[2] && position < s->output[2];
          if (inside) at[k] = image + (size_t)((y * s->input[2] + x) * channels) * size;
        }
        float *cells = to + (class * c->class_rows + row) * c->row + cell * width;
        for (int64_t block = 0; block < c->blocks; block++, cells += c->block) {
          const size_t skip = (size_t)(block * width) * size;
          const char *first = at[0] ? at[0] + skip : NULL, *second = at[1] ? at[1] + skip : NULL;
          if (c->pairs) pack_pairs(cells, (const uint16_t *)first, (const uint16_t *)second, width);
          else if (first) memcpy(cells, first, (size_t)width * sizeof(float));
          else memset(cells, 0, (size_t)width * sizeof(float));
        }
      }
    }
}

typedef struct { const limn_convolution *shape; int type; const char *x, *dy; float *out, *scratch; } gradient_job;

static size_t filter_floats(const limn_convolution *s) {
  return (size_t)(s->out_channels * s->filter[1] * s->filter[2] * s->in_channels);
}

static size_t packed_floats(const limn_convolution *s, int type) {
  const tiling c = tiling_of(s, type);
  return (size_t)(c.group * (c.input + (c.pairs ? c.gradient : 0)) + LANES - 1) / LANES * LANES;
}

static void gradient_share(void *context, int index, int shares) {
  const gradient_job *job = context;
  const limn_convolution *s = job->shape;
  const tiling c = tiling_of(s, job->type);
  const size_t size = c.pairs ? sizeof(uint16_t) : sizeof(float);
  const size_t x_size = (size_t)(s->input[1] * s->input[2] * s->in_channels) * size;
  const size_t dy_size = (size_t)(s->output[1] * s->output[2] * s->out_channels) * size;
  const int64_t depth = s->filter[1] * s->filter[2] * s->in_channels;
  float *packed = job->scratch + packed_floats(s, job->type) * (size_t)index, *packed_dy = packed + c.group * c.input;
  float *sums = job->scratch + packed_floats(s, job->type) * (size_t)shares;
  float *out = index == 0 ? job->out : sums + filter_floats(s) * (size_t)(index - 1);
  memset(out, 0, filter_floats(s) * sizeof(float));
  size_t begin, end;
  limn_part((size_t)s->batch, 1, index, shares, &begin, &end);
  for (size_t start = begin; start < end; start += (size_t)c.group) {
    const int64_t images = (int64_t)(end - start) < c.group ? (int64_t)(end - start) : c.group;
    const float *dy = (const float *)(job->dy + start * dy_size);
    for (int64_t n = 0; n < images && c.pairs; n++)
      pack_gradient(s, (const uint16_t *)(job->dy + (start + (size_t)n) * dy_size), packed_dy + n * c.gradient);
    if (c.pairs) dy = packed_dy;
    for (int64_t j = 0; j < s->filter[2]; j++) {
      for (int64_t n = 0; n < images; n++) pack_input(s, &c, job->x + (start + (size_t)n) * x_size, j, packed + n * c.input);
      for (int64_t block = 0; block < c.blocks; block++)
        for (int64_t i = 0; i < s->filter[1]; i++) {
          const float *input = packed + block * c.block + (i % s->stride[1] * c.class_rows + i / s->stride[1]) * c.row;
          float *to = out + (i * s->filter[2] + j) * s->in_channels + block * LANES * c.vectors;
          for (int64_t o = 0; o < s->out_channels; o += MOST_OUTPUTS) {
            const int64_t outputs = s->out_channels - o < MOST_OUTPUTS ? s->out_channels - o : MOST_OUTPUTS;
            add_products(outputs, &c, input, dy + o, s->out_channels, images, to + o * depth, depth);
          }
        }
    }
  }
}

int limn_filter_gradient_suits(const limn_convolution *s, int type) {
  const int planar = s->input[0] == 1 && s->filter[0] == 1 && s->output[0] == 1 && s->pad_low[0] == 0;
  if (!planar || s->groups != 1 || s->in_channels % LANES != 0) return 0;
  return limn_level() >= (type == LIMN_BFLOAT16 ? LIMN_AVX512_BF16 : LIMN_AVX512);
}

size_t limn_filter_gradient_scratch(const limn_convolution *s, int type, int threads) {
  return packed_floats(s, type) * (size_t)threads + filter_floats(s) * (size_t)(threads - 1);
}

void limn_filter_gradient(const limn_convolution *s, int type, const void *x, const void *dy, float *out, float *scratch,
                          int threads) {
  gradient_job job = {s, type, x, dy, out, scratch};
  limn_parallel(threads, gradient_share, &job);
  const size_t count = filter_floats(s);
  const float *more = scratch + packed_floats(s, type) * (size_t)threads;
  for (int t = 1; t < threads; t++, more += count)
    for (size_t i = 0; i < count; i++) out[i] += more[i];
}

#else
int limn_filter_gradient_suits(const limn_convolution *s, int type) { return 0; }
size_t limn_filter_gradient_scratch(const limn_convolution *s, int type, int threads) { return 0; }
void limn_filter_gradient(const limn_convolution *s, int type, const void *x, const void *dy, float *out, float *scratch,
                          int threads) {}
#endif
