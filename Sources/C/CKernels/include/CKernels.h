// Kernels of the CPU device. Vector loops are compiled for several levels of instructions, of which one is chosen when the
// program starts (CProcessor). A parameter `threads` divides the work of a kernel among that many threads of one pool. Unless a
// comment says otherwise, arrays are row-major, images are [n, h, w, c], and memory does not overlap.
#ifndef LIMN_CKERNELS_H
#define LIMN_CKERNELS_H

#include <stddef.h>
#include <stdint.h>

// Element types.
enum { LIMN_FLOAT32 = 0, LIMN_BFLOAT16 = 1, LIMN_INT32 = 2 };
// The most dimensions of a loop or a copy.
enum { LIMN_MAX_RANK = 6 };

// --- Memory (memory.c) --------------------------------------------------------------------------------------------

// Zeroed memory, 64-byte aligned, in huge pages if large; NULL if there is none. limn_free takes the same size.
void *limn_allocate(size_t bytes);
void limn_free(void *memory, size_t bytes);

// --- Threads (pool.c) ---------------------------------------------------------------------------------------------

// Marks a function type as @Sendable in Swift: it may run on any thread.
#if defined(__clang__)
#define LIMN_ANY_THREAD __attribute__((swift_attr("@Sendable")))
#else
#define LIMN_ANY_THREAD
#endif

// One share of a job: `index` of `count`.
typedef void (*LIMN_ANY_THREAD limn_share)(void *context, int index, int count);

// Runs a parallel section in another runtime; returns -1 if that is not possible. When oneDNN is loaded, its OpenMP pool runs
// all kernels, because two pools whose idle threads spin compete for the processors.
typedef int (*limn_runner)(int threads, void (*LIMN_ANY_THREAD share)(void *context, int index, int count), void *context);
void limn_set_runner(limn_runner runner);

// Calls `share` with index 0 ..< threads in parallel and returns when all calls have. May be called from several threads: the
// pool serves one of them at a time. Not reentrant: `share` must not call limn_parallel with more than one thread.
void limn_parallel(int threads, limn_share share, void *context);

/// The number of processors that this process may use: its affinity, which launchers of ranks and containers set.
int limn_processors(void);

/// Writes the processors that this process may use, one bit each, and returns the number of bytes; 0 if it is unknown.
size_t limn_affinity(unsigned char *bits, size_t capacity);

// --- Fused loops (fused_loop.c) -----------------------------------------------------------------------------------

// Limits of one loop. The compiler fuses at most LIMN_LOOP_MEMBERS operations. They have at most two operands each and are
// connected by their results, so n of them read at most n + 1 operands and occupy at most 2n + 1 slots (41 and 81 here); the
// other two limits, which size arrays on the stack, leave room above that.
enum { LIMN_LOOP_MEMBERS = 40, LIMN_LOOP_OPERANDS = 64, LIMN_LOOP_SLOTS = 96 };

enum limn_opcode {
  LIMN_FILL, LIMN_SCALE, LIMN_OFFSET, LIMN_POWER, LIMN_EXP, LIMN_LOG, LIMN_SQRT, LIMN_RECIPROCAL, LIMN_TANH,
  LIMN_SIGMOID, LIMN_SOFTPLUS, LIMN_ERF, LIMN_LEAKY_RELU, LIMN_CLAMP, LIMN_BETWEEN,
  LIMN_ADD, LIMN_SUBTRACT, LIMN_MULTIPLY, LIMN_DIVIDE, LIMN_LEAKY_RELU_GRADIENT
};

// result ← opcode(a, b; p, q) for each element of a tile; result, a and b are slots.
typedef struct { int32_t opcode, result, a, b; float p, q; } limn_instruction;

// An operand: element i of the loop is data[Σ index·stride]. It is `dense` if that is data[i]. `period` p and `repeats` r
// describe a broadcast: flat indices k·p·r … (k+1)·p·r − 1 read the same p consecutive elements r times (r = 0: none).
typedef struct {
  const void *data;
  int32_t type, slot, dense;
  int64_t strides[LIMN_MAX_RANK], period, repeats;
} limn_load;

// A result with the shape of the loop, written in order.
typedef struct { void *data; int32_t type, slot; } limn_store;

// A sum or maximum over some dimensions: element i is added to data[Σ index·stride]; `data` has `count` elements.
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

// The size, in floats, of the scratch memory of limn_loop_run.
size_t limn_loop_scratch(const limn_loop *loop, int threads);
void limn_loop_run(const limn_loop *loop, int threads, float *scratch);

// --- Data movement (movement.c) -------------------------------------------------------------------------------------

// Copies a `rank`-dimensional box between two strided layouts of elements of `size` bytes (2 or 4).
void limn_copy(void *to, const int64_t *to_strides, const void *from, const int64_t *from_strides,
               const int64_t *extents, int rank, int size, int threads);
// Converts `count` elements between element types.
void limn_convert(void *to, int to_type, const void *from, int from_type, size_t count, int threads);
// Nearest-neighbour up-sampling of [n, d, h, w, c], each spatial extent by its factor, and its adjoint, sums over blocks.
void limn_upsample(void *to, const void *from, int type, const int64_t *from_extents, const int64_t *factors, int threads);
void limn_sum_pool(void *to, const void *from, int type, const int64_t *to_extents, const int64_t *factors, int threads);
// Shifts image i by offsets[2i] pixels down and offsets[2i + 1] to the right (up and to the left if `back`) and fills with zeros.
void limn_translate(void *to, const void *from, const int32_t *offsets, int back, int size, const int64_t *extents, int threads);
// Linear resampling of one axis: output i is Σ weight[k] · input[index[k]] over k from start[i] to start[i + 1] − 1.
typedef struct { const int32_t *start, *index; const float *weight; } limn_taps;
// Resamples float32 images along both axes; extents are n, input height and width, output height and width, c. The scratch
// size is in floats.
size_t limn_resize_scratch(const int64_t *extents, int threads);
void limn_resize(float *to, const float *from, const int64_t *extents, const limn_taps *rows, const limn_taps *columns,
                 float *scratch, int threads);
// Rows of a table by index, and the adjoint: sums of rows by index. Indices outside 0 ..< rows give zeros or are ignored.
void limn_gather(float *to, const float *table, const int32_t *indices, size_t count, size_t rows, size_t columns);
void limn_scatter(float *table, const float *from, const int32_t *indices, size_t count, size_t rows, size_t columns);
// A 3×3 convolution with w [outs, 3, 3, ins] after up-sampling by two equals a transposed convolution of stride 2 with
// v [ins, 4, 4, outs]: v = (w2, w1 + w2, w0 + w1, w0) along each dimension. Computes v from w; if `back`, the adjoint.
void limn_doubling_filter(float *to, const float *from, int64_t outs, int64_t ins, int back, int threads);

// --- OpenBLAS (products.c) -----------------------------------------------------------------------

typedef struct {
  int64_t batch, in_channels, out_channels, groups;
  int64_t input[3], output[3], filter[3], stride[3], pad_low[3];
} limn_convolution;

// Convolutions and their gradients.
enum { LIMN_FORWARD = 0, LIMN_INPUT_GRADIENT = 1, LIMN_FILTER_GRADIENT = 2 };

// Convolution by im2col. The scratch size is in floats.
size_t limn_convolution_scratch(const limn_convolution *shape, int kind, int threads);
// Forward: a = input, b = filter, out = output. Input gradient: a = output gradient, b = filter, out = input gradient.
// Filter gradient: a = input, b = output gradient, out = filter gradient. Filters are [O, spatial…, C/groups].
void limn_convolution_run(const limn_convolution *shape, int kind, const float *a, const float *b, float *out,
                          float *scratch, int threads);
// Makes OpenBLAS allocate its buffers for this many threads that compute products at a time. Returns -1 if there is too little
// memory: without the reservation the first product would then hang.
int limn_reserve_product_buffers(int threads);
// Bytes of the buffer of one thread.
size_t limn_product_buffer_bytes(void);
// The threads among which a matrix product of batch · m · n · k multiplications is divided.
int limn_matrix_product_threads(int64_t products, int threads);
// c [batch, m, n] = a · b, float32; a is [batch, m, k], or [batch, k, m] if transposed, and b is [batch, k, n] or [batch, n, k].
void limn_matrix_product(const float *a, const float *b, float *c, int64_t batch, int64_t m, int64_t n, int64_t k,
                         int transpose_a, int transpose_b, int threads);

// --- Depthwise convolutions (depthwise.c) ---------------------------------------------------------------------------

// Whether the kernel supports a shape: a forward convolution or input gradient with one filter per channel and at most two
// spatial dimensions.
int limn_depthwise_suits(const limn_convolution *shape, int kind);
// The scratch size in floats; scratch holds the filter with channels last.
size_t limn_depthwise_scratch(const limn_convolution *shape);
// Operands as for limn_convolution_run.
void limn_depthwise(const limn_convolution *shape, int kind, const float *a, const float *filter, float *out,
                    float *scratch, int threads);

// --- Filter gradients (filter_gradient.c) ---------------------------------------------------------------------------

// Whether the kernel supports the processor and the shape: AVX-512 (AVX-512 BF16 for bfloat16 operands), one group, at most
// two spatial dimensions, and a number of input channels that is a multiple of 16.
int limn_filter_gradient_suits(const limn_convolution *shape, int type);
// The scratch size in floats.
size_t limn_filter_gradient_scratch(const limn_convolution *shape, int type, int threads);
// x = input and dy = output gradient, both of `type`; out = filter gradient.
void limn_filter_gradient(const limn_convolution *shape, int type, const void *x, const void *dy, float *out,
                          float *scratch, int threads);

// --- Parameters (optimizer.c) -------------------------------------------------------------------------------------

typedef struct { float rate, beta1, beta2, epsilon, correction1, correction2, average_decay; } limn_adam;
// One Adam step and the moving average of the parameters, in one pass (Kingma and Ba 2015, algorithm 1). correction1 and
// correction2 are 1 / (1 − βᵗ).
void limn_adam_step(const limn_adam *settings, const float *gradient, float *parameters, float *first, float *second,
                    float *average, size_t count, int threads);
// A filter as a matrix W [rows × columns] with estimates u [rows] and v [columns] of its first singular vectors,
// both of unit length (Miyato et al. 2018, section 2.1).
typedef struct { const float *weight; float *u, *v, *effective, *gradient; int64_t rows, columns; } limn_spectral;
// One power iteration, v ← Wᵀu / |Wᵀu| and u ← Wv / |Wv|, if `iterate`; then effective = W / σ with σ = uᵀWv.
void limn_spectral_normalize(const limn_spectral *filters, int count, int iterate, int threads);
// Converts the gradients with respect to W / σ in `gradient` to gradients with respect to W, in place: (g − ⟨g, W/σ⟩ · u vᵀ) / σ.
void limn_spectral_gradient(const limn_spectral *filters, int count, int threads);
// Replaces the gradient in buffers[0] by the mean of the gradients of `parts` shards. Returns its Σ g², accumulated in float64
// by blocks in a fixed order; not finite if any g is not.
double limn_mean_gradient(float *const *buffers, int parts, size_t count, int threads);

#endif
