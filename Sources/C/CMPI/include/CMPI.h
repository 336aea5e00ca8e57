// MPI without its headers: Open MPI and MPICH are found at run time. Functions must be called by one thread unless
// they say otherwise.
#pragma once
#include <stddef.h>

/// Loads an MPI library and joins the job that this process belongs to.
/// - library: its file name or path.
/// Returns 0, or -1 with a sentence in `message`.
int limn_mpi_open(const char *library, char *message, size_t capacity);

/// The number of this process and of all.
int limn_mpi_rank(void);
int limn_mpi_size(void);

/// Sends part i of `sent` to rank i, and receives part i of `received` from it. Counts and offsets are in bytes. The thread sleeps
/// while it waits. Returns an MPI status, 0 for success, as the next function.
int limn_mpi_exchange(
    const void *sent, const int *sent_counts, const int *sent_offsets, void *received, const int *received_counts,
    const int *received_offsets);

/// Sends `count` bytes to every rank, and receives part i of `received` from rank i.
/// - is_patient: whether the call waits without a limit.
int limn_mpi_gather(const void *sent, int count, void *received, const int *counts, const int *offsets, int is_patient);

/// Limits the time that a call waits for other ranks, from now on; a call that would wait longer returns LIMN_MPI_TIMEOUT, as do all
/// after it. From any thread.
void limn_mpi_limit_waiting(int seconds);

enum { LIMN_MPI_TIMEOUT = -2 };

/// Says whether this process computes meanwhile. If it waits, calls ask for progress without sleeping. From any thread.
void limn_mpi_set_computing(int computes);

/// Describes an MPI status.
void limn_mpi_describe(int status, char *message, size_t capacity);

/// Leaves the job; every rank must.
void limn_mpi_close(void);

/// Asks the thread that calls MPI to end all processes of the job, even while it waits. From any thread; returns at once.
void limn_mpi_abort(int code);

/// Ends the job if that was asked for.
void limn_mpi_end_if_aborted(void);
