// PNG in, by libpng's full read interface. Everything that outlives a longjmp is in a PNGReader, which belongs to the
// caller of the function that calls setjmp, so no local variable is read after a jump.
#include "Codec.h"

#include <png.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    png_structp png;
    png_infop info;
    const uint8_t *bytes;
    size_t count, position;
    uint32_t width, height;
    uint8_t *pixels;
    png_bytep *rows;
    CImageStatus status;
    char *message;
    size_t capacity;
} PNGReader;

static void onError(png_structp png, png_const_charp sentence) {
    PNGReader *reader = png_get_error_ptr(png);
    if (reader->status == CImageStatusDone) reader->status = CImageStatusDamaged;
    CImageFail(reader->status, sentence, reader->message, reader->capacity);
    png_longjmp(png, 1);
}

/// Warnings concern chunks that libpng then leaves out; the pixels are unharmed.
static void onWarning(png_structp png, png_const_charp sentence) { (void)png, (void)sentence; }

static void onRead(png_structp png, png_bytep target, size_t wanted) {
    PNGReader *reader = png_get_io_ptr(png);
    if (wanted > reader->count - reader->position) {
        reader->status = CImageStatusTruncated;
        png_error(png, "the bytes end early");
    }
    memcpy(target, reader->bytes + reader->position, wanted);
    reader->position += wanted;
}

/// Any PNG becomes 8-bit R, G, B, A in sRGB; a gAMA chunk is honoured, other colour profiles are not.
static void askForRGBA(png_structp png, png_infop info) {
    png_set_alpha_mode(png, PNG_ALPHA_PNG, PNG_DEFAULT_sRGB);
    png_set_expand(png);
    png_set_scale_16(png);
    png_set_gray_to_rgb(png);
    int hasAlpha = (png_get_color_type(png, info) & PNG_COLOR_MASK_ALPHA) != 0
        || png_get_valid(png, info, PNG_INFO_tRNS) != 0;
    if (!hasAlpha) png_set_add_alpha(png, 255, PNG_FILLER_AFTER);
    png_set_interlace_handling(png);
    png_read_update_info(png, info);
}

static void readSize(PNGReader *reader) {
    reader->width = png_get_image_width(reader->png, reader->info);
    reader->height = png_get_image_height(reader->png, reader->info);
    if (!CImageIsWithinLimits(reader->width, reader->height)) {
        reader->status = CImageStatusTooLarge;
        png_error(reader->png, "too large");
    }
}

static void readPixels(PNGReader *reader) {
    askForRGBA(reader->png, reader->info);
    size_t rowBytes = (size_t)reader->width * 4;
    if (png_get_rowbytes(reader->png, reader->info) != rowBytes) png_error(reader->png, "unexpected row size");
    reader->pixels = malloc(rowBytes * reader->height);
    reader->rows = malloc(sizeof(png_bytep) * reader->height);
    if (!reader->pixels || !reader->rows) {
        reader->status = CImageStatusOutOfMemory;
        png_error(reader->png, "out of memory");
    }
    for (uint32_t y = 0; y < reader->height; y++) reader->rows[y] = reader->pixels + y * rowBytes;
    png_read_image(reader->png, reader->rows);
}

/// Inflates the pixels and keeps none of them: libpng has no way past them to the chunks behind.
static void skipPixels(PNGReader *reader) {
    int passes = png_set_interlace_handling(reader->png);
    png_read_update_info(reader->png, reader->info);
    for (int pass = 0; pass < passes; pass++)
        for (uint32_t y = 0; y < reader->height; y++) png_read_row(reader->png, NULL, NULL);
}

static void readPNG(PNGReader *reader, int withPixels) {
    if (setjmp(png_jmpbuf(reader->png))) return;
    // Sizes are judged above, with a message that names them.
    png_set_user_limits(reader->png, 0x7fffffff, 0x7fffffff);
    png_set_benign_errors(reader->png, 1);
    png_set_read_fn(reader->png, reader, onRead);
    png_read_info(reader->png, reader->info);
    readSize(reader);
    if (withPixels)
        readPixels(reader);
    else
        skipPixels(reader);
    png_read_end(reader->png, reader->info);
}

static int openPNG(PNGReader *reader) {
    reader->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, reader, onError, onWarning);
    if (reader->png) reader->info = png_create_info_struct(reader->png);
    if (reader->info) return 1;
    reader->status = CImageFail(CImageStatusOutOfMemory, "libpng did not start", reader->message, reader->capacity);
    return 0;
}

CImageStatus CImagePNGDecode(
    const uint8_t *bytes, size_t count, CImagePixels *pixels, char *message, size_t capacity) {
    PNGReader reader = {.bytes = bytes, .count = count, .message = message, .capacity = capacity};
    if (openPNG(&reader)) readPNG(&reader, 1);
    png_destroy_read_struct(&reader.png, &reader.info, NULL);
    free(reader.rows);
    *pixels = (CImagePixels){.width = reader.width, .height = reader.height};
    if (reader.status == CImageStatusDone) {
        CImageComposeOverWhite(reader.pixels, (size_t)reader.width * reader.height);
        pixels->rgb = reader.pixels;
    } else {
        free(reader.pixels);
    }
    return reader.status;
}

/// Copies libpng's texts into one block: the records, then their strings.
static CImageStatus copyTexts(PNGReader *reader, CImageTexts *texts) {
    png_textp found = NULL;
    int count = 0;
    png_get_text(reader->png, reader->info, &found, &count);
    if (count <= 0) return CImageStatusDone;
    size_t size = sizeof(CImageText) * (size_t)count;
    for (int i = 0; i < count; i++) size += strlen(found[i].key) + 1 + found[i].text_length + found[i].itxt_length + 1;
    CImageText *records = malloc(size);
    if (!records) return CImageFail(CImageStatusOutOfMemory, "out of memory", reader->message, reader->capacity);
    char *strings = (char *)(records + count);
    for (int i = 0; i < count; i++) {
        int isUTF8 = found[i].compression >= PNG_ITXT_COMPRESSION_NONE;
        size_t keyCount = strlen(found[i].key), textCount = isUTF8 ? found[i].itxt_length : found[i].text_length;
        char *text = strings + keyCount + 1;
        memcpy(strings, found[i].key, keyCount + 1);
        if (textCount > 0) memcpy(text, found[i].text, textCount);
        text[textCount] = 0;
        records[i] = (CImageText){.keyword = strings, .text = text, .textCount = textCount, .isUTF8 = isUTF8};
        strings = text + textCount + 1;
    }
    texts->texts = records, texts->count = (size_t)count;
    return CImageStatusDone;
}

CImageStatus CImagePNGReadTexts(
    const uint8_t *bytes, size_t count, CImageTexts *texts, char *message, size_t capacity) {
    PNGReader reader = {.bytes = bytes, .count = count, .message = message, .capacity = capacity};
    *texts = (CImageTexts){0};
    if (openPNG(&reader)) readPNG(&reader, 0);
    texts->width = reader.width, texts->height = reader.height;
    if (reader.status == CImageStatusDone) reader.status = copyTexts(&reader, texts);
    png_destroy_read_struct(&reader.png, &reader.info, NULL);
    return reader.status;
}
