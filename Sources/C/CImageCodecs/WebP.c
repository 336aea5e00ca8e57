// WebP in, by libwebp found at run time: the functions below are the stable interface of libwebp.so.7, declared here so
// that no header is needed to build.
#include "Codec.h"

#include <dlfcn.h>
#include <stdlib.h>

typedef struct {
    void *library;
    int (*getInfo)(const uint8_t *bytes, size_t count, int *width, int *height);
    uint8_t *(*decodeRGBAInto)(const uint8_t *bytes, size_t count, uint8_t *target, size_t targetCount, int rowBytes);
} WebP;

/// Balanced by one dlclose; RTLD_NODELETE keeps the code mapped, so that the next image finds it at once.
static int load(const char *library, WebP *api) {
    api->library = dlopen(library, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (!api->library) return 0;
    *(void **)&api->getInfo = dlsym(api->library, "WebPGetInfo");
    *(void **)&api->decodeRGBAInto = dlsym(api->library, "WebPDecodeRGBAInto");
    return api->getInfo && api->decodeRGBAInto;
}

static CImageStatus decode(
    const WebP *api, const uint8_t *bytes, size_t count, CImagePixels *pixels, char *message, size_t capacity) {
    int width = 0, height = 0;
    if (!api->getInfo(bytes, count, &width, &height) || width <= 0 || height <= 0)
        return CImageFail(CImageStatusDamaged, "the header is not valid", message, capacity);
    pixels->width = (uint32_t)width, pixels->height = (uint32_t)height;
    if (!CImageIsWithinLimits(pixels->width, pixels->height))
        return CImageFail(CImageStatusTooLarge, "too large", message, capacity);
    size_t area = (size_t)width * (size_t)height;
    uint8_t *target = malloc(area * 4);
    if (!target) return CImageFail(CImageStatusOutOfMemory, "out of memory", message, capacity);
    if (!api->decodeRGBAInto(bytes, count, target, area * 4, width * 4)) {
        free(target);
        return CImageFail(CImageStatusDamaged, "the data are not valid, or are an animation", message, capacity);
    }
    CImageComposeOverWhite(target, area);
    pixels->rgb = target;
    return CImageStatusDone;
}

CImageStatus CImageWebPDecode(
    const char *library, const uint8_t *bytes, size_t count, CImagePixels *pixels, char *message, size_t capacity) {
    *pixels = (CImagePixels){0};
    WebP api = {0};
    CImageStatus status;
    if (load(library, &api)) {
        status = decode(&api, bytes, count, pixels, message, capacity);
    } else {
        const char *reason = dlerror();
        status = CImageFail(CImageStatusLibraryMissing, reason ? reason : "a function is missing", message, capacity);
    }
    if (api.library) dlclose(api.library);
    return status;
}
