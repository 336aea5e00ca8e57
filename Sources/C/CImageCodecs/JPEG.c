// JPEG in, by libturbojpeg found at run time: the functions below are the stable interface of libturbojpeg.so.0
// (TurboJPEG 1.4 and later, 3.x included), declared here so that no header is needed to build.
#include "Codec.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

enum { pixelFormatRGB = 0, pixelFormatCMYK = 11 };
enum { colorspaceCMYK = 3, colorspaceYCCK = 4 };
/// The exact inverse transform, so that pixels do not depend on the processor; and at most 500 progressive scans, so
/// that a small file cannot ask for minutes.
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
    char *(*getErrorStr2)(void *handle);
    int (*destroy)(void *handle);
} TurboJPEG;

/// Balanced by one dlclose; RTLD_NODELETE keeps the code mapped, so that the next image finds it at once.
static int load(const char *library, TurboJPEG *api) {
    api->library = dlopen(library, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (!api->library) return 0;
    *(void **)&api->initDecompress = dlsym(api->library, "tjInitDecompress");
    *(void **)&api->decompressHeader3 = dlsym(api->library, "tjDecompressHeader3");
    *(void **)&api->decompress2 = dlsym(api->library, "tjDecompress2");
    *(void **)&api->getErrorStr2 = dlsym(api->library, "tjGetErrorStr2");
    *(void **)&api->destroy = dlsym(api->library, "tjDestroy");
    return api->initDecompress && api->decompressHeader3 && api->decompress2 && api->getErrorStr2 && api->destroy;
}

/// C, M, Y, K of `count` pixels become R, G, B in the same memory: what light each ink and black leave over.
static void removeInk(uint8_t *pixels, size_t count, int inverted) {
    const uint8_t *from = pixels;
    uint8_t *to = pixels, flip = inverted ? 0 : 255;
    for (size_t i = 0; i < count; i++, from += 4, to += 3) {
        unsigned light = from[3] ^ flip;
        for (int c = 0; c < 3; c++) to[c] = (uint8_t)(((from[c] ^ flip) * light + 127) / 255);
    }
}

static CImageStatus decode(
    const TurboJPEG *api, void *handle, const uint8_t *bytes, size_t count, int invertedInk, CImagePixels *pixels,
    char *message, size_t capacity) {
    int width = 0, height = 0, subsampling = -1, colorspace = -1;
    // Rare subsamplings are reported as failures here although they can be decoded; a size means there is a header.
    int failure = api->decompressHeader3(handle, bytes, count, &width, &height, &subsampling, &colorspace);
    if (width <= 0 || height <= 0 || (failure && colorspace < 0))
        return CImageFail(CImageStatusDamaged, api->getErrorStr2(handle), message, capacity);
    pixels->width = (uint32_t)width, pixels->height = (uint32_t)height;
    if (!CImageIsWithinLimits(pixels->width, pixels->height))
        return CImageFail(CImageStatusTooLarge, "too large", message, capacity);

    int isInk = colorspace == colorspaceCMYK || colorspace == colorspaceYCCK;
    size_t area = (size_t)width * (size_t)height;
    uint8_t *target = malloc(area * (isInk ? 4 : 3));
    if (!target) return CImageFail(CImageStatusOutOfMemory, "out of memory", message, capacity);
    if (api->decompress2(
            handle, bytes, count, target, width, 0, height, isInk ? pixelFormatCMYK : pixelFormatRGB,
            flagAccurateDCT | flagLimitScans)) {
        // The one warning that leaves the pixels whole; all others mean that samples were made up.
        const char *reason = api->getErrorStr2(handle);
        if (!strstr(reason, "extraneous bytes before marker")) {
            int truncated = strstr(reason, "Premature end of JPEG file") != NULL;
            CImageFail(CImageStatusDamaged, reason, message, capacity);
            free(target);
            return truncated ? CImageStatusTruncated : CImageStatusDamaged;
        }
    }
    if (isInk) removeInk(target, area, invertedInk);
    pixels->rgb = target;
    return CImageStatusDone;
}

CImageStatus CImageJPEGDecode(
    const char *library, const uint8_t *bytes, size_t count, int invertedInk, CImagePixels *pixels, char *message,
    size_t capacity) {
    *pixels = (CImagePixels){0};
    TurboJPEG api = {0};
    CImageStatus status;
    if (load(library, &api)) {
        void *handle = api.initDecompress();
        status = handle
            ? decode(&api, handle, bytes, count, invertedInk, pixels, message, capacity)
            : CImageFail(CImageStatusOutOfMemory, "libturbojpeg did not start", message, capacity);
        if (handle) api.destroy(handle);
    } else {
        const char *reason = dlerror();
        status = CImageFail(CImageStatusLibraryMissing, reason ? reason : "a function is missing", message, capacity);
    }
    if (api.library) dlclose(api.library);
    return status;
}
