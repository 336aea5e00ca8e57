// The structures of oneDNN 2.x.
#include "library.h"

#if LIMN_ONEDNN_MAJOR == 2
#include <string.h>

dnnl_status_t limn_describe(
    limn_description *description, int rank, const int64_t *extents, int type, const int64_t *strides) {
  if (!strides) {
    return limn_library.dnnl_memory_desc_init_by_tag(
        description, rank, extents, (dnnl_data_type_t)type, dnnl_format_tag_any);
  }
  return limn_library.dnnl_memory_desc_init_by_strides(description, rank, extents, (dnnl_data_type_t)type, strides);
}

void limn_forget(limn_description *description) { (void)description; }

void limn_read_blocking(limn_layout layout, struct limn_blocking *result) {
  memset(result, 0, sizeof *result);
  result->blocked = layout->format_kind == dnnl_blocked;
  if (!result->blocked) return;
  const dnnl_blocking_desc_t *blocking = &layout->format_desc.blocking;
  result->rank = layout->ndims;
  result->type = layout->data_type;
  result->inner_count = blocking->inner_nblks;
  memcpy(result->extents, layout->dims, sizeof result->extents);
  memcpy(result->padded, layout->padded_dims, sizeof result->padded);
  memcpy(result->strides, blocking->strides, sizeof result->strides);
  memcpy(result->inner_sizes, blocking->inner_blks, sizeof result->inner_sizes);
  memcpy(result->inner_axes, blocking->inner_idxs, sizeof result->inner_axes);
}

dnnl_status_t limn_plan_convolution(
    dnnl_primitive_desc_t *plan, int kind, dnnl_alg_kind_t algorithm, limn_layout input, limn_layout filter,
    limn_layout bias, limn_layout output, const struct limn_window *window, const_dnnl_primitive_attr_t attribute,
    const_dnnl_primitive_desc_t forward) {
  dnnl_convolution_desc_t description;
  dnnl_status_t status;
  switch (kind) {
  case LIMN_CONV_FORWARD:
    status = limn_library.dnnl_convolution_forward_desc_init(
        &description, dnnl_forward_training, algorithm, input, filter, bias, output, window->stride, window->pad_low,
        window->pad_high);
    break;
  case LIMN_CONV_INPUT_GRADIENT:
    status = limn_library.dnnl_convolution_backward_data_desc_init(
        &description, algorithm, input, filter, output, window->stride, window->pad_low, window->pad_high);
    break;
  default:
    status = limn_library.dnnl_convolution_backward_weights_desc_init(
        &description, algorithm, input, filter, NULL, output, window->stride, window->pad_low, window->pad_high);
  }
  if (status != dnnl_success) return status;
  return limn_library.dnnl_primitive_desc_create(plan, &description, attribute, limn_library.engine, forward);
}

dnnl_status_t limn_append_eltwise(dnnl_post_ops_t operations, dnnl_alg_kind_t function, float alpha, float beta) {
  return limn_library.dnnl_post_ops_append_eltwise(operations, 1, function, alpha, beta);
}

dnnl_status_t limn_plan_matmul(dnnl_primitive_desc_t *plan, limn_layout a, limn_layout b, limn_layout c) {
  dnnl_matmul_desc_t description;
  dnnl_status_t status = limn_library.dnnl_matmul_desc_init(&description, a, b, NULL, c);
  if (status != dnnl_success) return status;
  return limn_library.dnnl_primitive_desc_create(plan, &description, limn_library.attribute, limn_library.engine, NULL);
}
#endif
