// Runs fused elementwise operations and reductions in one pass over memory: a program of vector instructions on tiles that
// stay in the first-level cache. Each operand is read once, each result is written once, and sums are accumulated on the way.
#include "CKernels.h"
#include "vector.h"
#include <math.h>

// Sizes in floats. A tile is as long as possible with all slots of a loop in 24 KiB of the first-level cache, which has 32 KiB or
// more. Slots are STAGGER more than a tile apart, because loads stall on stores whose addresses agree in their low bits
// (4 KiB aliasing).
enum { LONGEST_TILE = 1024, SHORTEST_TILE = 128, CACHED_FLOATS = 6144, STAGGER = 16 };

static int64_t tile_of(const limn_loop *loop) {
  int64_t tile = LONGEST_TILE;
  while (tile > SHORTEST_TILE && loop->slots * tile > CACHED_FLOATS) tile /= 2;
  return tile;
}

// eˣ by 2ⁿ·p(r), |r| ≤ ½ ln 2; relative error below 2·10⁻⁷. Written without branches so that it vectorizes.
// Overflow gives infinity, since n is bounded by the largest exponent and p is not; below the normal range the result is 0.
static inline __attribute__((always_inline)) float fast_exp(float argument) {
  float x = argument > 89.0f ? 89.0f : argument;
  x = x < -87.3365f ? -87.3365f : x;
  float n = __builtin_floorf(x * 1.44269504f + 0.5f);
  n = n > 127.0f ? 127.0f : n;
  float r = x - n * 0.693359375f;
  r = r + n * 2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * r * r + r + 1.0f;
  float y = p * limn_from_bits((uint32_t)((int32_t)n + 127) << 23);
  return argument < -87.3365f ? 0.0f : y;
}

// The error function by Abramowitz and Stegun 1964: 7.1.26 (absolute error below 1.5·10⁻⁷), and for |x| < ½ the series 7.1.5,
// which is accurate relative to small results. Both are computed and one is selected, without a branch.
static inline __attribute__((always_inline)) float fast_erf(float x) {
  float square = x * x, size = __builtin_fabsf(x);
  float t = 1.0f / (1.0f + 0.3275911f * size);
  float p = 1.061405429f;
  p = p * t - 1.453152027f;
  p = p * t + 1.421413741f;
  p = p * t - 0.284496736f;
  p = p * t + 0.254829592f;
  float large = __builtin_copysignf(1.0f - p * t * fast_exp(-square), x);
  float s = 1.0f / 1320.0f;
  s = s * -square + 1.0f / 216.0f;
  s = s * -square + 1.0f / 42.0f;
  s = s * -square + 1.0f / 10.0f;
  s = s * -square + 1.0f / 3.0f;
  s = s * -square + 1.0f;
  return size < 0.5f ? s * x * 1.12837917f : large;
}

#define EACH(expression) \
  for (int i = 0; i < n; i++) { y[i] = (expression); } \
  break

LIMN_EACH_LEVEL(void, run_tile,
                (const limn_instruction *instructions, int count, float *const *slots, int n),
                (instructions, count, slots, n)) {
  for (int k = 0; k < count; k++) {
    const limn_instruction *step = &instructions[k];
    float *restrict y = slots[step->result];
    const float *a = slots[step->a];
    const float *b = slots[step->b];
    const float p = step->p, q = step->q;
    switch (step->opcode) {
    case LIMN_FILL: EACH(p);
    case LIMN_SCALE: EACH(a[i] * p);
    case LIMN_OFFSET: EACH(a[i] + p);
    case LIMN_POWER: EACH(powf(a[i], p));
    case LIMN_EXP: EACH(fast_exp(a[i]));
    case LIMN_LOG: EACH(logf(a[i]));
    case LIMN_SQRT: EACH(__builtin_sqrtf(a[i]));
    case LIMN_RECIPROCAL: EACH(1.0f / a[i]);
    // Absolute error below 2·10⁻⁷; near 0 that is not small relative to the result.
    case LIMN_TANH: EACH(1.0f - 2.0f / (fast_exp(2.0f * a[i]) + 1.0f));
    case LIMN_SIGMOID: EACH(1.0f / (1.0f + fast_exp(-a[i])));
    case LIMN_SOFTPLUS: EACH((a[i] > 0 ? a[i] : 0) + log1pf(expf(-fabsf(a[i]))));
    case LIMN_ERF: EACH(fast_erf(a[i]));
    case LIMN_LEAKY_RELU: EACH(a[i] > 0 ? a[i] : a[i] * p);
    case LIMN_CLAMP: EACH(a[i] < p ? p : (a[i] > q ? q : a[i]));
    case LIMN_BETWEEN: EACH(a[i] > p && a[i] < q ? 1.0f : 0.0f);
    case LIMN_ADD: EACH(a[i] + b[i]);
    case LIMN_SUBTRACT: EACH(a[i] - b[i]);
    case LIMN_MULTIPLY: EACH(a[i] * b[i]);
    case LIMN_DIVIDE: EACH(a[i] / b[i]);
    case LIMN_LEAKY_RELU_GRADIENT: EACH(b[i] > 0 ? a[i] : a[i] * p);
    }
  }
}

LIMN_EACH_LEVEL(void, widen, (float *to, const uint16_t *from, int64_t n), (to, from, n)) {
  for (int64_t i = 0; i < n; i++) to[i] = limn_widen(from[i]);
}

LIMN_EACH_LEVEL(void, narrow, (uint16_t *to, const float *from, int64_t n), (to, from, n)) {
  for (int64_t i = 0; i < n; i++) to[i] = limn_narrow(from[i]);
}

LIMN_EACH_LEVEL(void, accumulate, (float *restrict to, const float *from, int64_t n), (to, from, n)) {
  for (int64_t i = 0; i < n; i++) to[i] += from[i];
}

LIMN_EACH_LEVEL(float, total, (const float *from, int64_t n), (from, n)) {
#pragma clang fp reassociate(on)
  float sum = 0;
  for (int64_t i = 0; i < n; i++) sum += from[i];
  return sum;
}

// Adds rows of `period` elements to `sums`; the last row may be incomplete. Four rows at a time have partial sums in registers.
LIMN_EACH_LEVEL(void, sum_rows, (float *restrict sums, const float *from, int64_t n, int64_t period), (sums, from, n, period)) {
  enum { VECTOR = 16 };
  int64_t rows = n / period, whole = period / VECTOR * VECTOR;
  for (int64_t c = 0; c < whole; c += VECTOR) {
    float a[VECTOR] = {0}, b[VECTOR] = {0}, d[VECTOR] = {0}, e[VECTOR] = {0};
    const float *row = from + c;
    int64_t r = 0;
    for (; r + 4 <= rows; r += 4, row += 4 * period)
      for (int i = 0; i < VECTOR; i++) {
        a[i] += row[i];
        b[i] += row[period + i];
        d[i] += row[2 * period + i];
        e[i] += row[3 * period + i];
      }
    for (; r < rows; r++, row += period)
      for (int i = 0; i < VECTOR; i++) a[i] += row[i];
    for (int i = 0; i < VECTOR; i++) sums[c + i] += (a[i] + b[i]) + (d[i] + e[i]);
  }
  for (int64_t r = 0; r < rows; r++)
    for (int64_t c = whole; c < period; c++) sums[c] += from[r * period + c];
  for (int64_t i = rows * period; i < n; i++) sums[i - rows * period] += from[i];
}

static void accumulate_maximum(float *to, const float *from, int64_t n) {
  for (int64_t i = 0; i < n; i++) to[i] = from[i] > to[i] || from[i] != from[i] ? from[i] : to[i];
}

static inline void read_run(float *to, const void *data, int type, int64_t offset, int64_t stride, int64_t n) {
  if (type == LIMN_BFLOAT16) {
    const uint16_t *from = (const uint16_t *)data + offset;
    if (stride == 1) widen(to, from, n);
    else for (int64_t i = 0; i < n; i++) to[i] = limn_widen(from[i * stride]);
  } else {
    const float *from = (const float *)data + offset;
    if (stride == 1) memcpy(to, from, (size_t)n * sizeof(float));
    else for (int64_t i = 0; i < n; i++) to[i] = from[i * stride];
  }
}

// Visits the flat indices start ..< start + n in runs along the innermost dimension. `body` runs once per run and reads
// `offset` and `stride` (of the operand), `at` (elements before this run) and `run` (its length).
#define FOR_RUNS(loop, strides_, start, n, body)                                                  \
  do {                                                                                            \
    int64_t index_[LIMN_MAX_RANK], rest_ = (start), offset = 0, left_ = (n), at = 0;              \
    const int last_ = (loop)->rank - 1;                                                           \
    for (int d = last_; d >= 0; d--) {                                                            \
      index_[d] = rest_ % (loop)->extents[d];                                                     \
      rest_ /= (loop)->extents[d];                                                                \
      offset += index_[d] * (strides_)[d];                                                        \
    }                                                                                             \
    const int64_t stride = (strides_)[last_];                                                     \
    while (left_ > 0) {                                                                           \
      int64_t run = (loop)->extents[last_] - index_[last_];                                       \
      if (run > left_) run = left_;                                                               \
      body;                                                                                       \
      at += run;                                                                                  \
      left_ -= run;                                                                               \
      offset += run * stride;                                                                     \
      index_[last_] += run;                                                                       \
      for (int d = last_; d > 0 && index_[d] == (loop)->extents[d]; d--) {                        \
        offset += (strides_)[d - 1] - index_[d] * (strides_)[d];                                  \
        index_[d] = 0;                                                                            \
        index_[d - 1]++;                                                                          \
      }                                                                                           \
    }                                                                                             \
  } while (0)

static int64_t offset_at(const limn_loop *loop, const int64_t *strides, int64_t flat) {
  int64_t offset = 0;
  for (int d = loop->rank - 1; d >= 0; d--) {
    offset += flat % loop->extents[d] * strides[d];
    flat /= loop->extents[d];
  }
  return offset;
}

// Whether start ..< start + n is within one block of a broadcast operand and starts at a multiple of its period.
static inline int in_one_block(int64_t period, int64_t repeats, int64_t start, int64_t n) {
  if (repeats == 0 || start % period != 0) return 0;
  int64_t block = period * repeats;
  return start / block == (start + n - 1) / block;
}

// The part of a broadcast operand that its slot holds: `length` elements from `base` on; base −1 is nothing.
typedef struct { int64_t base, length; } cached;

static void load_tile(const limn_loop *loop, const limn_load *load, cached *cache, float *tile, int64_t start, int64_t n) {
  if (load->dense) {
    read_run(tile, load->data, load->type, start, 1, n);
    return;
  }
  if (in_one_block(load->period, load->repeats, start, n)) {
    int64_t base = offset_at(loop, load->strides, start);
    if (cache->base == base && cache->length >= n) return;
    int64_t filled = load->period < n ? load->period : n;
    read_run(tile, load->data, load->type, base, 1, filled);
    while (filled < n) {
      int64_t more = filled < n - filled ? filled : n - filled;
      memcpy(tile + filled, tile, (size_t)more * sizeof(float));
      filled += more;
    }
    *cache = (cached){base, n};
    return;
  }
  cache->base = -1;
  FOR_RUNS(loop, load->strides, start, n, read_run(tile + at, load->data, load->type, offset, stride, run));
}

static void reduce_tile(const limn_loop *loop, const limn_reduction *reduction, float *sums, const float *tile,
                        int64_t start, int64_t n) {
  if (reduction->maximum) {
    FOR_RUNS(loop, reduction->strides, start, n, {
      if (stride == 0) for (int64_t i = 0; i < run; i++) accumulate_maximum(sums + offset, tile + at + i, 1);
      else for (int64_t i = 0; i < run; i++) accumulate_maximum(sums + offset + i * stride, tile + at + i, 1);
    });
    return;
  }
  if (in_one_block(reduction->period, reduction->repeats, start, n)) {
    int64_t base = offset_at(loop, reduction->strides, start);
    if (reduction->period == 1) {
      sums[base] += total(tile, n);
      return;
    }
    sum_rows(sums + base, tile, n, reduction->period);
    return;
  }
  FOR_RUNS(loop, reduction->strides, start, n, {
    if (stride == 0) sums[offset] += total(tile + at, run);
    else if (stride == 1) accumulate(sums + offset, tile + at, run);
    else for (int64_t i = 0; i < run; i++) sums[offset + i * stride] += tile[at + i];
  });
}

typedef struct { const limn_loop *loop; float *scratch; int threads; } job;

// Floats for the partial sums of a reduction, padded to whole cache lines.
static size_t padded_count(const limn_reduction *reduction) { return ((size_t)reduction->count + 15) / 16 * 16; }

static size_t partial_count(const limn_loop *loop) {
  size_t count = 0;
  for (int r = 0; r < loop->reduction_count; r++) count += padded_count(&loop->reductions[r]);
  return count;
}

static size_t slot_floats(const limn_loop *loop) { return (size_t)loop->slots * (size_t)(tile_of(loop) + STAGGER); }

static size_t share_scratch(const limn_loop *loop) { return slot_floats(loop) + partial_count(loop); }

size_t limn_loop_scratch(const limn_loop *loop, int threads) { return share_scratch(loop) * (size_t)threads; }

static void run_share(void *context, int index, int shares) {
  const job *work = context;
  const limn_loop *loop = work->loop;
  float *scratch = work->scratch + share_scratch(loop) * (size_t)index;
  float *partials = scratch + slot_floats(loop);
  const int64_t tile = tile_of(loop);
  float *sums = partials;
  for (int r = 0; r < loop->reduction_count; r++) {
    const limn_reduction *reduction = &loop->reductions[r];
    for (int64_t i = 0; i < reduction->count; i++) sums[i] = reduction->maximum ? -INFINITY : 0;
    sums += padded_count(reduction);
  }

  float *slots[LIMN_LOOP_SLOTS];
  for (int s = 0; s < loop->slots; s++) slots[s] = scratch + s * (tile + STAGGER);
  cached caches[LIMN_LOOP_OPERANDS];
  for (int k = 0; k < loop->load_count; k++) caches[k] = (cached){-1, 0};

  size_t begin, end;
  limn_part((size_t)loop->count, (size_t)tile, index, shares, &begin, &end);
  for (int64_t start = (int64_t)begin; start < (int64_t)end; start += tile) {
    int64_t n = (int64_t)end - start < tile ? (int64_t)end - start : tile;
    for (int k = 0; k < loop->load_count; k++) {
      const limn_load *load = &loop->loads[k];
      // A dense float32 operand is read in place; no instruction writes to an operand's slot.
      if (load->dense && load->type == LIMN_FLOAT32) slots[load->slot] = (float *)load->data + start;
      else load_tile(loop, load, &caches[k], slots[load->slot], start, n);
    }
    run_tile(loop->instructions, loop->instruction_count, slots, (int)n);
    for (int k = 0; k < loop->store_count; k++) {
      const limn_store *store = &loop->stores[k];
      if (store->type == LIMN_BFLOAT16) narrow((uint16_t *)store->data + start, slots[store->slot], n);
      else memcpy((float *)store->data + start, slots[store->slot], (size_t)n * sizeof(float));
    }
    sums = partials;
    for (int r = 0; r < loop->reduction_count; r++) {
      reduce_tile(loop, &loop->reductions[r], sums, slots[loop->reductions[r].slot], start, n);
      sums += padded_count(&loop->reductions[r]);
    }
  }
}

void limn_loop_run(const limn_loop *loop, int threads, float *scratch) {
  // A small loop runs on one thread. The number of shares depends on the size alone, so that sums have a fixed order.
  if (loop->count < 8 * LONGEST_TILE) threads = 1;
  job work = {loop, scratch, threads};
  limn_parallel(threads, run_share, &work);
  size_t stride = share_scratch(loop), at = slot_floats(loop);
  for (int r = 0; r < loop->reduction_count; r++) {
    const limn_reduction *reduction = &loop->reductions[r];
    memcpy(reduction->data, scratch + at, (size_t)reduction->count * sizeof(float));
    for (int t = 1; t < threads; t++) {
      const float *more = scratch + stride * (size_t)t + at;
      if (reduction->maximum) accumulate_maximum(reduction->data, more, reduction->count);
      else accumulate(reduction->data, more, reduction->count);
    }
    at += padded_count(reduction);
  }
}
