#include "CMPI.h"

#include <dlfcn.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

// The two families differ in their handles. In Open MPI they are pointers to objects that the library exports; in MPICH, and all
// that keep its ABI, they are 32-bit constants. Both fit a register, of which MPICH reads the lower half, so one set of prototypes
// serves both.
typedef uintptr_t handle;

static struct {
  int (*initialize)(int *, char ***, int, int *);
  int (*finalize)(void);
  int (*rank)(handle, int *);
  int (*size)(handle, int *);
  int (*set_error_handler)(handle, handle);
  int (*error_string)(int, char *, int *);
  int (*abort)(handle, int);
  int (*exchange)(
      const void *, const int *, const int *, handle, void *, const int *, const int *, handle, handle, void *);
  int (*gather)(const void *, int, handle, void *, const int *, const int *, handle, handle, void *);
  int (*test)(void *, int *, void *);
  handle world, byte;
  void *ignored_status;
} mpi;

enum { funneled = 1, longest_error = 512 };

// Stores the address of a symbol in `function`; returns whether it is missing.
static int lacks(void *library, const char *name, void *function) {
  void *found = dlsym(library, name);
  memcpy(function, &found, sizeof found);
  return !found;
}

int limn_mpi_open(const char *file, char *message, size_t capacity) {
  // Open MPI's plug-ins expect its symbols to be global.
  void *library = dlopen(file, RTLD_NOW | RTLD_GLOBAL);
  if (!library) {
    snprintf(message, capacity, "%s", dlerror());
    return -1;
  }
  int missing = lacks(library, "MPI_Init_thread", &mpi.initialize) | lacks(library, "MPI_Finalize", &mpi.finalize)
      | lacks(library, "MPI_Comm_rank", &mpi.rank) | lacks(library, "MPI_Comm_size", &mpi.size)
      | lacks(library, "MPI_Comm_set_errhandler", &mpi.set_error_handler)
      | lacks(library, "MPI_Error_string", &mpi.error_string) | lacks(library, "MPI_Abort", &mpi.abort)
      | lacks(library, "MPI_Ialltoallv", &mpi.exchange) | lacks(library, "MPI_Iallgatherv", &mpi.gather)
      | lacks(library, "MPI_Test", &mpi.test);
  handle errors_return;
  if (!lacks(library, "ompi_mpi_comm_world", &mpi.world)) {
    missing |= lacks(library, "ompi_mpi_byte", &mpi.byte) | lacks(library, "ompi_mpi_errors_return", &errors_return);
    mpi.ignored_status = NULL;
  } else {
    // Values of the MPICH ABI (mpich.org/abi).
    mpi.world = 0x44000000;
    mpi.byte = 0x4c00010d;
    errors_return = 0x54000001;
    mpi.ignored_status = (void *)1;
  }
  if (missing) {
    snprintf(message, capacity, "%s is not a library of MPI 3", file);
    return -1;
  }
  int provided = 0;
  if (mpi.initialize(NULL, NULL, funneled, &provided) != 0 || mpi.set_error_handler(mpi.world, errors_return) != 0) {
    snprintf(message, capacity, "%s could not be initialized", file);
    return -1;
  }
  return 0;
}

int limn_mpi_rank(void) {
  int rank = 0;
  mpi.rank(mpi.world, &rank);
  return rank;
}

int limn_mpi_size(void) {
  int size = 1;
  mpi.size(mpi.world, &size);
  return size;
}

// The code of the exit that was asked for; -1 for none.
static atomic_int abort_code = -1;
// Seconds that a call may wait; 0 for no limit.
static atomic_int longest_wait = 0;
// Whether a call has given up. Its request is still pending, so later calls would let MPI write to memory that is no longer the caller's.
static int has_timed_out = 0;

// Whether other threads of this process compute.
static atomic_int computing = 1;

void limn_mpi_set_computing(int computes) { atomic_store(&computing, computes); }

void limn_mpi_limit_waiting(int seconds) { atomic_store(&longest_wait, seconds); }

void limn_mpi_abort(int code) { atomic_store(&abort_code, code); }

void limn_mpi_end_if_aborted(void) {
  int code = atomic_load(&abort_code);
  if (code >= 0) mpi.abort(mpi.world, code);
}

// Large messages progress only in calls of MPI, and MPI's own waiting would take a processor from the computation: ask often at
// first, then sleep between: each wake-up costs the computation some microseconds.
static int complete(int status, void *request, int is_patient) {
  struct timespec limited = {0, 0}, now;
  for (int polls = 0, done = 0; status == 0; polls++) {
    status = mpi.test(&request, &done, mpi.ignored_status);
    if (done || status != 0) break;
    limn_mpi_end_if_aborted();
    if (polls < 50) continue;
    if (atomic_load(&computing)) {
      struct timespec pause = {0, 300000};
      nanosleep(&pause, NULL);
    } else {
      sched_yield();
    }
    int longest = atomic_load(&longest_wait);
    if (longest == 0 || is_patient) continue;
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (limited.tv_sec == 0) limited = now;
    if (now.tv_sec - limited.tv_sec > longest) {
      has_timed_out = 1;
      return LIMN_MPI_TIMEOUT;
    }
  }
  return status;
}

int limn_mpi_exchange(
    const void *sent, const int *sent_counts, const int *sent_offsets, void *received, const int *received_counts,
    const int *received_offsets) {
  if (has_timed_out) return LIMN_MPI_TIMEOUT;
  void *request = NULL;
  int status = mpi.exchange(
      sent, sent_counts, sent_offsets, mpi.byte, received, received_counts, received_offsets, mpi.byte, mpi.world,
      &request);
  return complete(status, request, 0);
}

int limn_mpi_gather(
    const void *sent, int count, void *received, const int *counts, const int *offsets, int is_patient) {
  if (has_timed_out) return LIMN_MPI_TIMEOUT;
  void *request = NULL;
  int status = mpi.gather(sent, count, mpi.byte, received, counts, offsets, mpi.byte, mpi.world, &request);
  return complete(status, request, is_patient);
}

void limn_mpi_describe(int status, char *message, size_t capacity) {
  char text[longest_error + 1] = "";
  int length = 0;
  if (mpi.error_string(status, text, &length) != 0) snprintf(text, sizeof text, "status %d", status);
  snprintf(message, capacity, "%s", text);
}

void limn_mpi_close(void) { mpi.finalize(); }
