#define _GNU_SOURCE  // CPU_COUNT
// The thread pool of all kernels.
#include "CKernels.h"
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

static limn_runner external_runner;

void limn_set_runner(limn_runner runner) { external_runner = runner; }

enum { MAX_WORKERS = 255 };

static struct {
  pthread_mutex_t caller, lock;
  pthread_cond_t work, done;
  int workers, threads, running;
  uint64_t generation;
  limn_share share;
  void *context;
} pool = {.caller = PTHREAD_MUTEX_INITIALIZER, .lock = PTHREAD_MUTEX_INITIALIZER, .work = PTHREAD_COND_INITIALIZER, .done = PTHREAD_COND_INITIALIZER};

static void *worker(void *argument) {
  int index = (int)(intptr_t)argument;
  uint64_t seen = 0;
  pthread_mutex_lock(&pool.lock);
  for (;;) {
    while (pool.generation == seen) pthread_cond_wait(&pool.work, &pool.lock);
    seen = pool.generation;
    if (index >= pool.threads) continue;
    limn_share share = pool.share;
    void *context = pool.context;
    int threads = pool.threads;
    pthread_mutex_unlock(&pool.lock);
    share(context, index, threads);
    pthread_mutex_lock(&pool.lock);
    if (--pool.running == 0) pthread_cond_signal(&pool.done);
  }
  return NULL;
}

typedef struct { limn_share share; void *context; int threads; } whole_job;

// A runtime may run fewer threads than requested. The number of shares stays the same, because the order of sums depends on it.
static void granted(void *context, int index, int count) {
  const whole_job *job = context;
  for (int i = index; i < job->threads; i += count) job->share(job->context, i, job->threads);
}

void limn_parallel(int threads, limn_share share, void *context) {
  if (threads > MAX_WORKERS) threads = MAX_WORKERS;
  if (threads > 1 && external_runner) {
    whole_job job = {share, context, threads};
    if (external_runner(threads, granted, &job) == 0) return;
  }
  if (threads > 1) {
    // Programs may run on several threads; the pool serves one caller at a time.
    pthread_mutex_lock(&pool.caller);
    pthread_mutex_lock(&pool.lock);
    while (pool.workers < threads - 1) {
      pthread_t thread;
      if (pthread_create(&thread, NULL, worker, (void *)(intptr_t)(pool.workers + 1)) != 0) break;
      pthread_detach(thread);
      pool.workers++;
    }
    if (pool.workers < threads - 1) {
      // The system has no more threads: run all shares on this one.
      pthread_mutex_unlock(&pool.lock);
      pthread_mutex_unlock(&pool.caller);
      for (int index = 0; index < threads; index++) share(context, index, threads);
      return;
    }
    pool.share = share;
    pool.context = context;
    pool.threads = threads;
    pool.running = threads - 1;
    pool.generation++;
    pthread_cond_broadcast(&pool.work);
    pthread_mutex_unlock(&pool.lock);
    share(context, 0, threads);
    pthread_mutex_lock(&pool.lock);
    while (pool.running > 0) pthread_cond_wait(&pool.done, &pool.lock);
    pthread_mutex_unlock(&pool.lock);
    pthread_mutex_unlock(&pool.caller);
    return;
  }
  share(context, 0, 1);
}

size_t limn_affinity(unsigned char *bits, size_t capacity) {
    cpu_set_t allowed;
    if (capacity < sizeof allowed || sched_getaffinity(0, sizeof allowed, &allowed) != 0) return 0;
    memcpy(bits, &allowed, sizeof allowed);
    return sizeof allowed;
}

int limn_processors(void) {
    cpu_set_t allowed;
    return sched_getaffinity(0, sizeof allowed, &allowed) == 0 ? CPU_COUNT(&allowed) : (int)sysconf(_SC_NPROCESSORS_ONLN);
}
