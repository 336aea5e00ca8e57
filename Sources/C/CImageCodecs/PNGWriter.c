// PNG encoding. As in the reader, state that is needed after a longjmp is in a struct of the caller.
#include "Codec.h"

#include <png.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    png_structp png;
    png_infop info;
    uint8_t *bytes;
    size_t count, capacity;
    CImageStatus status;
    char *message;
    size_t messageCapacity;
} PNGWriter;

static void onError(png_structp png, png_const_charp sentence) {
    PNGWriter *writer = png_get_error_ptr(png);
    if (writer->status == CImageStatusDone) writer->status = CImageStatusDamaged;
    CImageFail(writer->status, sentence, writer->message, writer->messageCapacity);
    png_longjmp(png, 1);
}

static void onWarning(png_structp png, png_const_charp sentence) { (void)png, (void)sentence; }

static void onWrite(png_structp png, png_bytep source, size_t count) {
    PNGWriter *writer = png_get_io_ptr(png);
    if (count > writer->capacity - writer->count) {
        size_t capacity = writer->capacity * 2 + count + 4096;
        uint8_t *grown = realloc(writer->bytes, capacity);
        if (!grown) {
            writer->status = CImageStatusOutOfMemory;
            png_error(png, "out of memory");
        }
        writer->bytes = grown;
        writer->capacity = capacity;
    }
    memcpy(writer->bytes + writer->count, source, count);
    writer->count += count;
}

static void onFlush(png_structp png) { (void)png; }

static void writePNG(
    PNGWriter *writer, const uint8_t *rgb, uint32_t width, uint32_t height, const png_text *texts, size_t textCount) {
    if (setjmp(png_jmpbuf(writer->png))) return;
    png_set_write_fn(writer->png, writer, onWrite, onFlush);
    png_set_IHDR(
        writer->png, writer->info, width, height, 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
        PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_set_sRGB(writer->png, writer->info, PNG_sRGB_INTENT_PERCEPTUAL);
    if (textCount > 0) png_set_text(writer->png, writer->info, texts, (int)textCount);
    png_write_info(writer->png, writer->info);
    for (uint32_t y = 0; y < height; y++) png_write_row(writer->png, rgb + (size_t)y * width * 3);
    png_write_end(writer->png, NULL);
}

CImageStatus CImagePNGEncode(
    const uint8_t *rgb, uint32_t width, uint32_t height, const char *strings, const uint8_t *entries, size_t entryCount,
    CImageBytes *png, char *message, size_t capacity) {
    *png = (CImageBytes){0};
    png_text *texts = calloc(entryCount + 1, sizeof(png_text));
    if (!texts) return CImageFail(CImageStatusOutOfMemory, "out of memory", message, capacity);
    for (size_t i = 0; i < entryCount; i++) {
        texts[i].compression = entries[i] ? PNG_ITXT_COMPRESSION_NONE : PNG_TEXT_COMPRESSION_NONE;
        // libpng takes mutable pointers but does not write to them.
        texts[i].key = (char *)strings;
        strings += strlen(strings) + 1;
        texts[i].text = (char *)strings;
        strings += strlen(strings) + 1;
    }
    PNGWriter writer = {.message = message, .messageCapacity = capacity};
    writer.png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &writer, onError, onWarning);
    if (writer.png) writer.info = png_create_info_struct(writer.png);
    if (writer.info) {
        writePNG(&writer, rgb, width, height, texts, entryCount);
    } else {
        writer.status = CImageFail(CImageStatusOutOfMemory, "libpng did not start", message, capacity);
    }
    png_destroy_write_struct(&writer.png, &writer.info);
    free(texts);
    if (writer.status == CImageStatusDone) {
        *png = (CImageBytes){.bytes = writer.bytes, .count = writer.count};
    } else {
        free(writer.bytes);
    }
    return writer.status;
}
