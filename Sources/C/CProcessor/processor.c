#include "CProcessor.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int limn_chosen_level = LIMN_BASELINE;
static int limited;
static char problem[160];

static const char *const names[LIMN_LEVELS] = {"baseline", "avx2", "avx512", "avx512bf16"};

static int available_level(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (!__builtin_cpu_supports("x86-64-v3")) return LIMN_BASELINE;
  if (!__builtin_cpu_supports("x86-64-v4")) return LIMN_AVX2;
  return __builtin_cpu_supports("avx512bf16") ? LIMN_AVX512_BF16 : LIMN_AVX512;
#else
  return LIMN_BASELINE;
#endif
}

int limn_level_selected(const char *value, int available, char *message, size_t capacity) {
  if (!value || !*value) return available;
  int level = 0;
  while (level < LIMN_LEVELS && strcmp(value, names[level]) != 0) level++;
  if (level == LIMN_LEVELS) {
    snprintf(message, capacity, "LIMN_CPU is '%.32s'; expected baseline, avx2, avx512 or avx512bf16", value);
    return -1;
  }
  if (level > available) {
    snprintf(message, capacity, "LIMN_CPU is %s, but the most that this processor has is %s", value, names[available]);
    return -1;
  }
  return level;
}

/// A constructor, because the level must not change while kernels run and every kernel reads it.
__attribute__((constructor)) static void choose_level(void) {
  const char *value = getenv("LIMN_CPU");
  const int available = available_level(), selected = limn_level_selected(value, available, problem, sizeof problem);
  limn_chosen_level = selected < 0 ? available : selected;
  limited = selected >= 0 && value && *value;
}

int limn_level(void) { return limn_chosen_level; }

int limn_level_is_limited(void) { return limited; }

const char *limn_level_name(int level) { return names[level]; }

const char *limn_level_problem(void) { return *problem ? problem : NULL; }
