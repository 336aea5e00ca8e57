// Passes over the flat buffers of parameters.
#include "CKernels.h"
#include "vector.h"

typedef struct {
  const limn_adam *settings;
  const float *gradient;
  float *parameters, *first, *second, *average;
  size_t count;
} adam_job;

LIMN_CLONES
static void adam_range(const adam_job *job, size_t begin, size_t end) {
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

LIMN_CLONES
static double mean_range(const mean_job *job, size_t begin, size_t end) {
  float *restrict mean = job->buffers[0];
  const float scale = 1.0f / (float)job->parts;
  double sum = 0;
  // Blocks stay in the first-level cache from one part's addition to the next.
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
