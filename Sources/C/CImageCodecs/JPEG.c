// JPEG decoding and encoding with libturbojpeg, loaded at run time. The functions below are the stable interface of
// libturbojpeg.so.0 (TurboJPEG 1.4 and later, 3.x included), declared here so that no header is needed to build.
#include "Codec.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

enum { pixelFormatRGB = 0, pixelFormatCMYK = 11 };
enum { colorspaceCMYK = 3, colorspaceYCCK = 4 };
enum { subsamplingNone = 0 };
/// The accurate DCT, so that pixels do not depend on the processor, and at most 500 progressive scans, so that a small file
/// cannot take minutes to decode.
enum { flagAccurateDCT = 4096, flagLimitScans = 32768 };

typedef struct {
    void *library;
    void *(*initDecompress)(void);
    int (*decompressHeader3)(
        void *handle, const unsigned char *bytes, unsigned long count, int *width, int *height, int *subsampling,
        int *colorspace);
    int (*decompress2)(
        void *handle, const unsigned char *bytes, unsigned long count, unsigned char *target, int width, int pitch,
        int height, int pixelFormat, int flags);
    void *(*initCompress)(void);
    int (*compress2)(
        void *handle, const unsigned char *source, int width, int pitch, int height, int pixelFormat,
        unsigned char **bytes, unsigned long *count, int subsampling, int quality, int flags);
    void (*release)(unsigned char *bytes);
    char *(*getErrorStr2)(void *handle);
    int (*destroy)(void *handle);
} TurboJPEG;

/// The caller calls dlclose once. RTLD_NODELETE keeps the code mapped, so that opening the library for the next image takes a
/// third of a microsecond (half of one with the decoder handle). Therefore nothing is kept between images.
static CImageStatus load(const char *library, TurboJPEG *api, char *message, size_t capacity) {
    api->library = dlopen(library, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (api->library) {
        *(void **)&api->initDecompress = dlsym(api->library, "tjInitDecompress");
        *(void **)&api->decompressHeader3 = dlsym(api->library, "tjDecompressHeader3");
        *(void **)&api->decompress2 = dlsym(api->library, "tjDecompress2");
        *(void **)&api->initCompress = dlsym(api->library, "tjInitCompress");
        *(void **)&api->compress2 = dlsym(api->library, "tjCompress2");
        *(void **)&api->release = dlsym(api->library, "tjFree");
        *(void **)&api->getErrorStr2 = dlsym(api->library, "tjGetErrorStr2");
        *(void **)&api->destroy = dlsym(api->library, "tjDestroy");
        if (api->initDecompress && api->decompressHeader3 && api->decompress2 && api->initCompress && api->compress2
            && api->release && api->getErrorStr2 && api->destroy)
            return CImageStatusDone;
    }
    const char *reason = dlerror();
    CImageFail(CImageStatusLibraryMissing, reason ? reason : "a function is missing", message, capacity);
    if (api->library) dlclose(api->library);
    return CImageStatusLibraryMissing;
}

/// Converts C, M, Y, K to R, G, B: each is the light that its ink and black leave.
static void removeInk(const uint8_t *ink, CImageTarget target, int inverted) {
    uint8_t flip = inverted ? 0 : 255;
    for (size_t y = 0; y < target.height; y++) {
        uint8_t *to = target.rgb + y * target.stride;
        for (size_t x = 0; x < target.width; x++, ink += 4, to += 3) {
            unsigned light = ink[3] ^ flip;
            for (int c = 0; c < 3; c++) to[c] = (uint8_t)(((ink[c] ^ flip) * light + 127) / 255);
        }
    }
}

static CImageStatus decompress(
    const TurboJPEG *api, void *handle, const uint8_t *bytes, size_t count, uint8_t *pixels, size_t pitch,
    CImageTarget target, int pixelFormat, char *message, size_t capacity) {
    if (!api->decompress2(
            handle, bytes, count, pixels, (int)target.width, (int)pitch, (int)target.height, pixelFormat,
            flagAccurateDCT | flagLimitScans))
        return CImageStatusDone;
    const char *reason = api->getErrorStr2(handle);
    // The only warning after which all pixels are valid; others mean that samples are missing.
    if (strstr(reason, "extraneous bytes before marker")) return CImageStatusDone;
    int truncated = strstr(reason, "Premature end of JPEG file") != NULL;
    return CImageFail(truncated ? CImageStatusTruncated : CImageStatusDamaged, reason, message, capacity);
}

static CImageStatus decode(
    const TurboJPEG *api, void *handle, const uint8_t *bytes, size_t count, size_t width, size_t height,
    int invertedInk, CImageTarget target, char *message, size_t capacity) {
    int foundWidth = 0, foundHeight = 0, subsampling = -1, colorspace = -1;
    // Unusual subsamplings are reported as failures here although they can be decoded; a size means that there is a header.
    int failure = api->decompressHeader3(handle, bytes, count, &foundWidth, &foundHeight, &subsampling, &colorspace);
    if (foundWidth <= 0 || foundHeight <= 0 || (failure && colorspace < 0))
        return CImageFail(CImageStatusDamaged, api->getErrorStr2(handle), message, capacity);
    if ((size_t)foundWidth != width || (size_t)foundHeight != height)
        return CImageFail(CImageStatusDamaged, "two headers tell different sizes", message, capacity);

    if (colorspace != colorspaceCMYK && colorspace != colorspaceYCCK)
        return decompress(
            api, handle, bytes, count, target.rgb, target.stride, target, pixelFormatRGB, message, capacity);
    uint8_t *ink = malloc(target.width * target.height * 4);
    if (!ink) return CImageFail(CImageStatusOutOfMemory, "out of memory", message, capacity);
    CImageStatus status = decompress(
        api, handle, bytes, count, ink, target.width * 4, target, pixelFormatCMYK, message, capacity);
    if (status == CImageStatusDone) removeInk(ink, target, invertedInk);
    free(ink);
    return status;
}

CImageStatus CImageJPEGDecode(
    const char *library, const uint8_t *bytes, size_t count, size_t width, size_t height, int invertedInk,
    CImageTarget target, char *message, size_t capacity) {
    TurboJPEG api = {0};
    CImageStatus status = load(library, &api, message, capacity);
    if (status != CImageStatusDone) return status;
    void *handle = api.initDecompress();
    status = handle ? decode(&api, handle, bytes, count, width, height, invertedInk, target, message, capacity)
                    : CImageFail(CImageStatusOutOfMemory, "libturbojpeg did not start", message, capacity);
    if (handle) api.destroy(handle);
    dlclose(api.library);
    return status;
}

static CImageStatus encode(
    const TurboJPEG *api, void *handle, const uint8_t *rgb, size_t width, size_t height, int quality, CImageBytes *jpeg,
    char *message, size_t capacity) {
    unsigned char *bytes = NULL;
    unsigned long count = 0;
    CImageStatus status = CImageStatusDone;
    if (api->compress2(
            handle, rgb, (int)width, 0, (int)height, pixelFormatRGB, &bytes, &count, subsamplingNone, quality,
            flagAccurateDCT)) {
        status = CImageFail(CImageStatusDamaged, api->getErrorStr2(handle), message, capacity);
    } else if (!(jpeg->bytes = malloc(count))) {
        status = CImageFail(CImageStatusOutOfMemory, "out of memory", message, capacity);
    } else {
        memcpy(jpeg->bytes, bytes, count);
        jpeg->count = count;
    }
    api->release(bytes);
    return status;
}

CImageStatus CImageJPEGEncode(
    const char *library, const uint8_t *rgb, size_t width, size_t height, int quality, CImageBytes *jpeg, char *message,
    size_t capacity) {
    *jpeg = (CImageBytes){0};
    TurboJPEG api = {0};
    CImageStatus status = load(library, &api, message, capacity);
    if (status != CImageStatusDone) return status;
    void *handle = api.initCompress();
    status = handle ? encode(&api, handle, rgb, width, height, quality, jpeg, message, capacity)
                    : CImageFail(CImageStatusOutOfMemory, "libturbojpeg did not start", message, capacity);
    if (handle) api.destroy(handle);
    dlclose(api.library);
    return status;
}
