// The handles of oneDNN 3.x.
#include "library.h"

#if LIMN_ONEDNN_MAJOR == 3
#include <string.h>

dnnl_status_t limn_describe(
    limn_description *description, int rank, const int64_t *extents, int type, const int64_t *strides) {
  if (!strides) {
    return limn_library.dnnl_memory_desc_create_with_tag(
        description, rank, extents, (dnnl_data_type_t)type, dnnl_format_tag_any);
  }
  return limn_library.dnnl_memory_desc_create_with_strides(description, rank, extents, (dnnl_data_type_t)type, strides);
}

void limn_forget(limn_description *description) {
  if (*description) limn_library.dnnl_memory_desc_destroy(*description);
  *description = NULL;
}

static int copy_list(limn_layout layout, dnnl_query_t what, int count, int64_t *result) {
  const dnnl_dims_t *list = NULL;
  if (limn_library.dnnl_memory_desc_query(layout, what, &list) != dnnl_success || !list) return 0;
  memcpy(result, *list, (size_t)count * sizeof(int64_t));
  return 1;
}

void limn_read_blocking(limn_layout layout, struct limn_blocking *result) {
  memset(result, 0, sizeof *result);
  dnnl_format_kind_t kind = dnnl_format_kind_undef;
  dnnl_data_type_t type = dnnl_data_type_undef;
  __typeof__(limn_library.dnnl_memory_desc_query) query = limn_library.dnnl_memory_desc_query;
  if (query(layout, dnnl_query_format_kind, &kind) != dnnl_success || kind != dnnl_blocked) return;
  if (query(layout, dnnl_query_ndims_s32, &result->rank) != dnnl_success) return;
  if (query(layout, dnnl_query_data_type, &type) != dnnl_success) return;
  if (query(layout, dnnl_query_inner_nblks_s32, &result->inner_count) != dnnl_success) return;
  result->type = type;
  result->blocked = copy_list(layout, dnnl_query_dims, result->rank, result->extents)
      && copy_list(layout, dnnl_query_padded_dims, result->rank, result->padded)
      && copy_list(layout, dnnl_query_strides, result->rank, result->strides)
      && (!result->inner_count
          || (copy_list(layout, dnnl_query_inner_blks, result->inner_count, result->inner_sizes)
              && copy_list(layout, dnnl_query_inner_idxs, result->inner_count, result->inner_axes)));
}

dnnl_status_t limn_plan_convolution(
    dnnl_primitive_desc_t *plan, int kind, dnnl_alg_kind_t algorithm, limn_layout input, limn_layout filter,
    limn_layout bias, limn_layout output, const struct limn_window *window, const_dnnl_primitive_attr_t attribute,
    const_dnnl_primitive_desc_t forward) {
  const dnnl_dims_t dense = {0};  // dilation is counted from 0
  switch (kind) {
  case LIMN_CONV_FORWARD:
    return limn_library.dnnl_convolution_forward_primitive_desc_create(
        plan, limn_library.engine, dnnl_forward_training, algorithm, input, filter, bias, output, window->stride, dense,
        window->pad_low, window->pad_high, attribute);
  case LIMN_CONV_INPUT_GRADIENT:
    return limn_library.dnnl_convolution_backward_data_primitive_desc_create(
        plan, limn_library.engine, algorithm, input, filter, output, window->stride, dense, window->pad_low,
        window->pad_high, forward, attribute);
  default:
    return limn_library.dnnl_convolution_backward_weights_primitive_desc_create(
        plan, limn_library.engine, algorithm, input, filter, NULL, output, window->stride, dense, window->pad_low,
        window->pad_high, forward, attribute);
  }
}

dnnl_status_t limn_append_eltwise(dnnl_post_ops_t operations, dnnl_alg_kind_t function, float alpha, float beta) {
  return limn_library.dnnl_post_ops_append_eltwise(operations, function, alpha, beta);
}

dnnl_status_t limn_plan_matmul(dnnl_primitive_desc_t *plan, limn_layout a, limn_layout b, limn_layout c) {
  return limn_library.dnnl_matmul_primitive_desc_create(
      plan, limn_library.engine, a, b, NULL, c, limn_library.attribute);
}
#endif
