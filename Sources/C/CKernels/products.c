// Matrix products and im2col convolution with OpenBLAS: always available, and a reference for the faster kernels. OpenBLAS runs
// on one thread in each share; the pool divides the batch.
#include "CKernels.h"
#include "vector.h"
#include <cblas.h>
#include <pthread.h>
#include <sys/mman.h>

// Output positions that are unrolled together: about 1 MiB of columns, which fits in the second-level cache.
static int64_t chunk_rows(const limn_convolution *s, int64_t depth) {
  int64_t positions = s->output[0] * s->output[1] * s->output[2], rows = 262144 / depth;
  if (rows < 16) rows = 16;
  return rows < positions ? rows : positions;
}

static int64_t filter_depth(const limn_convolution *s) {
  return s->filter[0] * s->filter[1] * s->filter[2] * (s->in_channels / s->groups);
}

static int64_t filter_count(const limn_convolution *s) { return s->out_channels * filter_depth(s); }

size_t limn_convolution_scratch(const limn_convolution *s, int kind, int threads) {
  size_t share = (size_t)(chunk_rows(s, filter_depth(s)) * filter_depth(s));
  if (kind == LIMN_FILTER_GRADIENT) share += (size_t)filter_count(s);
  return share * (size_t)threads;
}

// Calls body with the address of each filter tap's channels in `image` (NULL in the padding), for output positions
// begin ..< end of one image and one group, in the order of the unrolled columns.
#define FOR_TAPS(s, group, begin, end, body)                                                              \
  do {                                                                                                    \
    const int64_t width = (s)->in_channels / (s)->groups;                                                 \
    int64_t column = 0;                                                                                   \
    for (int64_t position = (begin); position < (end); position++) {                                      \
      const int64_t x0 = position % (s)->output[2], y0 = position / (s)->output[2] % (s)->output[1];      \
      const int64_t z0 = position / ((s)->output[2] * (s)->output[1]);                                    \
      for (int64_t i = 0; i < (s)->filter[0]; i++)                                                        \
        for (int64_t j = 0; j < (s)->filter[1]; j++)                                                      \
          for (int64_t k = 0; k < (s)->filter[2]; k++, column += width) {                                 \
            const int64_t z = z0 * (s)->stride[0] + i - (s)->pad_low[0];                                  \
            const int64_t y = y0 * (s)->stride[1] + j - (s)->pad_low[1];                                  \
            const int64_t x = x0 * (s)->stride[2] + k - (s)->pad_low[2];                                  \
            const int inside = z >= 0 && z < (s)->input[0] && y >= 0 && y < (s)->input[1] && x >= 0 && x < (s)->input[2]; \
            const int64_t at = inside ? ((z * (s)->input[1] + y) * (s)->input[2] + x) * (s)->in_channels + (group) * width : -1; \
            body;                                                                                         \
          }                                                                                               \
    }                                                                                                     \
  } while (0)

typedef struct { const limn_convolution *shape; int kind; const float *a, *b; float *out, *scratch; } convolution_job;

static void convolution_share(void *context, int index, int shares) {
  const convolution_job *job = context;
  const limn_convolution *s = job->shape;
  const int64_t depth = filter_depth(s), rows = chunk_rows(s, depth), outs = s->out_channels / s->groups;
  const int64_t positions = s->output[0] * s->output[1] * s->output[2];
  const int64_t in_size = s->input[0] * s->input[1] * s->input[2] * s->in_channels, out_size = positions * s->out_channels;
  float *columns = job->scratch + limn_convolution_scratch(s, job->kind, 1) * (size_t)index;
  float *filter_sum = columns + rows * depth;
  if (job->kind == LIMN_FILTER_GRADIENT) memset(filter_sum, 0, (size_t)filter_count(s) * sizeof(float));

  size_t begin, end;
  limn_part((size_t)s->batch, 1, index, shares, &begin, &end);
  for (size_t n = begin; n < end; n++) {
    if (job->kind == LIMN_INPUT_GRADIENT) memset(job->out + n * (size_t)in_size, 0, (size_t)in_size * sizeof(float));
    for (int64_t group = 0; group < s->groups; group++)
      for (int64_t start = 0; start < positions; start += rows) {
        const int64_t stop = start + rows < positions ? start + rows : positions;
        const blasint m = (blasint)(stop - start);
        const int64_t filter_at = group * outs * depth, out_at = (int64_t)n * out_size + start * s->out_channels + group * outs;
        if (job->kind == LIMN_INPUT_GRADIENT) {
          cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, m, (blasint)depth, (blasint)outs, 1, job->a + out_at,
                      (blasint)s->out_channels, job->b + filter_at, (blasint)depth, 0, columns, (blasint)depth);
          float *image = job->out + (int64_t)n * in_size;
          FOR_TAPS(s, group, start, stop, {
            if (inside) for (int64_t c = 0; c < width; c++) image[at + c] += columns[column + c];
          });
          continue;
        }
        const float *image = job->a + (int64_t)n * in_size;
        FOR_TAPS(s, group, start, stop, {
          if (inside) memcpy(columns + column, image + at, (size_t)width * sizeof(float));
          else memset(columns + column, 0, (size_t)width * sizeof(float));
        });
        if (job->kind == LIMN_FORWARD)
          cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, m, (blasint)outs, (blasint)depth, 1, columns, (blasint)depth,
                      job->b + filter_at, (blasint)depth, 0, job->out + out_at, (blasint)s->out_channels);
        else
          cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, (blasint)outs, (blasint)depth, m, 1, job->b + out_at,
                      (blasint)s->out_channels, columns, (blasint)depth, 1, filter_sum + filter_at, (blasint)depth);
      }
  }
}

void limn_convolution_run(const limn_convolution *s, int kind, const float *a, const float *b, float *out,
                          float *scratch, int threads) {
  convolution_job job = {s, kind, a, b, out, scratch};
  limn_parallel(threads, convolution_share, &job);
  if (kind != LIMN_FILTER_GRADIENT) return;
  const size_t count = (size_t)filter_count(s), stride = limn_convolution_scratch(s, kind, 1);
  const float *partial = scratch + (stride - count);
  memcpy(out, partial, count * sizeof(float));
  for (int t = 1; t < threads; t++)
    cblas_saxpy((blasint)count, 1, partial + stride * (size_t)t, 1, out, 1);
}

typedef struct {
  const float *a, *b;
  float *c;
  int64_t batch, m, n, k;
  int ta, tb;
} product_job;

static void product_share(void *context, int index, int shares) {
  const product_job *p = context;
  size_t begin, end;
  // One matrix is divided by rows of the result, a batch of them by matrices.
  if (p->batch == 1) limn_part((size_t)p->m, 8, index, shares, &begin, &end);
  else limn_part((size_t)p->batch, 1, index, shares, &begin, &end);
  if (begin == end) return;
  const int64_t rows = p->batch == 1 ? (int64_t)(end - begin) : p->m, first = p->batch == 1 ? (int64_t)begin : 0;
  for (size_t i = p->batch == 1 ? 0 : begin; i < (p->batch == 1 ? 1 : end); i++)
    cblas_sgemm(CblasRowMajor, p->ta ? CblasTrans : CblasNoTrans, p->tb ? CblasTrans : CblasNoTrans, (blasint)rows,
                (blasint)p->n, (blasint)p->k, 1, p->a + (int64_t)i * p->m * p->k + (p->ta ? first : first * p->k),
                (blasint)(p->ta ? p->m : p->k), p->b + (int64_t)i * p->n * p->k, (blasint)(p->tb ? p->k : p->n), 0,
                p->c + (int64_t)i * p->m * p->n + first * p->n, (blasint)p->n);
}

void limn_matrix_product(const float *a, const float *b, float *c, int64_t batch, int64_t m, int64_t n, int64_t k,
                         int transpose_a, int transpose_b, int threads) {
  product_job job = {a, b, c, batch, m, n, k, transpose_a, transpose_b};
  limn_parallel(limn_matrix_product_threads(batch * m * n * k, threads), product_share, &job);
}

int limn_matrix_product_threads(int64_t products, int threads) { return products < 65536 ? 1 : threads; }

// OpenBLAS takes one buffer of this size for each thread that computes a product, and keeps it. When malloc fails, it tries again
// for ever.
enum { BUFFER = (128 << 20) + (1 << 16) };
extern void *blas_memory_alloc(int) __attribute__((weak));
extern void blas_memory_free(void *) __attribute__((weak));

size_t limn_product_buffer_bytes(void) { return BUFFER; }

int limn_reserve_product_buffers(int threads) {
  static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
  static int reserved = 0;
  void *taken[128];
  int status = 0;
  if (threads > 128) threads = 128;
  pthread_mutex_lock(&lock);
  if (threads > reserved) {
    // Not malloc: a compiler may remove an allocation that is not used.
    const size_t bytes = (size_t)(threads - reserved) * BUFFER;
    void *probe = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (probe == MAP_FAILED) status = -1;
    else munmap(probe, bytes);
    int count;
    if (status == 0 && blas_memory_alloc && blas_memory_free) {
      for (count = 0; count < threads; count++) taken[count] = blas_memory_alloc(0);
      while (count > 0) blas_memory_free(taken[--count]);
    }
    if (status == 0) reserved = threads;
  }
  pthread_mutex_unlock(&lock);
  return status;
}
