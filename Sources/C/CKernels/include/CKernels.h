// Vector loops of the CPU device. Each is chosen at run time for the processor (x86-64-v4, -v3 or baseline) and shares
// work among threads of one pool. Element types are 0 = float32, 1 = bfloat16, 2 = int32.
#ifndef LIMN_CKERNELS_H
#define LIMN_CKERNELS_H

#include <stddef.h>
#include <stdint.h>

enum { LIMN_FLOAT32 = 0, LIMN_BFLOAT16 = 1, LIMN_INT32 = 2 };
enum { LIMN_MAX_RANK = 6 };

// --- Memory (memory.c) --------------------------------------------------------------------------------------------

// Zeros, 64-byte aligned and in large pages where there is much; NULL when there is no memory. Freed with their size.
void *limn_allocate(size_t bytes);
void limn_free(void *memory, size_t bytes);

// --- Threads (pool.c) ---------------------------------------------------------------------------------------------

// To Swift, a function that may run on any thread.
#if defined(__clang__)
#define LIMN_ANY_THREAD __attribute__((swift_attr("@Sendable")))
#else
#define LIMN_ANY_THREAD
#endif

// One share of a job: `index` of `count`.
typedef void (*LIMN_ANY_THREAD limn_share)(void *context, int index, int count);

// Another runtime's parallel section, or -1 where it has none; oneDNN's pool serves everyone when it is loaded, since
// two pools that wait for work actively take the processor from each other.
typedef int (*limn_runner)(int threads, void (*LIMN_ANY_THREAD share)(void *context, int index, int count), void *context);
void limn_set_runner(limn_runner runner);

// Runs `share` `threads` times at once and returns when all are done. Concurrent callers take turns. Not reentrant: `share`
// must not call this function, which would deadlock.
void limn_parallel(int threads, limn_share share, void *context);

// Whether the processor multiplies bfloat16 itself, so that it is worth its rounding.
int limn_has_bfloat16(void);

// --- Fused loops (fused_loop.c) -----------------------------------------------------------------------------------

enum limn_opcode {
  LIMN_FILL, LIMN_SCALE, LIMN_OFFSET, LIMN_POWER, LIMN_EXP, LIMN_LOG, LIMN_SQRT, LIMN_RECIPROCAL, LIMN_TANH,
  LIMN_SIGMOID, LIMN_SOFTPLUS, LIMN_ERF, LIMN_LEAKY_RELU, LIMN_CLAMP, LIMN_BETWEEN,
  LIMN_ADD, LIMN_SUBTRACT, LIMN_MULTIPLY, LIMN_DIVIDE, LIMN_LEAKY_RELU_GRADIENT
};

typedef struct { int32_t opcode, result, a, b; float p, q; } limn_instruction;

// An operand: element i of the loop reads data[Σ index·stride]. `period` p and `repeats` r say that flat indices
// k·p·r … (k+1)·p·r − 1 read the same p consecutive elements r times (r = 0: no such pattern).
typedef struct {
  const void *data;
  int32_t type, slot, dense;
  int64_t strides[LIMN_MAX_RANK], period, repeats;
} limn_load;

// A result written whole, in the loop's order.
typedef struct { void *data; int32_t type, slot; } limn_store;

// A result summed (or maximised) on the way: element i goes to data[Σ index·stride], `count` elements in all.
typedef struct {
  float *data;
  int32_t slot, maximum;
  int64_t strides[LIMN_MAX_RANK], period, repeats, count;
} limn_reduction;

typedef struct {
  int32_t rank, slots, instruction_count, load_count, store_count, reduction_count;
  int64_t extents[LIMN_MAX_RANK], count;
  const limn_instruction *instructions;
  const limn_load *loads;
  const limn_store *stores;
  const limn_reduction *reductions;
} limn_loop;

// Floats of scratch that a run with `threads` threads needs.
size_t limn_loop_scratch(const limn_loop *loop, int threads);
void limn_loop_run(const limn_loop *loop, int threads, float *scratch);

// --- Moving data (movement.c) -------------------------------------------------------------------------------------

// Copies a `rank`-dimensional box between two strided layouts of elements of `size` bytes (2 or 4).
void limn_copy(void *to, const int64_t *to_strides, const void *from, const int64_t *from_strides,
               const int64_t *extents, int rank, int size, int threads);
void limn_convert(void *to, int to_type, const void *from, int from_type, size_t count, int threads);
// [n, d, h, w, c] → each spatial extent times its factor; and the sums over such blocks.
void limn_upsample(void *to, const void *from, int type, const int64_t *from_extents, const int64_t *factors, int threads);
void limn_sum_pool(void *to, const void *from, int type, const int64_t *to_extents, const int64_t *factors, int threads);
// Images [n, h, w, c] moved down and right by n pairs of pixels (the other way when `back`), zeros moving in.
void limn_translate(void *to, const void *from, const int32_t *offsets, int back, int size, const int64_t *extents, int threads);
// One axis of a linear resampling: output i is Σ weight[k] · input[index[k]] over k from start[i] to start[i + 1] − 1.
typedef struct { const int32_t *start, *index; const float *weight; } limn_taps;
// float32 images [n, h, w, c] resampled along both axes; extents are n, input height and width, output height and
// width, c. Scratch: floats that a run with `threads` threads needs.
size_t limn_resize_scratch(const int64_t *extents, int threads);
void limn_resize(float *to, const float *from, const int64_t *extents, const limn_taps *rows, const limn_taps *columns,
                 float *scratch, int threads);
void limn_gather(float *to, const float *table, const int32_t *indices, size_t count, size_t rows, size_t columns);
void limn_scatter(float *table, const float *from, const int32_t *indices, size_t count, size_t rows, size_t columns);
// The filter v [ins, 4, 4, outs] of a transposed convolution that doubles, from w [outs, 3, 3, ins] to be applied after
// the doubling: v = (w2, w1 + w2, w0 + w1, w0) along each dimension. `back`: the adjoint, from v to w.
void limn_doubling_filter(float *to, const float *from, int64_t outs, int64_t ins, int back, int threads);

// --- Products through OpenBLAS (products.c) -----------------------------------------------------------------------

typedef struct {
  int64_t batch, in_channels, out_channels, groups;
  int64_t input[3], output[3], filter[3], stride[3], pad_low[3];
} limn_convolution;

enum { LIMN_FORWARD = 0, LIMN_INPUT_GRADIENT = 1, LIMN_FILTER_GRADIENT = 2 };

// Floats of scratch that a convolution through im2col needs.
size_t limn_convolution_scratch(const limn_convolution *shape, int kind, int threads);
// Forward: a = input, b = filter, out = output. Input gradient: a = output gradient, b = filter, out = input gradient.
// Filter gradient: a = input, b = output gradient, out = filter gradient. Filters are [O, spatial…, C/groups].
void limn_convolution_run(const limn_convolution *shape, int kind, const float *a, const float *b, float *out,
                          float *scratch, int threads);
void limn_matrix_product(const float *a, const float *b, float *c, int64_t batch, int64_t m, int64_t n, int64_t k,
                         int transpose_a, int transpose_b, int threads);

// --- Depthwise convolutions (depthwise.c) ---------------------------------------------------------------------------

// Whether a convolution or its input gradient has one filter per channel and at most two dimensions.
int limn_depthwise_suits(const limn_convolution *shape, int kind);
// Floats of scratch: the filter with channels last.
size_t limn_depthwise_scratch(const limn_convolution *shape);
// Operands as for limn_convolution_run.
void limn_depthwise(const limn_convolution *shape, int kind, const float *a, const float *filter, float *out,
                    float *scratch, int threads);

// --- Filter gradients (filter_gradient.c) ---------------------------------------------------------------------------

// Whether the processor and the shape suit: AVX-512 (its BF16 part for bfloat16 operands), one group, at most two
// dimensions, input channels in sixteens.
int limn_filter_gradient_suits(const limn_convolution *shape, int type);
// Floats of scratch that it needs.
size_t limn_filter_gradient_scratch(const limn_convolution *shape, int type, int threads);
// x = input and dy = output gradient, both of `type`; out = filter gradient.
void limn_filter_gradient(const limn_convolution *shape, int type, const void *x, const void *dy, float *out,
                          float *scratch, int threads);

// --- Parameters (optimizer.c) -------------------------------------------------------------------------------------

typedef struct { float rate, beta1, beta2, epsilon, correction1, correction2, average_decay; } limn_adam;
// One pass over parameters, moments and moving average (Kingma and Ba 2015, algorithm 1).
void limn_adam_step(const limn_adam *settings, const float *gradient, float *parameters, float *first, float *second,
                    float *average, size_t count, int threads);
// One filter seen as a matrix W [rows × columns] with estimates u [rows] and v [columns] of its first singular vectors,
// both of unit length (Miyato et al. 2018, section 2.1).
typedef struct { const float *weight; float *u, *v, *effective, *gradient; int64_t rows, columns; } limn_spectral;
// One power iteration, v ← Wᵀu / |Wᵀu| and u ← Wv / |Wv|, where `iterate`; then effective = W / σ with σ = uᵀWv.
void limn_spectral_normalize(const limn_spectral *filters, int count, int iterate, int threads);
// Turns the gradients by W / σ in `gradient` into those by W: (g − ⟨g, W/σ⟩ · u vᵀ) / σ.
void limn_spectral_gradient(const limn_spectral *filters, int count, int threads);
// The mean of the gradients that `parts` replicas left in `buffers`, in the first of them. Returns its Σ g², in float64 by
// blocks in a fixed order; not finite when any g is not.
double limn_mean_gradient(float *const *buffers, int parts, size_t count, int threads);

#endif
