// Convolutions and matrix products of oneDNN, which is loaded at run time.
//
// The library is opened with dlopen, so Limn builds and starts without it; limn_onednn_open reports whether it is available.
// The headers at compile time determine the C interface (2.x or 3.x), and the library at run time must have the same major
// version.
//
// Activations are channels last: N, spatial dimensions, C. Filters have two layouts: *plain*, which is float32 O, spatial
// dimensions, I / groups, and *packed*, which the primitive chooses; a reorder converts between them. Functions that return int
// return 0 for success and otherwise oneDNN's dnnl_status_t, unless a comment says otherwise.
#pragma once
#include <stddef.h>
#include <stdint.h>

// Marks a function type as @Sendable in Swift: it is called on other threads, so that a closure passed for it is not isolated to
// the caller's actor.
#if defined(__clang__)
#define LIMN_SENDABLE __attribute__((swift_attr("@Sendable")))
#else
#define LIMN_SENDABLE
#endif

enum { LIMN_F32 = 0, LIMN_BF16 = 1 };
enum { LIMN_CONV_FORWARD = 0, LIMN_CONV_INPUT_GRADIENT = 1, LIMN_CONV_FILTER_GRADIENT = 2 };
/// The activation that a forward convolution applies before it stores its results.
enum { LIMN_CONV_PLAIN = 0, LIMN_CONV_CLAMP = 1, LIMN_CONV_LEAKY_RELU = 2 };

/// A convolution or one of its two gradients, described by the shapes of the forward convolution.
typedef struct {
  int kind;     ///< one of LIMN_CONV_…
  int spatial;  ///< number of spatial dimensions, 1 to 3
  int64_t batch, in_channels, out_channels, groups;
  /// Outermost dimension first; the first `spatial` elements are used.
  /// output = (input + pad_low + pad_high - filter) / stride + 1, rounded down.
  int64_t input[3], output[3], filter[3], stride[3], pad_low[3], pad_high[3];
  /// LIMN_F32 or LIMN_BF16, of the tensor or of its gradient, depending on the kind.
  int input_type, filter_type, output_type;
  /// For forward convolutions only: whether a float32 bias per output channel is added, and the activation after it,
  /// one of LIMN_CONV_PLAIN, … with its parameters: the bounds of clamp, or the slope of leaky ReLU in `low`.
  int has_bias, activation;
  float low, high;
} limn_onednn_convolution;

/// C[b, m, n] = op(A)·op(B) in float32, row-major and dense. A is [batch, m, k], or [batch, k, m] when transposed; B is
/// [batch, k, n], or [batch, n, k] when transposed.
typedef struct {
  int64_t batch, m, n, k;
  int transpose_a, transpose_b;
} limn_onednn_matmul;

/// A compiled convolution or matrix product, which one thread at a time may run.
typedef struct limn_onednn_primitive limn_onednn_primitive;

/// Finds and opens the library. May be called repeatedly and from any thread; only the first call has an effect. If the result
/// is not 0, `message` is one line with the reason. All other functions need a successful open first.
/// The first call may set GOMP_SPINCOUNT in the environment; no other thread may read the environment at the same time.
int limn_onednn_open(char *message, size_t capacity);

/// The version of the open library; zeros if none is open.
void limn_onednn_version(int *major, int *minor, int *patch);

/// Address space in bytes that must be free before a primitive is created, which fails otherwise.
size_t limn_onednn_code_bytes(void);

/// Returns NULL if oneDNN does not support the operation (such as a combination of types).
/// Scratch sizes and the division of work depend on the number of threads: call limn_onednn_set_threads first.
limn_onednn_primitive *limn_onednn_convolution_create(const limn_onednn_convolution *);
limn_onednn_primitive *limn_onednn_matmul_create(const limn_onednn_matmul *);
void limn_onednn_destroy(limn_onednn_primitive *);

/// Bytes of scratch memory that a run needs, 64-byte aligned. May be 0.
size_t limn_onednn_scratch_size(const limn_onednn_primitive *);

/// Bytes of the packed filter or filter gradient; 0 for a matrix product.
size_t limn_onednn_filter_size(const limn_onednn_primitive *);

/// 1 if the packed and the plain layout are equal, so that no packing is needed; otherwise 0.
int limn_onednn_filter_is_plain(const limn_onednn_primitive *);

/// Equal for primitives whose packed filters have the same layout, type and size, and so can be shared.
const char *limn_onednn_filter_key(const limn_onednn_primitive *);

/// Converts a filter from plain to packed (for forward and input gradient) or, if it `unpacks`, from packed to plain (for the
/// filter gradient). It must not outlive its primitive, and one thread at a time may run it. NULL if there is too
/// little memory.
typedef struct limn_onednn_reorder limn_onednn_reorder;
limn_onednn_reorder *limn_onednn_reorder_create(const limn_onednn_primitive *, int unpacks);
void limn_onednn_reorder_destroy(limn_onednn_reorder *);
int limn_onednn_reorder_run(limn_onednn_reorder *, const void *from, void *to);

/// Forward: a = input, b = packed filter, out = output. Input gradient: a = gradient of the output, b = packed filter,
/// out = gradient of the input. Filter gradient: a = input, b = gradient of the output, out = packed filter gradient.
/// Results overwrite `out`. `bias` is read only if the convolution was described with one; otherwise it may be NULL.
int limn_onednn_convolution_run(
    limn_onednn_primitive *, const void *a, const void *b, const void *bias, void *out, void *scratch);
int limn_onednn_matmul_run(limn_onednn_primitive *, const void *a, const void *b, void *c, void *scratch);

/// Calls fn(context, index, count) once for each index below `count` on the threads of oneDNN's OpenMP pool; count is at most
/// `threads`. Returns -1 without calling fn if the library has no OpenMP pool.
/// OpenMP has one pool per calling thread: make all calls of a program from the same thread.
int limn_onednn_parallel(int threads, void (*LIMN_SENDABLE fn)(void *context, int index, int count), void *context);

/// Sets the number of threads of primitives that the calling thread creates and runs from now on.
void limn_onednn_set_threads(int threads);
