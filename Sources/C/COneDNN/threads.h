#pragma once
/// OpenMP keeps the thread count for each calling thread, so it is set again before each use of the library.
void limn_apply_threads(void);
