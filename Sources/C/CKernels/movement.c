// Copies between layouts, conversions, resampling and table rows.
#include "CKernels.h"
#include "vector.h"

typedef struct {
  char *to;
  const char *from;
  const int64_t *to_strides, *from_strides, *extents;
  int rank, size;
} copy_job;

static void copy_box(char *to, const char *from, const copy_job *job, int axis) {
  const int64_t extent = job->extents[axis], size = job->size;
  const int64_t ts = job->to_strides[axis], fs = job->from_strides[axis];
  if (axis == job->rank - 1) {
    if (ts == 1 && fs == 1) memcpy(to, from, (size_t)(extent * size));
    else if (size == 4) for (int64_t i = 0; i < extent; i++) ((uint32_t *)to)[i * ts] = ((const uint32_t *)from)[i * fs];
    else for (int64_t i = 0; i < extent; i++) ((uint16_t *)to)[i * ts] = ((const uint16_t *)from)[i * fs];
    return;
  }
  for (int64_t i = 0; i < extent; i++) copy_box(to + i * ts * size, from + i * fs * size, job, axis + 1);
}

static void copy_share(void *context, int index, int shares) {
  const copy_job *job = context;
  size_t begin, end;
  limn_part((size_t)job->extents[0], 1, index, shares, &begin, &end);
  int64_t extents[LIMN_MAX_RANK + 2];
  memcpy(extents, job->extents, sizeof(int64_t) * (size_t)job->rank);
  extents[0] = (int64_t)(end - begin);
  copy_job part = *job;
  part.extents = extents;
  if (extents[0] > 0)
    copy_box(job->to + (int64_t)begin * job->to_strides[0] * job->size,
             job->from + (int64_t)begin * job->from_strides[0] * job->size, &part, 0);
}

void limn_copy(void *to, const int64_t *to_strides, const void *from, const int64_t *from_strides,
               const int64_t *extents, int rank, int size, int threads) {
  copy_job job = {to, from, to_strides, from_strides, extents, rank, size};
  int64_t count = 1;
  for (int d = 0; d < rank; d++) count *= extents[d];
  limn_parallel(count < 16384 ? 1 : threads, copy_share, &job);
}

typedef struct { void *to; const void *from; int to_type, from_type; size_t count; } convert_job;

LIMN_EACH_LEVEL(void, convert_range, (const convert_job *job, size_t begin, size_t end), (job, begin, end)) {
  if (job->to_type == job->from_type) {
    size_t size = job->to_type == LIMN_BFLOAT16 ? 2 : 4;
    memcpy((char *)job->to + begin * size, (const char *)job->from + begin * size, (end - begin) * size);
  } else if (job->to_type == LIMN_BFLOAT16) {
    uint16_t *to = job->to;
    const float *from = job->from;
    for (size_t i = begin; i < end; i++) to[i] = limn_narrow(from[i]);
  } else {
    float *to = job->to;
    const uint16_t *from = job->from;
    for (size_t i = begin; i < end; i++) to[i] = limn_widen(from[i]);
  }
}

static void convert_share(void *context, int index, int shares) {
  const convert_job *job = context;
  size_t begin, end;
  limn_part(job->count, 1024, index, shares, &begin, &end);
  convert_range(job, begin, end);
}

void limn_convert(void *to, int to_type, const void *from, int from_type, size_t count, int threads) {
  convert_job job = {to, from, to_type, from_type, count};
  limn_parallel(count < 16384 ? 1 : threads, convert_share, &job);
}

typedef struct {
  float *to;
  const float *from;
  const int64_t *extents;
  const limn_taps *rows, *columns;
  float *scratch;
} resize_job;

size_t limn_resize_scratch(const int64_t *extents, int threads) {
  return (size_t)threads * (size_t)(extents[2] * extents[5]);
}

LIMN_EACH_LEVEL(void, resize_row,
                (const resize_job *job, int64_t image, int64_t row, float *restrict blended),
                (job, image, row, blended)) {
  const int64_t *e = job->extents, channels = e[5], width = e[2] * channels;
  const limn_taps *rows = job->rows, *columns = job->columns;
  for (int64_t i = 0; i < width; i++) blended[i] = 0;
  for (int32_t k = rows->start[row]; k < rows->start[row + 1]; k++) {
    const float weight = rows->weight[k];
    const float *restrict from = job->from + (image * e[1] + rows->index[k]) * width;
    for (int64_t i = 0; i < width; i++) blended[i] += weight * from[i];
  }
  float *to = job->to + (image * e[3] + row) * e[4] * channels;
  if (channels == 3) {
    // Images, which are resized in each step for the frozen network: sums in registers.
    for (int64_t column = 0; column < e[4]; column++, to += 3) {
      float sums[3] = {0, 0, 0};
      for (int32_t k = columns->start[column]; k < columns->start[column + 1]; k++) {
        const float weight = columns->weight[k];
        const float *from = blended + columns->index[k] * 3;
        for (int c = 0; c < 3; c++) sums[c] += weight * from[c];
      }
      memcpy(to, sums, sizeof sums);
    }
    return;
  }
  for (int64_t column = 0; column < e[4]; column++, to += channels) {
    for (int64_t c = 0; c < channels; c++) to[c] = 0;
    for (int32_t k = columns->start[column]; k < columns->start[column + 1]; k++) {
      const float weight = columns->weight[k];
      const float *from = blended + columns->index[k] * channels;
      for (int64_t c = 0; c < channels; c++) to[c] += weight * from[c];
    }
  }
}

static void resize_share(void *context, int index, int shares) {
  const resize_job *job = context;
  const int64_t *e = job->extents;
  size_t begin, end;
  limn_part((size_t)(e[0] * e[3]), 1, index, shares, &begin, &end);
  float *blended = job->scratch + (size_t)index * (size_t)(e[2] * e[5]);
  for (size_t at = begin; at < end; at++) resize_row(job, (int64_t)at / e[3], (int64_t)at % e[3], blended);
}

void limn_resize(float *to, const float *from, const int64_t *extents, const limn_taps *rows, const limn_taps *columns,
                 float *scratch, int threads) {
  resize_job job = {to, from, extents, rows, columns, scratch};
  limn_parallel(threads, resize_share, &job);
}

// `small` are the extents of the side with fewer elements: n, d, h, w, c.
typedef struct { void *to; const void *from; int type; const int64_t *small, *factors; } resample_job;

static void upsample_share(void *context, int index, int shares) {
  const resample_job *job = context;
  const int64_t *e = job->small, *f = job->factors;
  const size_t size = job->type == LIMN_BFLOAT16 ? 2 : 4, pixel = (size_t)e[4] * size;
  const size_t row = (size_t)(e[3] * f[2]) * pixel;
  size_t begin, end;
  limn_part((size_t)(e[0] * e[1] * e[2]), 1, index, shares, &begin, &end);
  for (size_t line = begin; line < end; line++) {
    const char *from = (const char *)job->from + line * (size_t)e[3] * pixel;
    const int64_t h = (int64_t)line % e[2], d = (int64_t)line / e[2] % e[1], n = (int64_t)line / (e[2] * e[1]);
    char *first = NULL;
    for (int64_t i = 0; i < f[0]; i++)
      for (int64_t j = 0; j < f[1]; j++) {
        size_t at = (size_t)(((n * e[1] + d) * f[0] + i) * e[2] * f[1] + h * f[1] + j);
        char *to = (char *)job->to + at * row;
        if (first) {
          memcpy(to, first, row);
          continue;
        }
        first = to;
        for (int64_t w = 0; w < e[3]; w++)
          for (int64_t k = 0; k < f[2]; k++, to += pixel) memcpy(to, from + (size_t)w * pixel, pixel);
      }
  }
}

void limn_upsample(void *to, const void *from, int type, const int64_t *from_extents, const int64_t *factors, int threads) {
  resample_job job = {to, from, type, from_extents, factors};
  limn_parallel(threads, upsample_share, &job);
}

LIMN_EACH_LEVEL(void, pool_line, (const resample_job *job, size_t line), (job, line)) {
  const int64_t *e = job->small, *f = job->factors, c = e[4];
  const int64_t h = (int64_t)line % e[2], d = (int64_t)line / e[2] % e[1], n = (int64_t)line / (e[2] * e[1]);
  enum { CHUNK = 256 };
  float sums[CHUNK];
  for (int64_t w = 0; w < e[3]; w++)
    for (int64_t start = 0; start < c; start += CHUNK) {
      const int64_t width = c - start < CHUNK ? c - start : CHUNK;
      for (int64_t k = 0; k < width; k++) sums[k] = 0;
      for (int64_t i = 0; i < f[0]; i++)
        for (int64_t j = 0; j < f[1]; j++)
          for (int64_t l = 0; l < f[2]; l++) {
            int64_t at = (((n * e[1] + d) * f[0] + i) * e[2] * f[1] + h * f[1] + j) * e[3] * f[2] + w * f[2] + l;
            if (job->type == LIMN_BFLOAT16) {
              const uint16_t *from = (const uint16_t *)job->from + at * c + start;
              for (int64_t k = 0; k < width; k++) sums[k] += limn_widen(from[k]);
            } else {
              const float *from = (const float *)job->from + at * c + start;
              for (int64_t k = 0; k < width; k++) sums[k] += from[k];
            }
          }
      const int64_t at = ((int64_t)line * e[3] + w) * c + start;
      if (job->type == LIMN_BFLOAT16) for (int64_t k = 0; k < width; k++) ((uint16_t *)job->to)[at + k] = limn_narrow(sums[k]);
      else memcpy((float *)job->to + at, sums, (size_t)width * sizeof(float));
    }
}

static void pool_share(void *context, int index, int shares) {
  const resample_job *job = context;
  size_t begin, end;
  limn_part((size_t)(job->small[0] * job->small[1] * job->small[2]), 1, index, shares, &begin, &end);
  for (size_t line = begin; line < end; line++) pool_line(job, line);
}

void limn_sum_pool(void *to, const void *from, int type, const int64_t *to_extents, const int64_t *factors, int threads) {
  resample_job job = {to, from, type, to_extents, factors};
  limn_parallel(threads, pool_share, &job);
}

typedef struct { char *to; const char *from; const int32_t *offsets; int back, size; const int64_t *extents; } translate_job;

static void translate_share(void *context, int index, int shares) {
  const translate_job *job = context;
  const int64_t h = job->extents[1], w = job->extents[2], pixel = job->extents[3] * job->size;
  size_t begin, end;
  limn_part((size_t)(job->extents[0] * h), 1, index, shares, &begin, &end);
  for (size_t line = begin; line < end; line++) {
    const int64_t n = (int64_t)line / h, sign = job->back ? -1 : 1;
    const int64_t y = (int64_t)line % h - sign * job->offsets[2 * n], right = sign * job->offsets[2 * n + 1];
    char *to = job->to + (int64_t)line * w * pixel;
    const int64_t first = right > 0 ? right : 0, last = right < 0 ? w + right : w;
    if (y < 0 || y >= h || first >= last) {
      memset(to, 0, (size_t)(w * pixel));
      continue;
    }
    memset(to, 0, (size_t)(first * pixel));
    memcpy(to + first * pixel, job->from + ((n * h + y) * w + first - right) * pixel, (size_t)((last - first) * pixel));
    memset(to + last * pixel, 0, (size_t)((w - last) * pixel));
  }
}

void limn_translate(void *to, const void *from, const int32_t *offsets, int back, int size, const int64_t *extents, int threads) {
  translate_job job = {to, from, offsets, back, size, extents};
  limn_parallel(threads, translate_share, &job);
}

void limn_gather(float *to, const float *table, const int32_t *indices, size_t count, size_t rows, size_t columns) {
  for (size_t i = 0; i < count; i++) {
    // Negative indices wrap to large ones, so one comparison checks both bounds.
    if ((size_t)(uint32_t)indices[i] < rows) memcpy(to + i * columns, table + (size_t)indices[i] * columns, columns * sizeof(float));
    else memset(to + i * columns, 0, columns * sizeof(float));
  }
}

void limn_scatter(float *table, const float *from, const int32_t *indices, size_t count, size_t rows, size_t columns) {
  memset(table, 0, rows * columns * sizeof(float));
  for (size_t i = 0; i < count; i++) {
    if ((size_t)(uint32_t)indices[i] >= rows) continue;
    float *to = table + (size_t)indices[i] * columns;
    for (size_t k = 0; k < columns; k++) to[k] += from[i * columns + k];
  }
}

// Whether tap k of the 3×3 filter contributes to tap t of the 4×4 filter, along one dimension: v = (w2, w1 + w2, w0 + w1, w0).
static inline int feeds(int k, int t) { return t == 2 - k || t == 3 - k; }

// Tiles of both filters stay in the first-level cache during the transposition.
enum { FILTER_TILE = 16 };

typedef struct { float *to; const float *from; int64_t outs, ins; int back; } doubling_job;

// The taps of w for FILTER_TILE inputs and outputs, [k][l][c][o] here and [o][k][l][c] in memory.
typedef float doubling_taps[3][3][FILTER_TILE][FILTER_TILE];

LIMN_EACH_LEVEL(void, doubling_tile, (const doubling_job *job, int64_t o0, int64_t c0), (job, o0, c0)) {
  const int64_t outs = job->outs, ins = job->ins;
  const int64_t os = outs - o0 < FILTER_TILE ? outs - o0 : FILTER_TILE, cs = ins - c0 < FILTER_TILE ? ins - c0 : FILTER_TILE;
  doubling_taps w = {{{{0}}}};
  if (!job->back)
    for (int64_t o = 0; o < os; o++)
      for (int tap = 0; tap < 9; tap++) {
        const float *from = job->from + ((o0 + o) * 9 + tap) * ins + c0;
        for (int64_t c = 0; c < cs; c++) w[tap / 3][tap % 3][c][o] = from[c];
      }
  for (int64_t c = 0; c < cs; c++)
    for (int i = 0; i < 4; i++)
      for (int j = 0; j < 4; j++) {
        const int64_t at = (((c0 + c) * 4 + i) * 4 + j) * outs + o0;
        float v[FILTER_TILE] = {0};
        if (job->back) memcpy(v, job->from + at, (size_t)os * sizeof(float));
        for (int k = 0; k < 3; k++)
          for (int l = 0; l < 3; l++) {
            if (!feeds(k, i) || !feeds(l, j)) continue;
            float *tap = w[k][l][c];
            if (job->back) for (int o = 0; o < FILTER_TILE; o++) tap[o] += v[o];
            else for (int o = 0; o < FILTER_TILE; o++) v[o] += tap[o];
          }
        if (!job->back) memcpy(job->to + at, v, (size_t)os * sizeof(float));
      }
  if (job->back)
    for (int64_t o = 0; o < os; o++)
      for (int tap = 0; tap < 9; tap++) {
        float *to = job->to + ((o0 + o) * 9 + tap) * ins + c0;
        for (int64_t c = 0; c < cs; c++) to[c] = w[tap / 3][tap % 3][c][o];
      }
}

static void doubling_share(void *context, int index, int shares) {
  const doubling_job *job = context;
  size_t begin, end;
  limn_part((size_t)job->ins, FILTER_TILE, index, shares, &begin, &end);
  for (int64_t c = (int64_t)begin; c < (int64_t)end; c += FILTER_TILE)
    for (int64_t o = 0; o < job->outs; o += FILTER_TILE) doubling_tile(job, o, c);
}

void limn_doubling_filter(float *to, const float *from, int64_t outs, int64_t ins, int back, int threads) {
  doubling_job job = {to, from, outs, ins, back};
  limn_parallel(outs * ins < 4096 ? 1 : threads, doubling_share, &job);
}
