/// Which instructions vector loops use. They are compiled for several levels of x86-64, of which one is chosen when the program
/// starts; on other processors there is only the baseline, the vectors that the compiler's target has.
#ifndef LIMN_CPROCESSOR_H
#define LIMN_CPROCESSOR_H

#include <stddef.h>

/// Each level has the instructions of those before it: x86-64, x86-64-v3, x86-64-v4, and v4 with multiplication of bfloat16.
enum { LIMN_BASELINE, LIMN_AVX2, LIMN_AVX512, LIMN_AVX512_BF16, LIMN_LEVELS };

/// The level of this process: what the processor has, or less if the environment variable LIMN_CPU says so. Set before `main`.
int limn_level(void);

/// Whether LIMN_CPU limits the level.
int limn_level_is_limited(void);

/// What LIMN_CPU calls a level: baseline, avx2, avx512 or avx512bf16.
const char *limn_level_name(int level);

/// Why the value of LIMN_CPU is refused, in one line; NULL if it is not. The level is then that of the processor.
const char *limn_level_problem(void);

/// The level that a value of LIMN_CPU selects on a processor whose level is `available`; NULL or "" selects all that there is.
/// Returns -1 for a value that is unknown or above what is available, with the reason in `message`.
int limn_level_selected(const char *value, int available, char *message, size_t capacity);

/// Defines a static function for every level. The body follows, as that of any function:
///
///     LIMN_EACH_LEVEL(void, add, (float *to, const float *from, int64_t n), (to, from, n)) {
///       for (int64_t i = 0; i < n; i++) to[i] += from[i];
///     }
///
/// It should contain a loop, because each call chooses the level again, by two comparisons.
#if defined(__x86_64__)
#define LIMN_EACH_LEVEL(type, name, parameters, arguments)                                                             \
  static inline __attribute__((always_inline)) type name##_body parameters;                                            \
  __attribute__((target(LIMN_V4))) static type name##_avx512 parameters { return name##_body arguments; }              \
  __attribute__((target(LIMN_V3))) static type name##_avx2 parameters { return name##_body arguments; }                \
  static type name parameters {                                                                                        \
    if (limn_chosen_level >= LIMN_AVX512) return name##_avx512 arguments;                                              \
    if (limn_chosen_level >= LIMN_AVX2) return name##_avx2 arguments;                                                  \
    return name##_body arguments;                                                                                      \
  }                                                                                                                    \
  static inline __attribute__((always_inline)) type name##_body parameters
// The features, not arch=x86-64-v4: with that name Clang also tunes for a processor on which it avoids 512-bit vectors.
#define LIMN_V3 "avx,avx2,bmi,bmi2,f16c,fma,lzcnt,movbe,cx16,sahf,popcnt"
#define LIMN_V4 LIMN_V3 ",avx512f,avx512bw,avx512cd,avx512dq,avx512vl"
#else
#define LIMN_EACH_LEVEL(type, name, parameters, arguments) static type name parameters
#endif

/// What `limn_level` returns, for `LIMN_EACH_LEVEL`.
extern int limn_chosen_level;

#endif
