// Convolutions and matrix products by oneDNN, found when the program runs.
//
// The library is opened with dlopen, so nothing here is needed to build or to start; limn_onednn_open says whether it
// is there. Which C interface is spoken (2.x or 3.x) is decided by the headers found when this was compiled, and the
// library found at run time must have the same major version.
//
// Activations are plain, channels last: N, spatial dimensions, C. Filters have two layouts: *plain*, which is float32
// O, spatial dimensions, I / groups, and *packed*, which is whatever the primitive found best; the functions below go
// between the two. Every int result is 0 for success and otherwise oneDNN's dnnl_status_t.
#pragma once
#include <stddef.h>
#include <stdint.h>

// Says to Swift that a function is called from other threads than the caller's, so that a closure passed for it is not
// taken to belong to the caller's actor.
#if defined(__clang__)
#define LIMN_SENDABLE __attribute__((swift_attr("@Sendable")))
#else
#define LIMN_SENDABLE
#endif

enum { LIMN_F32 = 0, LIMN_BF16 = 1 };
enum { LIMN_CONV_FORWARD = 0, LIMN_CONV_INPUT_GRADIENT = 1, LIMN_CONV_FILTER_GRADIENT = 2 };
/// What a forward convolution applies to each of its results before it stores them.
enum { LIMN_CONV_PLAIN = 0, LIMN_CONV_CLAMP = 1, LIMN_CONV_LEAKY_RELU = 2 };

/// A convolution, or one of its two gradients, described always by the forward convolution it belongs to.
typedef struct {
  int kind;     ///< one of LIMN_CONV_…
  int spatial;  ///< number of spatial dimensions, 1 to 3
  int64_t batch, in_channels, out_channels, groups;
  /// Outermost dimension first; `spatial` of them are used.
  /// output = (input + pad_low + pad_high - filter) / stride + 1, rounded down.
  int64_t input[3], output[3], filter[3], stride[3], pad_low[3], pad_high[3];
  /// LIMN_F32 or LIMN_BF16, each standing for the tensor or for its gradient, whichever the kind deals with.
  int input_type, filter_type, output_type;
  /// Of forward convolutions alone: whether a float32 bias per output channel is added, and the activation after it,
  /// one of LIMN_CONV_PLAIN, … with its parameters: the bounds of clamp, or the slope of leaky ReLU in `low`.
  int has_bias, activation;
  float low, high;
} limn_onednn_convolution;

/// C[b, m, n] = op(A)·op(B), row-major and dense. A is [a_batch, m, k], or [a_batch, k, m] when transposed; B is
/// [b_batch, k, n], or [b_batch, n, k] when transposed. a_batch and b_batch are 1 (shared over the batch) or batch.
typedef struct {
  int64_t batch, m, n, k, a_batch, b_batch;
  int transpose_a, transpose_b;
  int a_type, b_type, c_type;
} limn_onednn_matmul;

/// A compiled convolution or matrix product. Owns its descriptors; one may be run by one thread at a time.
typedef struct limn_onednn_primitive limn_onednn_primitive;

/// Finds and opens the library. May be called any number of times, from any thread; only the first does the work.
/// When the result is not 0, `message` says in one line what is missing. All else here needs a successful open first.
/// The first call may set GOMP_SPINCOUNT in the environment: make it before other threads read the environment.
int limn_onednn_open(char *message, size_t capacity);

/// The version of the library that is open; zeros when none is.
void limn_onednn_version(int *major, int *minor, int *patch);

/// NULL when oneDNN has no such convolution (a mixture of types, say); `message` then says what it answered.
/// Scratch sizes and the division of work depend on the thread count: call limn_onednn_set_threads before.
limn_onednn_primitive *limn_onednn_convolution_create(const limn_onednn_convolution *, char *message, size_t capacity);
limn_onednn_primitive *limn_onednn_matmul_create(const limn_onednn_matmul *, char *message, size_t capacity);
void limn_onednn_destroy(limn_onednn_primitive *);

/// oneDNN's name for the implementation it chose, such as "brgconv:avx512_core_bf16"; "ref:any" is the slow one.
const char *limn_onednn_implementation(const limn_onednn_primitive *);

/// Bytes of working memory that a run needs; the buffer must begin on a multiple of 64 bytes. May be 0.
size_t limn_onednn_scratch_size(const limn_onednn_primitive *);

/// Bytes of the packed filter or filter gradient; 0 for a matrix product.
size_t limn_onednn_filter_size(const limn_onednn_primitive *);

/// 1 when packed and plain are the same bytes, so that packing can be left out.
int limn_onednn_filter_is_plain(const limn_onednn_primitive *);

/// Equal for primitives whose packed filters have the same bytes (layout, type and size): one packing serves them all.
const char *limn_onednn_filter_key(const limn_onednn_primitive *);

/// What converts a filter from plain to packed (for forward and input gradient), or, when it `unpacks`, back (for the
/// filter gradient). It must not outlive its primitive, and serves one thread at a time. NULL when oneDNN cannot.
typedef struct limn_onednn_reorder limn_onednn_reorder;
limn_onednn_reorder *limn_onednn_reorder_create(const limn_onednn_primitive *, int unpacks);
void limn_onednn_reorder_destroy(limn_onednn_reorder *);
int limn_onednn_reorder_run(limn_onednn_reorder *, const void *from, void *to);

/// Forward: a = input, b = packed filter, out = output. Input gradient: a = gradient of the output, b = packed filter,
/// out = gradient of the input. Filter gradient: a = input, b = gradient of the output, out = packed filter gradient.
/// Results replace what `out` held.
/// `bias` is read where the convolution was described with one, and may be NULL elsewhere.
int limn_onednn_convolution_run(
    limn_onednn_primitive *, const void *a, const void *b, const void *bias, void *out, void *scratch);
int limn_onednn_matmul_run(limn_onednn_primitive *, const void *a, const void *b, void *c, void *scratch);

/// Calls fn(context, index, count) once for each index below `count` on the threads that oneDNN itself uses, so that
/// both share one pool; count is at most `threads`. Returns -1, having called nothing, when the library has no OpenMP
/// pool.
/// OpenMP keeps one pool for each calling thread: make all calls of a program from the same thread.
int limn_onednn_parallel(
    int threads, void (*LIMN_SENDABLE fn)(void *context, int index, int count), void *context);

/// Number of threads that primitives created and run from now on by the calling thread use.
void limn_onednn_set_threads(int threads);
