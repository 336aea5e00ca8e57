// PNG decoding with libpng. All state that is needed after a longjmp is in a PNGReader, which belongs to the caller of the
// function that calls setjmp, so that no local variable is read after a jump.
#include "Codec.h"

#include <png.h>
#include <stdlib.h>
#include <string.h>

enum {
    /// The most bytes of an expanded ancillary chunk, and the most such chunks: a compressed text of a few bytes could otherwise
    /// expand to gigabytes.
    maximumChunkBytes = 4000000,
    maximumChunks = 64,
};

typedef struct {
    png_structp png;
    png_infop info;
    const uint8_t *bytes;
    size_t count, position;
    CImageColor background;
    CImageTarget target;
    /// R, G, B, A of the whole image if it has transparency; otherwise NULL, and pixels are written to the target directly.
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

/// Warnings are about chunks that libpng ignores; the pixels are valid.
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

static void fail(PNGReader *reader, CImageStatus status, const char *sentence) {
    reader->status = status;
    png_error(reader->png, sentence);
}

static int hasAlpha(const PNGReader *reader) {
    return (png_get_color_type(reader->png, reader->info) & PNG_COLOR_MASK_ALPHA) != 0
        || png_get_valid(reader->png, reader->info, PNG_INFO_tRNS) != 0;
}

/// Whether the file has a gamma that differs from that of sRGB, by libpng's threshold.
static int hasOwnGamma(const PNGReader *reader) {
    double gamma = 0;
    if (!png_get_gAMA(reader->png, reader->info, &gamma)) return 0;
    return gamma * 2.2 < 0.95 || gamma * 2.2 > 1.05;
}

/// Converts any PNG to 8-bit R, G, B or R, G, B, A in sRGB; applies a gAMA chunk, but no other colour profile.
static void askForPixels(const PNGReader *reader) {
    png_set_alpha_mode(reader->png, PNG_ALPHA_PNG, PNG_DEFAULT_sRGB);
    png_set_expand(reader->png);
    png_set_scale_16(reader->png);
    png_set_gray_to_rgb(reader->png);
    png_set_interlace_handling(reader->png);
    png_read_update_info(reader->png, reader->info);
}

static void readPixels(PNGReader *reader) {
    CImageTarget target = reader->target;
    if (png_get_image_width(reader->png, reader->info) != target.width
        || png_get_image_height(reader->png, reader->info) != target.height)
        fail(reader, CImageStatusDamaged, "two headers tell different sizes");
    int isTransparent = hasAlpha(reader), hasGamma = hasOwnGamma(reader);
    askForPixels(reader);
    size_t rowBytes = target.width * (isTransparent ? 4 : 3), stride = isTransparent ? rowBytes : target.stride;
    if (png_get_rowbytes(reader->png, reader->info) != rowBytes)
        fail(reader, CImageStatusDamaged, "unexpected row size");
    if (isTransparent) reader->pixels = malloc(rowBytes * target.height);
    reader->rows = malloc(sizeof(png_bytep) * target.height);
    if ((isTransparent && !reader->pixels) || !reader->rows) fail(reader, CImageStatusOutOfMemory, "out of memory");
    uint8_t *first = isTransparent ? reader->pixels : target.rgb;
    for (size_t y = 0; y < target.height; y++) reader->rows[y] = first + y * stride;
    png_read_image(reader->png, reader->rows);
    if (isTransparent) CImageCompose(reader->pixels, target, reader->background, hasGamma);
}

/// Inflates and discards the pixels: libpng cannot skip them to reach the chunks after them.
static void skipPixels(PNGReader *reader) {
    png_uint_32 height = png_get_image_height(reader->png, reader->info);
    int passes = png_set_interlace_handling(reader->png);
    png_read_update_info(reader->png, reader->info);
    for (int pass = 0; pass < passes; pass++)
        for (png_uint_32 y = 0; y < height; y++) png_read_row(reader->png, NULL, NULL);
}

static void readPNG(PNGReader *reader, int withPixels) {
    if (setjmp(png_jmpbuf(reader->png))) return;
    // Sizes were checked before, with a message that contains them.
    png_set_user_limits(reader->png, 0x7fffffff, 0x7fffffff);
    png_set_chunk_malloc_max(reader->png, maximumChunkBytes);
    png_set_chunk_cache_max(reader->png, maximumChunks);
    png_set_benign_errors(reader->png, 1);
    png_set_read_fn(reader->png, reader, onRead);
    if (withPixels) {
        static const png_byte texts[] = "tEXt\0zTXt\0iTXt";
        png_set_keep_unknown_chunks(reader->png, PNG_HANDLE_CHUNK_NEVER, texts, 3);
    }
    png_read_info(reader->png, reader->info);
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
    const uint8_t *bytes, size_t count, CImageColor background, CImageTarget target, char *message, size_t capacity) {
    PNGReader reader = {
        .bytes = bytes, .count = count, .background = background, .target = target, .message = message,
        .capacity = capacity,
    };
    if (openPNG(&reader)) readPNG(&reader, 1);
    png_destroy_read_struct(&reader.png, &reader.info, NULL);
    free(reader.rows);
    free(reader.pixels);
    return reader.status;
}

/// Copies the text chunks into one block: the records, then their strings.
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
    if (reader.status == CImageStatusDone) reader.status = copyTexts(&reader, texts);
    png_destroy_read_struct(&reader.png, &reader.info, NULL);
    return reader.status;
}
