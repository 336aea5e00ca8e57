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
    /// Size of the stored image.
    size_t width, height, reduction;
    CImageColor background;
    CImageTarget target;
    /// R, G, B, A of an interlaced image or of a row, if the image has transparency.
    uint8_t *rgba;
    /// R, G, B of a row, and the sums of the squares that it is in, if the image is reduced.
    uint8_t *rgb;
    uint32_t *sums;
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

static void *allocate(PNGReader *reader, size_t size) {
    void *memory = malloc(size);
    if (!memory) fail(reader, CImageStatusOutOfMemory, "out of memory");
    return memory;
}

/// All passes over the whole image.
static void readInterlaced(PNGReader *reader, int isTransparent, int hasGamma) {
    CImageTarget target = reader->target;
    size_t stride = isTransparent ? target.width * 4 : target.stride;
    if (isTransparent) reader->rgba = allocate(reader, stride * target.height);
    reader->rows = allocate(reader, sizeof(png_bytep) * target.height);
    for (size_t y = 0; y < target.height; y++)
        reader->rows[y] = (isTransparent ? reader->rgba : target.rgb) + y * stride;
    png_read_image(reader->png, reader->rows);
    if (isTransparent) CImageCompose(reader->rgba, target, reader->background, hasGamma);
}

/// Reads a row, blended with the background.
static void readRow(PNGReader *reader, uint8_t *rgb, int isTransparent, int hasGamma) {
    png_read_row(reader->png, isTransparent ? reader->rgba : rgb, NULL);
    CImageTarget row = {.rgb = rgb, .width = reader->width, .height = 1};
    if (isTransparent) CImageCompose(reader->rgba, row, reader->background, hasGamma);
}

static void readRows(PNGReader *reader, int isTransparent, int hasGamma) {
    if (isTransparent) reader->rgba = allocate(reader, reader->width * 4);
    for (size_t y = 0; y < reader->height; y++)
        readRow(reader, reader->target.rgb + y * reader->target.stride, isTransparent, hasGamma);
}

/// The width of the squares in a column of the target, or the height of those in a row; `length` is that of the image.
static size_t squareSide(const PNGReader *reader, size_t x, size_t length) {
    size_t rest = length - x * reader->reduction;
    return rest < reader->reduction ? rest : reader->reduction;
}

/// Reads the rows of one row of the target and takes the means of their squares.
static void readReducedRow(PNGReader *reader, size_t y, int isTransparent, int hasGamma) {
    size_t width = reader->target.width, height = squareSide(reader, y, reader->height);
    memset(reader->sums, 0, width * 3 * sizeof(uint32_t));
    for (size_t row = 0; row < height; row++) {
        readRow(reader, reader->rgb, isTransparent, hasGamma);
        const uint8_t *from = reader->rgb;
        for (size_t x = 0; x < width; x++) {
            uint32_t *sums = reader->sums + x * 3;
            for (const uint8_t *end = from + squareSide(reader, x, reader->width) * 3; from < end; from += 3)
                sums[0] += from[0], sums[1] += from[1], sums[2] += from[2];
        }
    }
    uint8_t *to = reader->target.rgb + y * reader->target.stride;
    for (size_t x = 0; x < width; x++) {
        uint32_t count = (uint32_t)(squareSide(reader, x, reader->width) * height);
        for (size_t c = 0; c < 3; c++) *to++ = (uint8_t)((reader->sums[x * 3 + c] + count / 2) / count);
    }
}

static void readReducedRows(PNGReader *reader, int isTransparent, int hasGamma) {
    if (isTransparent) reader->rgba = allocate(reader, reader->width * 4);
    reader->rgb = allocate(reader, reader->width * 3);
    reader->sums = allocate(reader, reader->target.width * 3 * sizeof(uint32_t));
    for (size_t y = 0; y < reader->target.height; y++) readReducedRow(reader, y, isTransparent, hasGamma);
}

static void readPixels(PNGReader *reader) {
    if (png_get_image_width(reader->png, reader->info) != reader->width
        || png_get_image_height(reader->png, reader->info) != reader->height)
        fail(reader, CImageStatusDamaged, "two headers tell different sizes");
    int isTransparent = hasAlpha(reader), hasGamma = hasOwnGamma(reader);
    int isInterlaced = png_get_interlace_type(reader->png, reader->info) != PNG_INTERLACE_NONE;
    askForPixels(reader);
    if (png_get_rowbytes(reader->png, reader->info) != reader->width * (isTransparent ? 4 : 3))
        fail(reader, CImageStatusDamaged, "unexpected row size");
    if (isInterlaced)
        readInterlaced(reader, isTransparent, hasGamma);
    else if (reader->reduction == 1)
        readRows(reader, isTransparent, hasGamma);
    else
        readReducedRows(reader, isTransparent, hasGamma);
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
    const uint8_t *bytes, size_t count, size_t width, size_t height, size_t reduction, CImageColor background,
    CImageTarget target, char *message, size_t capacity) {
    PNGReader reader = {
        .bytes = bytes,
        .count = count,
        .width = width,
        .height = height,
        .reduction = reduction,
        .background = background,
        .target = target,
        .message = message,
        .capacity = capacity,
    };
    if (openPNG(&reader)) readPNG(&reader, 1);
    png_destroy_read_struct(&reader.png, &reader.info, NULL);
    free(reader.rows);
    free(reader.sums);
    free(reader.rgb);
    free(reader.rgba);
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
