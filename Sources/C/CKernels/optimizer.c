// Optimizer steps on the flat buffers of parameters.
#include "CKernels.h"
#include "vector.h"

typedef struct {
  const limn_adam *settings;
  const float *gradient;
  float *parameters, *first, *second, *average;
  size_t count;
} adam_job;

LIMN_EACH_LEVEL(void, adam_range, (const adam_job *job, size_t begin, size_t end), (job, begin, end)) {
  const limn_adam s = *job->settings;
  const float *restrict g = job->gradient;
  float *restrict p = job->parameters, *restrict m = job->first, *restrict v = job->second, *restrict e = job->average;
  for (size_t i = begin; i < end; i++) {
    m[i] = s.beta1 * m[i] + (1 - s.beta1) * g[i];
    v[i] = s.beta2 * v[i] + (1 - s.beta2) * g[i] * g[i];
    p[i] -= s.rate * (m[i] * s.correction1) / (__builtin_sqrtf(v[i] * s.correction2) + s.epsilon);
    e[i] = p[i] + s.average_decay * (e[i] - p[i]);
  }
}

static void adam_share(void *context, int index, int shares) {
  const adam_job *job = context;
  size_t begin, end;
  limn_part(job->count, 1024, index, shares, &begin, &end);
  adam_range(job, begin, end);
}

void limn_adam_step(const limn_adam *settings, const float *gradient, float *parameters, float *first, float *second,
                    float *average, size_t count, int threads) {
  adam_job job = {settings, gradient, parameters, first, second, average, count};
  limn_parallel(threads, adam_share, &job);
}

typedef struct {
  float *const *buffers;
  int parts;
  size_t count;
  double *sums;
} mean_job;

LIMN_EACH_LEVEL(double, mean_range, (const mean_job *job, size_t begin, size_t end), (job, begin, end)) {
  float *restrict mean = job->buffers[0];
  const float scale = 1.0f / (float)job->parts;
  double sum = 0;
  // Blocks stay in the first-level cache while the shards are added.
  for (size_t start = begin; start < end; start += 2048) {
    const size_t stop = start + 2048 < end ? start + 2048 : end;
    for (int part = 1; part < job->parts; part++) {
      const float *restrict more = job->buffers[part];
      for (size_t i = start; i < stop; i++) mean[i] += more[i];
    }
    float block = 0;
    {
#pragma clang fp reassociate(on)
      for (size_t i = start; i < stop; i++) {
        mean[i] *= scale;
        block += mean[i] * mean[i];
      }
    }
    sum += block;
  }
  return sum;
}

static void mean_share(void *context, int index, int shares) {
  const mean_job *job = context;
  size_t begin, end;
  limn_part(job->count, 2048, index, shares, &begin, &end);
  job->sums[index] = mean_range(job, begin, end);
}

double limn_mean_gradient(float *const *buffers, int parts, size_t count, int threads) {
  if (threads > 256) threads = 256;
  double sums[256] = {0}, sum = 0;
  mean_job job = {buffers, parts, count, sums};
  limn_parallel(threads, mean_share, &job);
  for (int t = 0; t < threads; t++) sum += sums[t];
  return sum;
}

// --- Spectral normalization -----------------------------------------------------------------------------------------

typedef struct { const limn_spectral *filters; int count, iterate; } spectral_job;

LIMN_EACH_LEVEL(float, dot, (const float *restrict a, const float *restrict b, int64_t count), (a, b, count)) {
  float sum = 0;
  {
#pragma clang fp reassociate(on)
    for (int64_t i = 0; i < count; i++) sum += a[i] * b[i];
  }
  return sum;
}

LIMN_EACH_LEVEL(void, add_scaled,
                (float *restrict to, const float *restrict from, float factor, int64_t count),
                (to, from, factor, count)) {
  for (int64_t i = 0; i < count; i++) to[i] += factor * from[i];
}

LIMN_EACH_LEVEL(void, scale, (float *to, const float *from, float factor, int64_t count), (to, from, factor, count)) {
  for (int64_t i = 0; i < count; i++) to[i] = factor * from[i];
}

static void normalize(float *values, int64_t count) {
  const float length = __builtin_sqrtf(dot(values, values, count));
  scale(values, values, 1 / (length > 1e-12f ? length : 1e-12f), count);
}

static float singular_value(const limn_spectral *f) {
  float sum = 0;
  for (int64_t r = 0; r < f->rows; r++) sum += f->u[r] * dot(f->weight + r * f->columns, f->v, f->columns);
  return sum;
}

static void normalize_filter(const limn_spectral *f, int iterate) {
  if (iterate) {
    memset(f->v, 0, (size_t)f->columns * sizeof(float));
    for (int64_t r = 0; r < f->rows; r++) add_scaled(f->v, f->weight + r * f->columns, f->u[r], f->columns);
    normalize(f->v, f->columns);
    for (int64_t r = 0; r < f->rows; r++) f->u[r] = dot(f->weight + r * f->columns, f->v, f->columns);
    normalize(f->u, f->rows);
  }
  const float sigma = singular_value(f);
  scale(f->effective, f->weight, 1 / (sigma > 1e-12f ? sigma : 1e-12f), f->rows * f->columns);
}

static void correct_gradient(const limn_spectral *f) {
  const float sigma = singular_value(f), inverse = 1 / (sigma > 1e-12f ? sigma : 1e-12f);
  float along = 0;
  for (int64_t r = 0; r < f->rows; r++)
    along += dot(f->gradient + r * f->columns, f->effective + r * f->columns, f->columns);
  for (int64_t r = 0; r < f->rows; r++) {
    float *gradient = f->gradient + r * f->columns;
    add_scaled(gradient, f->v, -along * f->u[r], f->columns);
    scale(gradient, gradient, inverse, f->columns);
  }
}

// Filters are distributed by index; each is computed by one thread, so that sums have a fixed order.
static void spectral_share(void *context, int index, int shares) {
  const spectral_job *job = context;
  for (int i = index; i < job->count; i += shares) normalize_filter(job->filters + i, job->iterate);
}

static void correction_share(void *context, int index, int shares) {
  const spectral_job *job = context;
  for (int i = index; i < job->count; i += shares) correct_gradient(job->filters + i);
}

void limn_spectral_normalize(const limn_spectral *filters, int count, int iterate, int threads) {
  spectral_job job = {filters, count, iterate};
  limn_parallel(threads, spectral_share, &job);
}

void limn_spectral_gradient(const limn_spectral *filters, int count, int threads) {
  spectral_job job = {filters, count, 0};
  limn_parallel(threads, correction_share, &job);
}
