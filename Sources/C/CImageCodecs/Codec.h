// What the codecs share.
#pragma once

#include "CImageCodecs.h"

/// Puts a sentence where the caller asked for it and returns `status`.
CImageStatus CImageFail(CImageStatus status, const char *sentence, char *message, size_t capacity);

/// Whether an image of this size may be allocated.
int CImageIsWithinLimits(uint32_t width, uint32_t height);

/// R, G, B, A of `count` pixels become R, G, B over white, in the same memory. The sum is taken on the encoded samples,
/// as image viewers and Pillow do, not in linear light.
void CImageComposeOverWhite(uint8_t *pixels, size_t count);
