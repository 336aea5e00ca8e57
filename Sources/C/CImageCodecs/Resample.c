// The two loops of a resize. Weights are 22-bit fixed point: 8 bits of sample, 22 of weight and one for the overshoot
// of negative lobes fill a signed 32-bit sum.
#include "CImageCodecs.h"

#if defined(__x86_64__) && defined(__linux__)
#define FOR_EACH_PROCESSOR __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define FOR_EACH_PROCESSOR
#endif

enum { weightBits = 22, half = 1 << (weightBits - 1) };

static inline uint8_t rounded(int32_t sum) {
    int32_t value = sum >> weightBits;
    return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

FOR_EACH_PROCESSOR
void CImageResampleHorizontally(
    const uint8_t *source, size_t sourceWidth, uint8_t *target, size_t targetWidth, size_t height,
    CImageResampling resampling) {
    for (size_t y = 0; y < height; y++) {
        const uint8_t *row = source + y * sourceWidth * 3;
        for (size_t x = 0; x < targetWidth; x++, target += 3) {
            const uint8_t *from = row + (size_t)resampling.starts[x] * 3;
            const int32_t *weights = resampling.weights + x * resampling.stride;
            int32_t count = resampling.counts[x], red = half, green = half, blue = half;
            for (int32_t i = 0; i < count; i++) {
                red += from[3 * i] * weights[i];
                green += from[3 * i + 1] * weights[i];
                blue += from[3 * i + 2] * weights[i];
            }
            target[0] = rounded(red), target[1] = rounded(green), target[2] = rounded(blue);
        }
    }
}

FOR_EACH_PROCESSOR
void CImageResampleVertically(
    const uint8_t *source, uint8_t *target, size_t targetHeight, size_t rowBytes, CImageResampling resampling) {
    // Sums of a block of columns stay in registers or the first cache while the rows go by.
    enum { block = 256 };
    int32_t sums[block];
    for (size_t y = 0; y < targetHeight; y++, target += rowBytes) {
        const uint8_t *top = source + (size_t)resampling.starts[y] * rowBytes;
        const int32_t *weights = resampling.weights + y * resampling.stride;
        for (size_t begin = 0; begin < rowBytes; begin += block) {
            size_t width = rowBytes - begin < block ? rowBytes - begin : block;
            for (size_t x = 0; x < width; x++) sums[x] = half;
            for (int32_t i = 0; i < resampling.counts[y]; i++) {
                const uint8_t *row = top + (size_t)i * rowBytes + begin;
                int32_t weight = weights[i];
                for (size_t x = 0; x < width; x++) sums[x] += row[x] * weight;
            }
            for (size_t x = 0; x < width; x++) target[begin + x] = rounded(sums[x]);
        }
    }
}
