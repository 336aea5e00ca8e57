// Compiled convolutions and matrix products: creation, filters, running.
#include "library.h"

#if LIMN_ONEDNN_MAJOR
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { MATMUL = 3 };  // a further kind, after LIMN_CONV_…
enum { A, B, OUT, SCRATCH, BIAS, ARGUMENTS };

struct limn_onednn_reorder {
  dnnl_primitive_t primitive;
  dnnl_memory_t from, to;
};

struct limn_onednn_primitive {
  int kind;
  dnnl_primitive_desc_t plan;  // owns the layouts below
  dnnl_primitive_t primitive;
  dnnl_exec_arg_t arguments[ARGUMENTS];
  void *handles[ARGUMENTS];  // the present address of each argument
  int count;                 // number of arguments; a bias is one more
  size_t scratch_size;

  limn_layout filter;  // NULL for a matrix product
  limn_description plain;
  size_t filter_size;
  int filter_is_plain;
  char *filter_key;
};

static dnnl_data_type_t data_type(int type) { return type == LIMN_BF16 ? dnnl_bf16 : dnnl_f32; }

static dnnl_status_t make_memory(dnnl_memory_t *memory, limn_layout layout) {
  return limn_library.dnnl_memory_create(memory, layout, limn_library.engine, DNNL_MEMORY_NONE);
}

size_t limn_onednn_code_bytes(void) { return (size_t)256 << 20; }

/// Whether there is address space for the code that oneDNN generates for a primitive, up to some 200 MB, most of which is never
/// touched; with too little, it crashes instead of returning an error.
static int has_memory(void) {
  // Not malloc: a compiler may remove an allocation that is not used.
  void *probe = mmap(
      NULL, limn_onednn_code_bytes(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (probe == MAP_FAILED) return 0;
  munmap(probe, limn_onednn_code_bytes());
  return 1;
}

/// Compiles the primitive and creates the memory objects of its arguments.
static dnnl_status_t finish(limn_onednn_primitive *p) {
  static const struct {
    dnnl_query_t query;
    int argument;
  } roles[4][3] = {
      {{dnnl_query_src_md, DNNL_ARG_SRC}, {dnnl_query_weights_md, DNNL_ARG_WEIGHTS}, {dnnl_query_dst_md, DNNL_ARG_DST}},
      {{dnnl_query_diff_dst_md, DNNL_ARG_DIFF_DST},
       {dnnl_query_weights_md, DNNL_ARG_WEIGHTS},
       {dnnl_query_diff_src_md, DNNL_ARG_DIFF_SRC}},
      {{dnnl_query_src_md, DNNL_ARG_SRC},
       {dnnl_query_diff_dst_md, DNNL_ARG_DIFF_DST},
       {dnnl_query_diff_weights_md, DNNL_ARG_DIFF_WEIGHTS}},
      {{dnnl_query_src_md, DNNL_ARG_SRC}, {dnnl_query_weights_md, DNNL_ARG_WEIGHTS}, {dnnl_query_dst_md, DNNL_ARG_DST}},
  };
  dnnl_status_t status = limn_library.dnnl_primitive_create(&p->primitive, p->plan);
  for (int i = 0; i < SCRATCH && status == dnnl_success; i++) {
    limn_layout layout = limn_library.dnnl_primitive_desc_query_md(p->plan, roles[p->kind][i].query, 0);
    p->arguments[i].arg = roles[p->kind][i].argument;
    status = make_memory(&p->arguments[i].memory, layout);
  }
  if (status != dnnl_success) return status;
  limn_layout scratch = limn_library.dnnl_primitive_desc_query_md(p->plan, dnnl_query_scratchpad_md, 0);
  p->scratch_size = limn_library.dnnl_memory_desc_get_size(scratch);
  p->arguments[SCRATCH].arg = DNNL_ARG_SCRATCHPAD;
  status = make_memory(&p->arguments[SCRATCH].memory, scratch);
  if (p->count < ARGUMENTS || status != dnnl_success) return status;
  p->arguments[BIAS].arg = DNNL_ARG_BIAS;
  limn_layout bias = limn_library.dnnl_primitive_desc_query_md(p->plan, dnnl_query_weights_md, 1);
  return make_memory(&p->arguments[BIAS].memory, bias);
}

/// Writes the dimensions [N, C, spatial…] of an activation and the strides of its channels-last layout.
static void channels_last(
    int spatial, int64_t batch, int64_t channels, const int64_t *sizes, dnnl_dims_t extents, dnnl_dims_t strides) {
  extents[0] = batch;
  extents[1] = channels;
  strides[1] = 1;
  int64_t stride = channels;
  for (int d = spatial - 1; d >= 0; d--) {
    extents[2 + d] = sizes[d];
    strides[2 + d] = stride;
    stride *= sizes[d];
  }
  strides[0] = stride;
}

/// Writes the dimensions [G, O / G, I / G, spatial…] of a filter (without G for one group) and their strides in the plain
/// layout O, spatial…, I / G. Returns the number of dimensions.
static int plain_filter(const limn_onednn_convolution *c, dnnl_dims_t extents, dnnl_dims_t strides) {
  int first = c->groups > 1;
  int64_t inputs = c->in_channels / c->groups, outputs = c->out_channels / c->groups;
  channels_last(c->spatial, outputs, inputs, c->filter, extents + first, strides + first);
  if (first) {
    extents[0] = c->groups;
    strides[0] = outputs * strides[1];
  }
  return c->spatial + 2 + first;
}

static void set_key(limn_onednn_primitive *p, char *text, size_t capacity) {
  struct limn_blocking packed, plain;
  limn_read_blocking(p->filter, &packed);
  limn_read_blocking(LIMN_LAYOUT(p->plain), &plain);
  if (!packed.blocked) {  // an opaque layout is not shared
    static atomic_ullong count = 0;
    snprintf(text, capacity, "opaque %llu", atomic_fetch_add(&count, 1));
    return;
  }
  p->filter_is_plain = packed.type == plain.type && packed.inner_count == 0;
  int length = snprintf(text, capacity, "%s %zu", packed.type == dnnl_bf16 ? "bf16" : "f32", p->filter_size);
  for (int d = 0; d < packed.rank; d++) {
    // The stride of a dimension of extent 1 is arbitrary.
    int64_t stride = packed.padded[d] == 1 ? 0 : packed.strides[d];
    if (packed.padded[d] != plain.extents[d] || (plain.extents[d] > 1 && stride != plain.strides[d])) {
      p->filter_is_plain = 0;
    }
    length += snprintf(
        text + length, capacity - (size_t)length, " %lld/%lld:%lld", (long long)packed.extents[d],
        (long long)packed.padded[d], (long long)stride);
  }
  for (int i = 0; i < packed.inner_count; i++) {
    length += snprintf(
        text + length, capacity - (size_t)length, "%c%lld%c", i ? '.' : ' ', (long long)packed.inner_sizes[i],
        (char)('a' + packed.inner_axes[i]));
  }
}

/// The primitive attribute: scratch memory of the caller, and the activation after the convolution.
static dnnl_status_t make_attribute(dnnl_primitive_attr_t *attribute, const limn_onednn_convolution *c) {
  dnnl_post_ops_t operations = NULL;
  dnnl_status_t status = limn_library.dnnl_primitive_attr_create(attribute);
  if (status == dnnl_success) {
    status = limn_library.dnnl_primitive_attr_set_scratchpad_mode(*attribute, dnnl_scratchpad_mode_user);
  }
  if (status == dnnl_success) status = limn_library.dnnl_post_ops_create(&operations);
  if (status == dnnl_success && c->activation == LIMN_CONV_CLAMP) {
    status = limn_append_eltwise(operations, dnnl_eltwise_clip, c->low, c->high);
  }
  if (status == dnnl_success && c->activation == LIMN_CONV_LEAKY_RELU) {
    status = limn_append_eltwise(operations, dnnl_eltwise_relu, c->low, 0);
  }
  if (status == dnnl_success) status = limn_library.dnnl_primitive_attr_set_post_ops(*attribute, operations);
  if (operations) limn_library.dnnl_post_ops_destroy(operations);
  return status;
}

static dnnl_status_t plan_convolution(limn_onednn_primitive *p, const limn_onednn_convolution *c) {
  dnnl_dims_t input_extents, input_strides, output_extents, output_strides, filter_extents, filter_strides;
  channels_last(c->spatial, c->batch, c->in_channels, c->input, input_extents, input_strides);
  channels_last(c->spatial, c->batch, c->out_channels, c->output, output_extents, output_strides);
  int rank = c->spatial + 2, filter_rank = plain_filter(c, filter_extents, filter_strides);
  struct limn_window window;
  for (int d = 0; d < c->spatial; d++) {
    window.stride[d] = c->stride[d];
    window.pad_low[d] = c->pad_low[d];
    window.pad_high[d] = c->pad_high[d];
  }

  dnnl_status_t status = limn_describe(&p->plain, filter_rank, filter_extents, dnnl_f32, filter_strides);
  if (status != dnnl_success) return status;

  const dnnl_dims_t bias_extents = {c->out_channels}, bias_strides = {1};
  limn_description bias;
  memset(&bias, 0, sizeof bias);
  dnnl_primitive_attr_t attribute = NULL;
  status = make_attribute(&attribute, c);
  if (status == dnnl_success && c->has_bias) status = limn_describe(&bias, 1, bias_extents, dnnl_f32, bias_strides);

  // oneDNN needs a description of the forward convolution to create a gradient. It is never run, and forward need not support
  // the gradient's combination of types, so all its tensors have the same type.
  int narrow = c->input_type == LIMN_BF16 || c->output_type == LIMN_BF16;
  dnnl_primitive_desc_t forward = NULL;
  for (int kind = LIMN_CONV_FORWARD; status == dnnl_success; kind = c->kind) {
    int final = kind == c->kind;
    limn_description input, filter, output;
    memset(&input, 0, sizeof input);
    memset(&filter, 0, sizeof filter);
    memset(&output, 0, sizeof output);
    status = limn_describe(&input, rank, input_extents, data_type(final ? c->input_type : narrow), input_strides);
    if (status == dnnl_success) {
      status = limn_describe(&filter, filter_rank, filter_extents, data_type(final ? c->filter_type : narrow), NULL);
    }
    if (status == dnnl_success) {
      status = limn_describe(&output, rank, output_extents, data_type(final ? c->output_type : narrow), output_strides);
    }
    dnnl_primitive_desc_t *plan = final ? &p->plan : &forward;
    static const dnnl_alg_kind_t algorithms[] = {dnnl_convolution_direct, dnnl_convolution_auto};
    if (status == dnnl_success) {
      for (int i = 0; i < 2; i++) {
        status = limn_plan_convolution(
            plan, kind, algorithms[i], LIMN_LAYOUT(input), LIMN_LAYOUT(filter), c->has_bias ? LIMN_LAYOUT(bias) : NULL,
            LIMN_LAYOUT(output), &window, attribute, forward);
        if (status == dnnl_success) break;
        *plan = NULL;
      }
    }
    limn_forget(&input);
    limn_forget(&filter);
    limn_forget(&output);
    if (final || status != dnnl_success) break;
  }
  if (forward) limn_library.dnnl_primitive_desc_destroy(forward);
  limn_forget(&bias);
  if (attribute) limn_library.dnnl_primitive_attr_destroy(attribute);
  return status;
}

static int well_formed(const limn_onednn_convolution *c) {
  if (c->kind < LIMN_CONV_FORWARD || c->kind > LIMN_CONV_FILTER_GRADIENT || c->spatial < 1 || c->spatial > 3) return 0;
  if (c->batch < 1 || c->groups < 1 || c->in_channels < 1 || c->out_channels < 1) return 0;
  if (c->kind != LIMN_CONV_FORWARD && (c->has_bias || c->activation)) return 0;
  return c->in_channels % c->groups == 0 && c->out_channels % c->groups == 0;
}

limn_onednn_primitive *limn_onednn_convolution_create(const limn_onednn_convolution *c) {
  if (limn_onednn_open(NULL, 0) != dnnl_success) return NULL;
  limn_onednn_primitive *p = calloc(1, sizeof *p);
  dnnl_status_t status = p && has_memory() ? dnnl_invalid_arguments : dnnl_out_of_memory;
  if (status != dnnl_out_of_memory && well_formed(c)) {
    p->kind = c->kind;
    p->count = c->has_bias ? ARGUMENTS : BIAS;
    status = plan_convolution(p, c);
  }
  if (status == dnnl_success) status = finish(p);
  if (status == dnnl_success) {
    dnnl_query_t query = c->kind == LIMN_CONV_FILTER_GRADIENT ? dnnl_query_diff_weights_md : dnnl_query_weights_md;
    p->filter = limn_library.dnnl_primitive_desc_query_md(p->plan, query, 0);
    p->filter_size = limn_library.dnnl_memory_desc_get_size(p->filter);
    char key[1024];
    set_key(p, key, sizeof key);
    p->filter_key = strdup(key);
    if (!p->filter_key) status = dnnl_out_of_memory;
  }
  if (status == dnnl_success) return p;
  limn_onednn_destroy(p);
  return NULL;
}

/// Describes [batch, rows, columns] in float32, stored with the last two dimensions exchanged if transposed; without batch if `flat`.
static dnnl_status_t describe_matrix(
    limn_description *description, int flat, int64_t batch, int64_t rows, int64_t columns, int transposed) {
  dnnl_dims_t extents = {batch, rows, columns};
  dnnl_dims_t strides = {rows * columns, transposed ? 1 : columns, transposed ? rows : 1};
  return limn_describe(description, 3 - flat, extents + flat, dnnl_f32, strides + flat);
}

limn_onednn_primitive *limn_onednn_matmul_create(const limn_onednn_matmul *m) {
  if (limn_onednn_open(NULL, 0) != dnnl_success) return NULL;
  limn_onednn_primitive *p = calloc(1, sizeof *p);
  limn_description a, b, c;
  memset(&a, 0, sizeof a);
  memset(&b, 0, sizeof b);
  memset(&c, 0, sizeof c);
  dnnl_status_t status = p && has_memory() ? dnnl_success : dnnl_out_of_memory;
  if (m->batch < 1 || m->m < 1 || m->n < 1 || m->k < 1) status = dnnl_invalid_arguments;
  int flat = m->batch == 1;
  if (status == dnnl_success) {
    p->kind = MATMUL;
    p->count = BIAS;
    status = describe_matrix(&a, flat, m->batch, m->m, m->k, m->transpose_a);
  }
  if (status == dnnl_success) status = describe_matrix(&b, flat, m->batch, m->k, m->n, m->transpose_b);
  if (status == dnnl_success) status = describe_matrix(&c, flat, m->batch, m->m, m->n, 0);
  if (status == dnnl_success) status = limn_plan_matmul(&p->plan, LIMN_LAYOUT(a), LIMN_LAYOUT(b), LIMN_LAYOUT(c));
  if (status == dnnl_success) status = finish(p);
  limn_forget(&a);
  limn_forget(&b);
  limn_forget(&c);
  if (status == dnnl_success) return p;
  limn_onednn_destroy(p);
  return NULL;
}

void limn_onednn_destroy(limn_onednn_primitive *p) {
  if (!p) return;
  for (int i = 0; i < ARGUMENTS; i++) {
    if (p->arguments[i].memory) limn_library.dnnl_memory_destroy(p->arguments[i].memory);
  }
  if (p->primitive) limn_library.dnnl_primitive_destroy(p->primitive);
  if (p->plan) limn_library.dnnl_primitive_desc_destroy(p->plan);
  limn_forget(&p->plain);
  free(p->filter_key);
  free(p);
}

size_t limn_onednn_scratch_size(const limn_onednn_primitive *p) { return p->scratch_size; }
size_t limn_onednn_filter_size(const limn_onednn_primitive *p) { return p->filter_size; }
int limn_onednn_filter_is_plain(const limn_onednn_primitive *p) { return p->filter_is_plain; }
const char *limn_onednn_filter_key(const limn_onednn_primitive *p) { return p->filter_key ? p->filter_key : ""; }

limn_onednn_reorder *limn_onednn_reorder_create(const limn_onednn_primitive *p, int unpacks) {
  if (!p->filter || !has_memory()) return NULL;
  limn_onednn_reorder *r = calloc(1, sizeof *r);
  if (!r) return NULL;
  limn_layout from = unpacks ? p->filter : LIMN_LAYOUT(p->plain), to = unpacks ? LIMN_LAYOUT(p->plain) : p->filter;
  dnnl_primitive_desc_t plan = NULL;
  dnnl_status_t status = limn_library.dnnl_reorder_primitive_desc_create(
      &plan, from, limn_library.engine, to, limn_library.engine, NULL);
  if (status == dnnl_success) status = make_memory(&r->from, from);
  if (status == dnnl_success) status = make_memory(&r->to, to);
  if (status == dnnl_success) status = limn_library.dnnl_primitive_create(&r->primitive, plan);
  if (plan) limn_library.dnnl_primitive_desc_destroy(plan);
  if (status == dnnl_success) return r;
  limn_onednn_reorder_destroy(r);
  return NULL;
}

void limn_onednn_reorder_destroy(limn_onednn_reorder *r) {
  if (!r) return;
  if (r->primitive) limn_library.dnnl_primitive_destroy(r->primitive);
  if (r->from) limn_library.dnnl_memory_destroy(r->from);
  if (r->to) limn_library.dnnl_memory_destroy(r->to);
  free(r);
}

int limn_onednn_reorder_run(limn_onednn_reorder *r, const void *from, void *to) {
  dnnl_status_t status = limn_library.dnnl_memory_set_data_handle(r->from, (void *)from);
  if (status == dnnl_success) status = limn_library.dnnl_memory_set_data_handle(r->to, to);
  if (status != dnnl_success) return status;
  const dnnl_exec_arg_t arguments[] = {{DNNL_ARG_FROM, r->from}, {DNNL_ARG_TO, r->to}};
  status = limn_library.dnnl_primitive_execute(r->primitive, limn_stream(), 2, arguments);
  return status == dnnl_success ? limn_library.dnnl_stream_wait(limn_stream()) : status;
}

static dnnl_status_t run(
    limn_onednn_primitive *p, const void *a, const void *b, const void *bias, void *out, void *scratch) {
  void *handles[ARGUMENTS] = {(void *)a, (void *)b, out, scratch, (void *)bias};
  for (int i = 0; i < p->count; i++) {
    // 2.x clears the padding of a packed layout each time its address is set, so skip that if the address is the same.
    if (p->handles[i] == handles[i]) continue;
    dnnl_status_t status = limn_library.dnnl_memory_set_data_handle(p->arguments[i].memory, handles[i]);
    if (status != dnnl_success) return status;
    p->handles[i] = handles[i];
  }
  dnnl_status_t status = limn_library.dnnl_primitive_execute(p->primitive, limn_stream(), p->count, p->arguments);
  return status == dnnl_success ? limn_library.dnnl_stream_wait(limn_stream()) : status;
}

int limn_onednn_convolution_run(
    limn_onednn_primitive *p, const void *a, const void *b, const void *bias, void *out, void *scratch) {
  return p->kind == MATMUL ? dnnl_invalid_arguments : run(p, a, b, bias, out, scratch);
}

int limn_onednn_matmul_run(limn_onednn_primitive *p, const void *a, const void *b, void *c, void *scratch) {
  return p->kind == MATMUL ? run(p, a, b, NULL, c, scratch) : dnnl_invalid_arguments;
}
#endif
