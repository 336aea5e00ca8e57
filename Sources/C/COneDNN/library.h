// Shared by the files of this folder: the functions loaded from the library, and the differences between the C interfaces of
// oneDNN 2.x and 3.x. Each interface_N.c implements these for its version and is empty with headers of another one.
#pragma once
#include "COneDNN.h"

#if __has_include(<oneapi/dnnl/dnnl.h>)
#include <oneapi/dnnl/dnnl.h>
#include <oneapi/dnnl/dnnl_debug.h>
#include <oneapi/dnnl/dnnl_version.h>
#define LIMN_ONEDNN_MAJOR DNNL_VERSION_MAJOR
#if LIMN_ONEDNN_MAJOR != 2 && LIMN_ONEDNN_MAJOR != 3
#error "only the C interfaces of oneDNN 2.x and 3.x are supported"
#endif
#else
#define LIMN_ONEDNN_MAJOR 0
#endif

#if LIMN_ONEDNN_MAJOR

// The description of a tensor in memory: a structure in 2.x, a handle in 3.x. `limn_description` is the type for storage,
// `limn_layout` the type of arguments.
typedef dnnl_memory_desc_t limn_description;
#if LIMN_ONEDNN_MAJOR == 2
typedef const dnnl_memory_desc_t *limn_layout;
#define LIMN_LAYOUT(description) (&(description))
#define LIMN_VERSION_FUNCTIONS(X)                                                                                      \
  X(dnnl_memory_desc_init_by_tag)                                                                                      \
  X(dnnl_memory_desc_init_by_strides)                                                                                  \
  X(dnnl_convolution_forward_desc_init)                                                                                \
  X(dnnl_convolution_backward_data_desc_init)                                                                          \
  X(dnnl_convolution_backward_weights_desc_init)                                                                       \
  X(dnnl_matmul_desc_init)                                                                                             \
  X(dnnl_primitive_desc_create)
#else
typedef const_dnnl_memory_desc_t limn_layout;
#define LIMN_LAYOUT(description) (description)
#define LIMN_VERSION_FUNCTIONS(X)                                                                                      \
  X(dnnl_memory_desc_create_with_strides)                                                                              \
  X(dnnl_memory_desc_create_with_tag)                                                                                  \
  X(dnnl_memory_desc_destroy)                                                                                          \
  X(dnnl_memory_desc_query)                                                                                            \
  X(dnnl_convolution_forward_primitive_desc_create)                                                                    \
  X(dnnl_convolution_backward_data_primitive_desc_create)                                                              \
  X(dnnl_convolution_backward_weights_primitive_desc_create)                                                           \
  X(dnnl_matmul_primitive_desc_create)
#endif

#define LIMN_FUNCTIONS(X)                                                                                              \
  X(dnnl_version)                                                                                                      \
  X(dnnl_set_max_cpu_isa)                                                                                              \
  X(dnnl_set_verbose)                                                                                                  \
  X(dnnl_status2str)                                                                                                   \
  X(dnnl_engine_create)                                                                                                \
  X(dnnl_stream_create)                                                                                                \
  X(dnnl_stream_wait)                                                                                                  \
  X(dnnl_primitive_attr_create)                                                                                        \
  X(dnnl_primitive_attr_set_scratchpad_mode)                                                                           \
  X(dnnl_primitive_attr_set_post_ops)                                                                                  \
  X(dnnl_primitive_attr_destroy)                                                                                       \
  X(dnnl_post_ops_create)                                                                                              \
  X(dnnl_post_ops_append_eltwise)                                                                                      \
  X(dnnl_post_ops_destroy)                                                                                             \
  X(dnnl_primitive_desc_query)                                                                                         \
  X(dnnl_primitive_desc_query_md)                                                                                      \
  X(dnnl_primitive_desc_destroy)                                                                                       \
  X(dnnl_primitive_create)                                                                                             \
  X(dnnl_primitive_execute)                                                                                            \
  X(dnnl_primitive_destroy)                                                                                            \
  X(dnnl_reorder_primitive_desc_create)                                                                                \
  X(dnnl_memory_desc_get_size)                                                                                         \
  X(dnnl_memory_create)                                                                                                \
  X(dnnl_memory_set_data_handle)                                                                                       \
  X(dnnl_memory_destroy)                                                                                               \
  LIMN_VERSION_FUNCTIONS(X)

/// The open library, with a CPU engine and an attribute for scratch memory of the caller.
struct limn_library {
#define LIMN_FIELD(name) __typeof__(name) *name;
  LIMN_FUNCTIONS(LIMN_FIELD)
#undef LIMN_FIELD
  dnnl_engine_t engine;
  dnnl_primitive_attr_t attribute;
};
extern struct limn_library limn_library;

/// The in-order stream of the calling thread; NULL, which the library rejects, if it could not be created.
dnnl_stream_t limn_stream(void);

/// A layout from oneDNN's description, in a form common to both versions.
struct limn_blocking {
  int blocked;  ///< 0 if strides and blocks cannot describe the layout; the fields below are then not set
  int rank, type, inner_count;
  dnnl_dims_t extents, padded, strides, inner_sizes, inner_axes;
};

// Implemented in interface_2.c or interface_3.c.

/// Describes a tensor with the given strides, or with a layout that oneDNN chooses if `strides` is NULL.
dnnl_status_t limn_describe(limn_description *, int rank, const int64_t *extents, int type, const int64_t *strides);
void limn_forget(limn_description *);
void limn_read_blocking(limn_layout, struct limn_blocking *);

struct limn_window {
  dnnl_dims_t stride, pad_low, pad_high;
};
/// `bias` is NULL for none; `forward` is the description of the forward convolution, which only gradients need.
dnnl_status_t limn_plan_convolution(
    dnnl_primitive_desc_t *, int kind, dnnl_alg_kind_t, limn_layout input, limn_layout filter, limn_layout bias,
    limn_layout output, const struct limn_window *, const_dnnl_primitive_attr_t, const_dnnl_primitive_desc_t forward);
/// Appends an elementwise function to the post-operations of a primitive.
dnnl_status_t limn_append_eltwise(dnnl_post_ops_t, dnnl_alg_kind_t, float alpha, float beta);
dnnl_status_t limn_plan_matmul(dnnl_primitive_desc_t *, limn_layout a, limn_layout b, limn_layout c);

#endif
