#include "Codec.h"

#include <stdio.h>
#include <stdlib.h>

CImageStatus CImageFail(CImageStatus status, const char *sentence, char *message, size_t capacity) {
    snprintf(message, capacity, "%s", sentence);
    return status;
}

int CImageIsWithinLimits(uint32_t width, uint32_t height) {
    return width <= CImageMaximumSide && height <= CImageMaximumSide
        && (uint64_t)width * height <= CImageMaximumPixels;
}

void CImageComposeOverWhite(uint8_t *pixels, size_t count) {
    const uint8_t *from = pixels;
    uint8_t *to = pixels;
    for (size_t i = 0; i < count; i++, from += 4, to += 3) {
        unsigned alpha = from[3], white = 255 * (255 - alpha) + 127;
        uint8_t red = (uint8_t)((from[0] * alpha + white) / 255);
        uint8_t green = (uint8_t)((from[1] * alpha + white) / 255);
        uint8_t blue = (uint8_t)((from[2] * alpha + white) / 255);
        to[0] = red, to[1] = green, to[2] = blue;
    }
}

void CImageFree(void *memory) { free(memory); }
