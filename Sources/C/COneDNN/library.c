// Opens the library and gives access to its threads.
#include "library.h"
#include "CProcessor.h"

#if LIMN_ONEDNN_MAJOR
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

struct limn_library limn_library;

static pthread_once_t opening = PTHREAD_ONCE_INIT;
static char complaint[512];
static int result = dnnl_runtime_error;

static void (*omp_parallel)(void (*)(void *), void *, unsigned, unsigned);
static int (*omp_index)(void);
static int (*omp_count)(void);
static void (*omp_set_threads)(int);

#define TEXT_(x) #x
#define TEXT(x) TEXT_(x)

/// Sets how long libgomp's threads spin at a barrier before they sleep, unless the user did. Must be called before libgomp is
/// loaded. By default they spin for several milliseconds: if another process occupies a core, two threads on the remaining
/// one lose that time at every barrier, a hundred times the work itself. 2000 iterations are some 50 to 100 microseconds,
/// which is enough for threads to stay awake between the kernels of a program.
static void limit_spinning(void) {
  if (!getenv("OMP_WAIT_POLICY")) setenv("GOMP_SPINCOUNT", "2000", 0);
}

/// Limits the library as LIMN_CPU limits Limn's kernels. Its lowest level is SSE 4.1, beyond the baseline of x86-64.
static dnnl_status_t limit_instructions(void) {
#if defined(__x86_64__)
  static const dnnl_cpu_isa_t levels[LIMN_LEVELS] = {
      dnnl_cpu_isa_sse41, dnnl_cpu_isa_avx2, dnnl_cpu_isa_avx512_core, dnnl_cpu_isa_avx512_core_bf16};
  if (limn_level_is_limited()) return limn_library.dnnl_set_max_cpu_isa(levels[limn_level()]);
#endif
  return dnnl_success;
}

static void *open_shared_object(void) {
  void *handle = dlopen("libdnnl.so." TEXT(DNNL_VERSION_MAJOR), RTLD_NOW | RTLD_LOCAL);
  if (handle) return handle;
  const char *reason = dlerror();
  snprintf(complaint, sizeof complaint, "oneDNN could not be opened: %s", reason ? reason : "no reason given");
  // The unversioned name is tried last; the version check below makes that safe.
  return dlopen("libdnnl.so", RTLD_NOW | RTLD_LOCAL);
}

static void open_library(void) {
  limit_spinning();
  void *handle = open_shared_object();
  if (!handle) return;
  const dnnl_version_t *(*version)(void) = (const dnnl_version_t *(*)(void))dlsym(handle, "dnnl_version");
  if (!version || version()->major != DNNL_VERSION_MAJOR) {
    snprintf(
        complaint, sizeof complaint,
        "libdnnl is oneDNN %d, but this program was built for oneDNN %d; build it again with the headers of the "
        "library in use",
        version ? version()->major : 0, DNNL_VERSION_MAJOR);
    return;
  }
#define LOOK_UP(name)                                                                                                  \
  limn_library.name = (__typeof__(limn_library.name))dlsym(handle, #name);                                             \
  if (!limn_library.name) {                                                                                            \
    snprintf(complaint, sizeof complaint, "libdnnl %d.%d has no " #name, version()->major, version()->minor);          \
    return;                                                                                                            \
  }
  LIMN_FUNCTIONS(LOOK_UP)
#undef LOOK_UP

  if (limit_instructions() != dnnl_success) {
    snprintf(
        complaint, sizeof complaint, "libdnnl %d.%d cannot be limited to %s, the value of LIMN_CPU", version()->major,
        version()->minor, limn_level_name(limn_level()));
    return;
  }

  // Later 3.x versions print errors by default; an unsupported combination of types is no error here.
  if (!getenv("ONEDNN_VERBOSE") && !getenv("DNNL_VERBOSE")) limn_library.dnnl_set_verbose(0);

  dnnl_status_t status = limn_library.dnnl_engine_create(&limn_library.engine, dnnl_cpu, 0);
  if (status == dnnl_success) status = limn_library.dnnl_primitive_attr_create(&limn_library.attribute);
  if (status == dnnl_success) {
    status = limn_library.dnnl_primitive_attr_set_scratchpad_mode(limn_library.attribute, dnnl_scratchpad_mode_user);
  }
  if (status != dnnl_success) {
    snprintf(complaint, sizeof complaint, "oneDNN could not start: %s", limn_library.dnnl_status2str(status));
    return;
  }

  // dlsym on the handle also searches the libraries that libdnnl depends on. LLVM's and Intel's OpenMP have GNU's entry points
  // too, so these names work for all three.
  omp_parallel = (__typeof__(omp_parallel))dlsym(handle, "GOMP_parallel");
  omp_index = (__typeof__(omp_index))dlsym(handle, "omp_get_thread_num");
  omp_count = (__typeof__(omp_count))dlsym(handle, "omp_get_num_threads");
  omp_set_threads = (__typeof__(omp_set_threads))dlsym(handle, "omp_set_num_threads");
  result = dnnl_success;
}

int limn_onednn_open(char *message, size_t capacity) {
  pthread_once(&opening, open_library);
  if (result != dnnl_success && capacity) snprintf(message, capacity, "%s", complaint);
  return result;
}

void limn_onednn_version(int *major, int *minor, int *patch) {
  *major = *minor = *patch = 0;
  if (result != dnnl_success) return;
  const dnnl_version_t *version = limn_library.dnnl_version();
  *major = version->major;
  *minor = version->minor;
  *patch = version->patch;
}

struct body {
  void (*fn)(void *context, int index, int count);
  void *context;
};

static void run_body(void *data) {
  const struct body *body = data;
  body->fn(body->context, omp_index(), omp_count());
}

int limn_onednn_parallel(int threads, void (*fn)(void *context, int index, int count), void *context) {
  if (result != dnnl_success || !omp_parallel || !omp_index || !omp_count || threads < 1) return -1;
  struct body body = {fn, context};
  omp_parallel(run_body, &body, (unsigned)threads, 0);
  return 0;
}

void limn_onednn_set_threads(int threads) {
  if (threads > 0 && omp_set_threads) omp_set_threads(threads);
}

dnnl_stream_t limn_stream(void) {
  static _Thread_local dnnl_stream_t stream;
  if (!stream) limn_library.dnnl_stream_create(&stream, limn_library.engine, dnnl_stream_default_flags);
  return stream;
}
#endif
