// The two passes of a resize. Weights are 22-bit fixed point: 8 bits of the sample, 22 of the weight and one for the overshoot
// of negative lobes fit a signed 32-bit sum.
#include "CImageCodecs.h"
#include "CProcessor.h"

#include <string.h>

enum { weightBits = 22, half = 1 << (weightBits - 1) };

static inline uint8_t rounded(int32_t sum) {
    int32_t value = sum >> weightBits;
    return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

typedef uint8_t Bytes16 __attribute__((vector_size(16)));
typedef int32_t Ints4 __attribute__((vector_size(16)));
typedef int32_t Ints8 __attribute__((vector_size(32)));
typedef int32_t Ints16 __attribute__((vector_size(64)));

LIMN_EACH_LEVEL(
    void, resampleHorizontally,
    (const uint8_t *source, size_t sourceStride, size_t sourceWidth, uint8_t *target, size_t targetWidth, size_t height,
     CImageResampling resampling, uint8_t *scratch),
    (source, sourceStride, sourceWidth, target, targetWidth, height, resampling, scratch)) {
    memset(scratch + sourceWidth * 3, 0, CImageResamplingPadding);
    for (size_t y = 0; y < height; y++) {
        memcpy(scratch, source + y * sourceStride, sourceWidth * 3);
        for (size_t x = 0; x < targetWidth; x++, target += 3) {
            const uint8_t *from = scratch + (size_t)resampling.starts[x] * 3;
            const int32_t *weights = resampling.weights + x * resampling.stride;
            int32_t count = resampling.counts[x];
            // Four pixels at a time, each of three samples and an unused lane.
            Ints16 sums = {0};
            for (int32_t i = 0; i < count; i += 4) {
                Bytes16 bytes;
                Ints4 four;
                memcpy(&bytes, from + 3 * i, sizeof(bytes));
                memcpy(&four, weights + i, sizeof(four));
                Ints16 samples = __builtin_convertvector(
                    __builtin_shufflevector(bytes, bytes, 0, 1, 2, 2, 3, 4, 5, 5, 6, 7, 8, 8, 9, 10, 11, 11), Ints16);
                sums += samples * __builtin_shufflevector(four, four, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3);
            }
            Ints8 eight = __builtin_shufflevector(sums, sums, 0, 1, 2, 3, 4, 5, 6, 7)
                + __builtin_shufflevector(sums, sums, 8, 9, 10, 11, 12, 13, 14, 15);
            Ints4 sum = __builtin_shufflevector(eight, eight, 0, 1, 2, 3)
                + __builtin_shufflevector(eight, eight, 4, 5, 6, 7) + half;
            target[0] = rounded(sum[0]), target[1] = rounded(sum[1]), target[2] = rounded(sum[2]);
        }
    }
}

void CImageResampleHorizontally(
    const uint8_t *source, size_t sourceStride, size_t sourceWidth, uint8_t *target, size_t targetWidth, size_t height,
    CImageResampling resampling, uint8_t *scratch) {
    resampleHorizontally(source, sourceStride, sourceWidth, target, targetWidth, height, resampling, scratch);
}

LIMN_EACH_LEVEL(
    void, resampleVertically,
    (const uint8_t *source, size_t sourceStride, uint8_t *target, size_t targetStride, size_t targetHeight,
     size_t rowBytes, CImageResampling resampling),
    (source, sourceStride, target, targetStride, targetHeight, rowBytes, resampling)) {
    // Sums of a block of columns stay in registers or the first-level cache while rows are added.
    enum { block = 256 };
    int32_t sums[block];
    for (size_t y = 0; y < targetHeight; y++, target += targetStride) {
        const uint8_t *top = source + (size_t)resampling.starts[y] * sourceStride;
        const int32_t *weights = resampling.weights + y * resampling.stride;
        for (size_t begin = 0; begin < rowBytes; begin += block) {
            size_t width = rowBytes - begin < block ? rowBytes - begin : block;
            for (size_t x = 0; x < width; x++) sums[x] = half;
            for (int32_t i = 0; i < resampling.counts[y]; i++) {
                const uint8_t *row = top + (size_t)i * sourceStride + begin;
                int32_t weight = weights[i];
                for (size_t x = 0; x < width; x++) sums[x] += row[x] * weight;
            }
            for (size_t x = 0; x < width; x++) target[begin + x] = rounded(sums[x]);
        }
    }
}

void CImageResampleVertically(
    const uint8_t *source, size_t sourceStride, uint8_t *target, size_t targetStride, size_t targetHeight,
    size_t rowBytes, CImageResampling resampling) {
    resampleVertically(source, sourceStride, target, targetStride, targetHeight, rowBytes, resampling);
}
