// TIFF decoding with libtiff, loaded at run time. The functions below are the stable interface of libtiff.so.6 (4.5 and
// later), declared here so that no header is needed to build.
#include "Codec.h"

#include <dlfcn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { tagWidth = 256, tagHeight = 257, tagOrientation = 274 };
enum { orientationTopLeft = 1 };
/// The most bytes of one allocation by libtiff, for a strip or tile: a whole image of 64 million pixels of 16-bit R, G, B, A.
enum { maximumAllocation = 512000000 };

typedef struct tiff TIFF;
typedef struct TIFFOpenOptions TIFFOpenOptions;
typedef int (*Handler)(TIFF *tiff, void *reader, const char *module, const char *format, va_list arguments);

typedef struct {
    void *library;
    TIFFOpenOptions *(*allocOptions)(void);
    void (*freeOptions)(TIFFOpenOptions *options);
    void (*setMaxAllocation)(TIFFOpenOptions *options, int64_t bytes);
    void (*setErrorHandler)(TIFFOpenOptions *options, Handler handler, void *reader);
    void (*setWarningHandler)(TIFFOpenOptions *options, Handler handler, void *reader);
    TIFF *(*clientOpen)(
        const char *name, const char *mode, void *reader, int64_t (*read)(void *, void *, int64_t),
        int64_t (*write)(void *, void *, int64_t), uint64_t (*seek)(void *, uint64_t, int), int (*close)(void *),
        uint64_t (*size)(void *), int (*map)(void *, void **, uint64_t *), void (*unmap)(void *, void *, uint64_t),
        TIFFOpenOptions *options);
    int (*getField)(TIFF *tiff, uint32_t tag, ...);
    int (*setField)(TIFF *tiff, uint32_t tag, ...);
    int (*canReadRGBA)(TIFF *tiff, char message[1024]);
    int (*readRGBA)(TIFF *tiff, uint32_t width, uint32_t height, uint32_t *raster, int orientation, int stopOnError);
    void (*close)(TIFF *tiff);
} LibTIFF;

/// The caller calls dlclose once. RTLD_NODELETE keeps the code mapped, so that opening the library again is fast.
static CImageStatus load(const char *library, LibTIFF *api, char *message, size_t capacity) {
    api->library = dlopen(library, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (api->library) {
        *(void **)&api->allocOptions = dlsym(api->library, "TIFFOpenOptionsAlloc");
        *(void **)&api->freeOptions = dlsym(api->library, "TIFFOpenOptionsFree");
        *(void **)&api->setMaxAllocation = dlsym(api->library, "TIFFOpenOptionsSetMaxSingleMemAlloc");
        *(void **)&api->setErrorHandler = dlsym(api->library, "TIFFOpenOptionsSetErrorHandlerExtR");
        *(void **)&api->setWarningHandler = dlsym(api->library, "TIFFOpenOptionsSetWarningHandlerExtR");
        *(void **)&api->clientOpen = dlsym(api->library, "TIFFClientOpenExt");
        *(void **)&api->getField = dlsym(api->library, "TIFFGetField");
        *(void **)&api->setField = dlsym(api->library, "TIFFSetField");
        *(void **)&api->canReadRGBA = dlsym(api->library, "TIFFRGBAImageOK");
        *(void **)&api->readRGBA = dlsym(api->library, "TIFFReadRGBAImageOriented");
        *(void **)&api->close = dlsym(api->library, "TIFFClose");
        if (api->allocOptions && api->freeOptions && api->setMaxAllocation && api->setErrorHandler
            && api->setWarningHandler && api->clientOpen && api->getField && api->setField && api->canReadRGBA
            && api->readRGBA && api->close)
            return CImageStatusDone;
    }
    const char *reason = dlerror();
    CImageFail(CImageStatusLibraryMissing, reason ? reason : "a function is missing", message, capacity);
    if (api->library) dlclose(api->library);
    return CImageStatusLibraryMissing;
}

/// The file in memory, and the first error.
typedef struct {
    const uint8_t *bytes;
    size_t count, position;
    char *message;
    size_t capacity;
} TIFFReader;

static int64_t onRead(void *client, void *target, int64_t wanted) {
    TIFFReader *reader = client;
    size_t left = reader->position < reader->count ? reader->count - reader->position : 0;
    size_t count = wanted < 0 ? 0 : (size_t)wanted < left ? (size_t)wanted : left;
    memcpy(target, reader->bytes + (left ? reader->position : 0), count);
    reader->position += count;
    return (int64_t)count;
}

static uint64_t onSeek(void *client, uint64_t offset, int from) {
    TIFFReader *reader = client;
    uint64_t base = from == SEEK_CUR ? reader->position : from == SEEK_END ? reader->count : 0;
    return reader->position = base + offset;
}

static int64_t onWrite(void *client, void *source, int64_t count) { return (void)client, (void)source, (void)count, 0; }
static int onClose(void *client) { return (void)client, 0; }
static uint64_t onSize(void *client) { return ((TIFFReader *)client)->count; }
static void onUnmap(void *client, void *bytes, uint64_t count) { (void)client, (void)bytes, (void)count; }

/// libtiff reads mapped bytes in place; it never writes to them.
static int onMap(void *client, void **bytes, uint64_t *count) {
    TIFFReader *reader = client;
    *bytes = (void *)reader->bytes;
    *count = reader->count;
    return 1;
}

/// A result other than 0 means that the error is handled; otherwise libtiff prints it.
static int onError(TIFF *tiff, void *client, const char *module, const char *format, va_list arguments) {
    TIFFReader *reader = client;
    (void)tiff, (void)module;
    if (!reader->message[0]) vsnprintf(reader->message, reader->capacity, format, arguments);
    return 1;
}

/// Warnings are about tags that libtiff ignores or corrects.
static int onWarning(TIFF *tiff, void *client, const char *module, const char *format, va_list arguments) {
    (void)tiff, (void)client, (void)module, (void)format, (void)arguments;
    return 1;
}

/// Blends premultiplied pixels with the background. libtiff packs them as A, B, G, R from the most significant byte on.
static void compose(const uint32_t *raster, CImageTarget target, CImageColor background) {
    for (size_t y = 0; y < target.height; y++) {
        uint8_t *to = target.rgb + y * target.stride;
        for (size_t x = 0; x < target.width; x++, raster++, to += 3) {
            uint32_t pixel = *raster, rest = 255 - (pixel >> 24);
            uint32_t red = (pixel & 255) + (background.red * rest + 127) / 255;
            uint32_t green = (pixel >> 8 & 255) + (background.green * rest + 127) / 255;
            uint32_t blue = (pixel >> 16 & 255) + (background.blue * rest + 127) / 255;
            // Samples may exceed their alpha in a damaged file.
            to[0] = (uint8_t)(red < 255 ? red : 255);
            to[1] = (uint8_t)(green < 255 ? green : 255);
            to[2] = (uint8_t)(blue < 255 ? blue : 255);
        }
    }
}

/// `reason` is for failures that libtiff reported no error of.
static CImageStatus damaged(const char *reason, char *message, size_t capacity) {
    return message[0] ? CImageStatusDamaged : CImageFail(CImageStatusDamaged, reason, message, capacity);
}

static CImageStatus decode(
    const LibTIFF *api, TIFF *tiff, CImageColor background, CImageTarget target, char *message, size_t capacity) {
    uint32_t width = 0, height = 0;
    if (!api->getField(tiff, tagWidth, &width) || !api->getField(tiff, tagHeight, &height) || width != target.width
        || height != target.height)
        return damaged("two headers tell different sizes", message, capacity);
    char reason[1024] = "";
    if (!api->canReadRGBA(tiff, reason)) return damaged(reason, message, capacity);
    uint32_t *raster = malloc(target.width * target.height * sizeof(uint32_t));
    if (!raster) return CImageFail(CImageStatusOutOfMemory, "out of memory", message, capacity);
    // libtiff would apply some orientations in part; the caller applies all of them.
    api->setField(tiff, tagOrientation, orientationTopLeft);
    int isRead = api->readRGBA(tiff, width, height, raster, orientationTopLeft, 1);
    if (isRead) compose(raster, target, background);
    free(raster);
    return isRead ? CImageStatusDone : damaged("its pixels are not valid", message, capacity);
}

CImageStatus CImageTIFFDecode(
    const char *library, const uint8_t *bytes, size_t count, CImageColor background, CImageTarget target, char *message,
    size_t capacity) {
    LibTIFF api = {0};
    CImageStatus status = load(library, &api, message, capacity);
    if (status != CImageStatusDone) return status;
    TIFFReader reader = {.bytes = bytes, .count = count, .message = message, .capacity = capacity};
    TIFFOpenOptions *options = api.allocOptions();
    TIFF *tiff = NULL;
    if (options) {
        api.setMaxAllocation(options, maximumAllocation);
        api.setErrorHandler(options, onError, &reader);
        api.setWarningHandler(options, onWarning, &reader);
        tiff = api.clientOpen(
            "memory", "r", &reader, onRead, onWrite, onSeek, onClose, onSize, onMap, onUnmap, options);
        api.freeOptions(options);
    }
    status = tiff ? decode(&api, tiff, background, target, message, capacity)
                  : damaged("its header is not valid", message, capacity);
    if (tiff) api.close(tiff);
    dlclose(api.library);
    return status;
}
