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

LIMN_CLONES
double limn_sum_of_squares(const float *values, size_t count) {
  double sum = 0;
  for (size_t start = 0; start < count; start += 4096) {
    size_t stop = start + 4096 < count ? start + 4096 : count;
    float block = 0;
    {
#pragma clang fp reassociate(on)
      for (size_t i = start; i < stop; i++) block += values[i] * values[i];
    }
    sum += block;
  }
  return sum;
}
