// Shared by the vector loops: levels of instructions, the bfloat16 format, and the division among threads.
#ifndef LIMN_VECTOR_H
#define LIMN_VECTOR_H
#include "CProcessor.h"
#include <stdint.h>
#include <string.h>

static inline __attribute__((always_inline)) float limn_from_bits(uint32_t bits) {
  float value;
  memcpy(&value, &bits, 4);
  return value;
}

static inline __attribute__((always_inline)) uint32_t limn_bits(float value) {
  uint32_t bits;
  memcpy(&bits, &value, 4);
  return bits;
}

static inline __attribute__((always_inline)) float limn_widen(uint16_t value) {
  return limn_from_bits((uint32_t)value << 16);
}

// Rounds to nearest, ties to even; NaN stays NaN.
static inline __attribute__((always_inline)) uint16_t limn_narrow(float value) {
  uint32_t bits = limn_bits(value);
  uint32_t rounded = bits + 0x7fff + ((bits >> 16) & 1);
  uint32_t quiet = bits | 0x400000;
  return (uint16_t)(((bits & 0x7fffffff) > 0x7f800000 ? quiet : rounded) >> 16);
}

// The range of `count` items, in multiples of `grain`, of share `index` of `shares`.
static inline void limn_part(size_t count, size_t grain, int index, int shares, size_t *begin, size_t *end) {
  size_t units = (count + grain - 1) / grain;
  *begin = units * (size_t)index / (size_t)shares * grain;
  *end = units * (size_t)(index + 1) / (size_t)shares * grain;
  if (*begin > count) *begin = count;
  if (*end > count) *end = count;
}
#endif
