// WebP decoding and encoding with libwebp, loaded at run time. The functions below are the stable interface of libwebp.so.7, declared here
// so that no header is needed to build.
#include "Codec.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    void *library;
    int (*getInfo)(const uint8_t *bytes, size_t count, int *width, int *height);
    uint8_t *(*decodeRGBAInto)(const uint8_t *bytes, size_t count, uint8_t *target, size_t targetCount, int rowBytes);
    size_t (*encodeLosslessRGB)(const uint8_t *rgb, int width, int height, int rowBytes, uint8_t **bytes);
    void (*release)(void *bytes);
} WebP;

/// The caller calls dlclose once. RTLD_NODELETE keeps the code mapped, so that opening the library again is fast.
static CImageStatus load(const char *library, WebP *api, char *message, size_t capacity) {
    api->library = dlopen(library, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (api->library) {
        *(void **)&api->getInfo = dlsym(api->library, "WebPGetInfo");
        *(void **)&api->decodeRGBAInto = dlsym(api->library, "WebPDecodeRGBAInto");
        *(void **)&api->encodeLosslessRGB = dlsym(api->library, "WebPEncodeLosslessRGB");
        *(void **)&api->release = dlsym(api->library, "WebPFree");
        if (api->getInfo && api->decodeRGBAInto && api->encodeLosslessRGB && api->release) return CImageStatusDone;
    }
    const char *reason = dlerror();
    CImageFail(CImageStatusLibraryMissing, reason ? reason : "a function is missing", message, capacity);
    if (api->library) dlclose(api->library);
    return CImageStatusLibraryMissing;
}

static CImageStatus decode(
    const WebP *api, const uint8_t *bytes, size_t count, CImageColor background, CImageTarget target, char *message,
    size_t capacity) {
    int width = 0, height = 0;
    if (!api->getInfo(bytes, count, &width, &height) || width <= 0 || height <= 0)
        return CImageFail(CImageStatusDamaged, "the header is not valid", message, capacity);
    if ((size_t)width != target.width || (size_t)height != target.height)
        return CImageFail(CImageStatusDamaged, "two headers tell different sizes", message, capacity);
    size_t size = target.width * target.height * 4;
    uint8_t *rgba = malloc(size);
    if (!rgba) return CImageFail(CImageStatusOutOfMemory, "out of memory", message, capacity);
    CImageStatus status = CImageStatusDone;
    if (api->decodeRGBAInto(bytes, count, rgba, size, width * 4))
        CImageCompose(rgba, target, background, 0);
    else
        status = CImageFail(CImageStatusDamaged, "the data are not valid", message, capacity);
    free(rgba);
    return status;
}

CImageStatus CImageWebPDecode(
    const char *library, const uint8_t *bytes, size_t count, CImageColor background, CImageTarget target, char *message,
    size_t capacity) {
    WebP api = {0};
    CImageStatus status = load(library, &api, message, capacity);
    if (status != CImageStatusDone) return status;
    status = decode(&api, bytes, count, background, target, message, capacity);
    dlclose(api.library);
    return status;
}

CImageStatus CImageWebPEncode(
    const char *library, const uint8_t *rgb, size_t width, size_t height, CImageBytes *webp, char *message,
    size_t capacity) {
    *webp = (CImageBytes){0};
    WebP api = {0};
    CImageStatus status = load(library, &api, message, capacity);
    if (status != CImageStatusDone) return status;
    uint8_t *bytes = NULL;
    size_t count = api.encodeLosslessRGB(rgb, (int)width, (int)height, (int)width * 3, &bytes);
    if (!count) {
        status = CImageFail(CImageStatusDamaged, "libwebp failed", message, capacity);
    } else if (!(webp->bytes = malloc(count))) {
        status = CImageFail(CImageStatusOutOfMemory, "out of memory", message, capacity);
    } else {
        memcpy(webp->bytes, bytes, count);
        webp->count = count;
    }
    api.release(bytes);
    dlclose(api.library);
    return status;
}
