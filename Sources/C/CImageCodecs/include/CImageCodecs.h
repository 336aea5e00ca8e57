// Image codecs behind a few plain functions: no setjmp, no stdio and no type of a codec library crosses this line.
#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// How a call ended. Whatever is not `CImageStatusDone` left nothing to free.
typedef enum {
    CImageStatusDone = 0,
    /// The bytes end before the image does.
    CImageStatusTruncated,
    /// The codec refuses the bytes; the message is the codec's own.
    CImageStatusDamaged,
    /// The header claims more than the limits below; nothing was allocated. Width and height are set.
    CImageStatusTooLarge,
    /// The library that decodes this format is not installed; the message is the loader's own.
    CImageStatusLibraryMissing,
    CImageStatusOutOfMemory,
} CImageStatus;

enum {
    /// Longest side read, in pixels.
    CImageMaximumSide = 32768,
    /// Most pixels read: 64 million, 256 MB while they are four bytes each.
    CImageMaximumPixels = 64000000,
};

/// Decoded pixels: 8-bit R, G, B in rows of `3 * width` bytes, alpha already composed over white.
typedef struct {
    uint32_t width, height;
    /// To be given to `CImageFree`.
    uint8_t *rgb;
} CImagePixels;

/// Bytes to be given to `CImageFree`.
typedef struct {
    uint8_t *bytes;
    size_t count;
} CImageBytes;

/// One PNG text chunk. As an argument its strings are the caller's; as a result they belong to `CImageTexts`.
typedef struct {
    /// Latin-1, ends in NUL.
    const char *keyword;
    /// Latin-1, or UTF-8 where `isUTF8` is set.
    const char *text;
    size_t textCount;
    int isUTF8;
} CImageText;

/// The text chunks of a PNG in file order. `texts` is to be given to `CImageFree`, the strings go with it.
typedef struct {
    uint32_t width, height;
    CImageText *texts;
    size_t count;
} CImageTexts;

void CImageFree(void *memory);

// Every `message` is a buffer of `capacity` bytes, filled with a short NUL-terminated sentence on failure.

CImageStatus CImagePNGDecode(
    const uint8_t *bytes, size_t count, CImagePixels *pixels, char *message, size_t capacity);

/// Reads the tEXt, zTXt and iTXt chunks on either side of the pixels; the pixels are inflated but not kept.
CImageStatus CImagePNGReadTexts(
    const uint8_t *bytes, size_t count, CImageTexts *texts, char *message, size_t capacity);

/// Writes 8-bit RGB with an sRGB chunk; `strings` holds keyword and text of every entry, each ended by NUL,
/// in the order of the entries. An entry is 1 for UTF-8 text (iTXt) and 0 for Latin-1 (tEXt).
CImageStatus CImagePNGEncode(
    const uint8_t *rgb, uint32_t width, uint32_t height, const char *strings, const uint8_t *entries,
    size_t entryCount, CImageBytes *png, char *message, size_t capacity);

/// Decodes with libturbojpeg, loaded from `library`. `invertedInk` says that CMYK samples are 255 where there is no
/// ink, as files with an Adobe marker have it.
CImageStatus CImageJPEGDecode(
    const char *library, const uint8_t *bytes, size_t count, int invertedInk, CImagePixels *pixels, char *message,
    size_t capacity);

/// Decodes a still WebP with libwebp, loaded from `library`.
CImageStatus CImageWebPDecode(
    const char *library, const uint8_t *bytes, size_t count, CImagePixels *pixels, char *message, size_t capacity);

/// Weighted sums along one axis. Output position `i` sums `counts[i]` source positions from `starts[i]` on, with the
/// weights from `weights[i * stride]` on, in 22-bit fixed point; sums are rounded and clamped to 0...255.
typedef struct {
    const int32_t *starts, *counts, *weights;
    size_t stride;
} CImageResampling;

/// `source` is height x sourceWidth x 3, `target` height x targetWidth x 3.
void CImageResampleHorizontally(
    const uint8_t *source, size_t sourceWidth, uint8_t *target, size_t targetWidth, size_t height,
    CImageResampling resampling);

/// `source` has rows of `rowBytes` bytes, `target` `targetHeight` of them.
void CImageResampleVertically(
    const uint8_t *source, uint8_t *target, size_t targetHeight, size_t rowBytes, CImageResampling resampling);

#ifdef __cplusplus
}
#endif
