#include "Codec.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

CImageStatus CImageFail(CImageStatus status, const char *sentence, char *message, size_t capacity) {
    snprintf(message, capacity, "%s", sentence);
    return status;
}

static uint8_t mixedEncoded(unsigned sample, unsigned background, unsigned alpha) {
    return (uint8_t)((sample * alpha + background * (255 - alpha) + 127) / 255);
}

static uint8_t mixedLight(unsigned sample, unsigned background, unsigned alpha) {
    float above = powf((float)sample, 2.2f), below = powf((float)background, 2.2f), part = (float)alpha / 255;
    return (uint8_t)(powf(above * part + below * (1 - part), 1 / 2.2f) + 0.5f);
}

void CImageCompose(const uint8_t *rgba, CImageTarget target, CImageColor background, int inLinearLight) {
    for (size_t y = 0; y < target.height; y++) {
        uint8_t *to = target.rgb + y * target.stride;
        for (size_t x = 0; x < target.width; x++, rgba += 4, to += 3) {
            unsigned alpha = rgba[3];
            if (inLinearLight && alpha > 0 && alpha < 255) {
                to[0] = mixedLight(rgba[0], background.red, alpha);
                to[1] = mixedLight(rgba[1], background.green, alpha);
                to[2] = mixedLight(rgba[2], background.blue, alpha);
            } else {
                to[0] = mixedEncoded(rgba[0], background.red, alpha);
                to[1] = mixedEncoded(rgba[1], background.green, alpha);
                to[2] = mixedEncoded(rgba[2], background.blue, alpha);
            }
        }
    }
}

void CImageFree(void *memory) { free(memory); }
