// Image codecs as plain functions: no setjmp, stdio or type of a codec library is visible to the caller.
#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// The result of a call. After a failure there is nothing to free.
typedef enum {
    CImageStatusDone = 0,
    /// The bytes end before the image does.
    CImageStatusTruncated,
    /// The codec rejects the bytes, or finds another size than requested; the message is from the codec.
    CImageStatusDamaged,
    /// The library for this format is not installed; the message is from the loader.
    CImageStatusLibraryMissing,
    CImageStatusOutOfMemory,
} CImageStatus;

/// A colour, 8-bit sRGB.
typedef struct {
    uint8_t red, green, blue;
} CImageColor;

/// The output of a decoder: `height` rows of `stride` bytes, of which it fills the first `3 * width` with R, G, B.
/// Width and height are those of the file's header, unless the decoder reduces them; one that finds another size writes
/// nothing.
typedef struct {
    uint8_t *rgb;
    size_t width, height, stride;
} CImageTarget;

/// Bytes that the caller frees with `CImageFree`.
typedef struct {
    uint8_t *bytes;
    size_t count;
} CImageBytes;

/// One PNG text chunk. As an argument, its strings belong to the caller; as a result, to `CImageTexts`.
typedef struct {
    /// Latin-1, NUL-terminated.
    const char *keyword;
    /// Latin-1, or UTF-8 if `isUTF8` is set.
    const char *text;
    size_t textCount;
    int isUTF8;
} CImageText;

/// The text chunks of a PNG in file order. The caller frees `texts` with `CImageFree`, which also frees the strings.
typedef struct {
    CImageText *texts;
    size_t count;
} CImageTexts;

void CImageFree(void *memory);

// Every `message` is a buffer of `capacity` bytes, which contains a short NUL-terminated sentence after a failure.

/// Decodes a PNG; transparent pixels are blended with `background`. `width` and `height` are the file's. The target has
/// that size divided by `reduction`, rounded up: each pixel is the mean of a square of that many pixels a side, or of what
/// part of it there is at the right and bottom. Interlaced images are not reduced.
CImageStatus CImagePNGDecode(
    const uint8_t *bytes, size_t count, size_t width, size_t height, size_t reduction, CImageColor background,
    CImageTarget target, char *message, size_t capacity);

/// Reads the tEXt, zTXt and iTXt chunks on either side of the pixels; the pixels are inflated and discarded. Compressed texts
/// that expand to more than four million bytes are left out, as is what follows the first 62 texts.
CImageStatus CImagePNGReadTexts(const uint8_t *bytes, size_t count, CImageTexts *texts, char *message, size_t capacity);

/// Writes 8-bit RGB with an sRGB chunk; `strings` holds keyword and text of every entry, each NUL-terminated,
/// in the order of the entries. An entry is 1 for UTF-8 text (iTXt) and 0 for Latin-1 (tEXt).
CImageStatus CImagePNGEncode(
    const uint8_t *rgb, uint32_t width, uint32_t height, const char *strings, const uint8_t *entries, size_t entryCount,
    CImageBytes *png, char *message, size_t capacity);

/// Decodes with libturbojpeg, loaded from `library`. `width` and `height` are the file's; the target has that size or a
/// half, a quarter or an eighth of it, rounded up. With `invertedInk`, CMYK samples are 255 for no ink,
/// as in files with an Adobe marker.
CImageStatus CImageJPEGDecode(
    const char *library, const uint8_t *bytes, size_t count, size_t width, size_t height, int invertedInk,
    CImageTarget target, char *message, size_t capacity);

/// Encodes with libturbojpeg at a `quality` of 1 to 100, without chroma subsampling.
CImageStatus CImageJPEGEncode(
    const char *library, const uint8_t *rgb, size_t width, size_t height, int quality, CImageBytes *jpeg, char *message,
    size_t capacity);

/// Decodes a still WebP with libwebp, loaded from `library`; transparent pixels are blended with `background`.
CImageStatus CImageWebPDecode(
    const char *library, const uint8_t *bytes, size_t count, CImageColor background, CImageTarget target, char *message,
    size_t capacity);

/// Encodes a lossless still WebP with libwebp, loaded from `library`.
CImageStatus CImageWebPEncode(
    const char *library, const uint8_t *rgb, size_t width, size_t height, CImageBytes *webp, char *message,
    size_t capacity);

/// Decodes the first image of a TIFF with libtiff, loaded from `library`, as it is stored, whatever its orientation;
/// transparent pixels are blended with `background`.
CImageStatus CImageTIFFDecode(
    const char *library, const uint8_t *bytes, size_t count, CImageColor background, CImageTarget target, char *message,
    size_t capacity);

/// Weighted sums along one axis. Output position `i` sums `counts[i]` source positions from `starts[i]` on, with the
/// weights from `weights[i * stride]` on, in 22-bit fixed point; sums are rounded and clamped to 0...255. The stride is
/// a multiple of four, and weights after the last are zero.
typedef struct {
    const int32_t *starts, *counts, *weights;
    size_t stride;
} CImageResampling;

enum {
    /// Bytes after a row that are read and multiplied by zero.
    CImageResamplingPadding = 16,
};

/// `source` is height × sourceWidth × 3 in rows of `sourceStride` bytes, `target` is height × targetWidth × 3, and `scratch` has
/// the size of a source row and the padding.
void CImageResampleHorizontally(
    const uint8_t *source, size_t sourceStride, size_t sourceWidth, uint8_t *target, size_t targetWidth, size_t height,
    CImageResampling resampling, uint8_t *scratch);

/// Rows have `rowBytes` bytes; `sourceStride` and `targetStride` are the distances between the starts of rows.
void CImageResampleVertically(
    const uint8_t *source, size_t sourceStride, uint8_t *target, size_t targetStride, size_t targetHeight,
    size_t rowBytes, CImageResampling resampling);

#ifdef __cplusplus
}
#endif
