// What the codecs share.
#pragma once

#include "CImageCodecs.h"

/// Writes a sentence to the caller's message buffer and returns `status`.
CImageStatus CImageFail(CImageStatus status, const char *sentence, char *message, size_t capacity);

/// R, G, B, A of the target's pixels, row by row without gaps, become R, G, B over `background`.
///
/// The sum is taken on the encoded samples, as image viewers and Pillow do, or in linear light, as libpng does for
/// files that tell their gamma: of the exponent 2.2, by which libpng approximates sRGB.
void CImageCompose(const uint8_t *rgba, CImageTarget target, CImageColor background, int inLinearLight);
