/* SPDX-License-Identifier: Apache-2.0 */
/* Reading .npy (NumPy's NEP 1): a magic, a version, a Python dictionary as text, the data. */
#include "base/file.h"
#include "base/text.h"
#include "data/dataset.h"

#include <inttypes.h>

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "the .npy reader and writer copy little-endian numbers as they are"
#endif

typedef struct header {
    qn_env *env;
    const char *path;
    const char *at, *end; /* of the dictionary's text */
    bool has_descr, has_order, has_shape;
    bool fortran;
    qn_array array;
} header;

static qn_status malformed(header *h, const char *what)
{
    return qn_fail(h->env, QN_ERROR_DATA,
                   "%s: its .npy header is malformed: expected %s; write the file again with "
                   "numpy.save",
                   h->path, what);
}

static void skip_space(header *h)
{
    while (h->at < h->end && strchr(" \t\n\r", *h->at) && *h->at)
        h->at++;
}

static bool take(header *h, const char *word)
{
    size_t length = strlen(word);
    skip_space(h);
    if ((size_t)(h->end - h->at) < length || memcmp(h->at, word, length) != 0)
        return false;
    h->at += length;
    return true;
}

static const struct {
    const char *descr;
    qn_dtype dtype;
} types[] = {
    {"<f4", QN_F32}, {"|u1", QN_U8},  {"<i4", QN_I32}, {"|i1", QN_I8},  {"<u2", QN_U16},
    {"<i2", QN_I16}, {"<u4", QN_U32}, {"<i8", QN_I64}, {"<f8", QN_F64}, {"|b1", QN_U8},
};

static qn_status parse_descr(header *h)
{
    char descr[32];
    size_t length = 0;
    if (!take(h, "'"))
        return qn_fail(h->env, QN_ERROR_DATA,
                       "%s holds records, not numbers; save one array of numbers a file", h->path);
    while (h->at < h->end && *h->at != '\'' && length < sizeof descr - 1)
        descr[length++] = *h->at++;
    descr[length] = '\0';
    if (!take(h, "'"))
        return malformed(h, "a data type such as '<f4'");
    for (int i = 0; i < QN_COUNT(types); i++) {
        if (strcmp(descr, types[i].descr) == 0) {
            h->array.dtype = types[i].dtype;
            h->has_descr = true;
            return QN_OK;
        }
    }
    return qn_fail(h->env, QN_ERROR_DATA,
                   "%s has the data type '%s'%s; save it with numpy.save(file, array.astype("
                   "'float32')) or another little-endian integer or float type of at most 64 bits",
                   h->path, descr, descr[0] == '>' ? " (big-endian)" : "");
}

static qn_status parse_order(header *h)
{
    h->fortran = take(h, "True");
    if (!h->fortran && !take(h, "False"))
        return malformed(h, "True or False after 'fortran_order'");
    h->has_order = true;
    return QN_OK;
}

static bool parse_dimension(header *h, int64_t *dimension)
{
    const char *start = h->at;
    int64_t value = 0;
    while (h->at < h->end && *h->at >= '0' && *h->at <= '9') {
        if (value > (INT64_MAX - 9) / 10)
            return false;
        value = value * 10 + (*h->at++ - '0');
    }
    *dimension = value;
    bool digits = h->at > start;
    take(h, "L"); /* Python 2 wrote long integers so */
    return digits;
}

static qn_status parse_shape(header *h)
{
    if (!take(h, "("))
        return malformed(h, "a tuple after 'shape'");
    while (!take(h, ")")) {
        if (h->array.rank == QN_MAX_RANK)
            return qn_fail(h->env, QN_ERROR_DATA, "%s has more than %d dimensions", h->path,
                           QN_MAX_RANK);
        if (!parse_dimension(h, &h->array.shape[h->array.rank++]))
            return malformed(h, "whole numbers in 'shape'");
        if (!take(h, ",") && (h->at == h->end || *h->at != ')'))
            return malformed(h, "',' or ')' in 'shape'");
    }
    h->has_shape = true;
    return QN_OK;
}

static qn_status parse_dictionary(header *h)
{
    if (!take(h, "{"))
        return malformed(h, "'{'");
    while (!take(h, "}")) {
        if (!h->has_descr && take(h, "'descr'") && take(h, ":"))
            QN_TRY(parse_descr(h));
        else if (!h->has_order && take(h, "'fortran_order'") && take(h, ":"))
            QN_TRY(parse_order(h));
        else if (!h->has_shape && take(h, "'shape'") && take(h, ":"))
            QN_TRY(parse_shape(h));
        else
            return malformed(h, "'descr', 'fortran_order' and 'shape', each once");
        if (!take(h, ",") && (h->at == h->end || *h->at != '}'))
            return malformed(h, "',' or '}'");
    }
    skip_space(h);
    if (h->at != h->end)
        return malformed(h, "nothing after '}'");
    if (!h->has_descr || !h->has_order || !h->has_shape)
        return malformed(h, "'descr', 'fortran_order' and 'shape', each once");
    if (h->fortran && h->array.rank > 1)
        return qn_fail(h->env, QN_ERROR_DATA,
                       "%s is in Fortran order; save it with numpy.save(file, "
                       "numpy.ascontiguousarray(array))",
                       h->path);
    return QN_OK;
}

/* Finds the dictionary's text; *start is where the data begins. */
static qn_status find_header(header *h, const char *data, size_t bytes, size_t *start)
{
    const unsigned char *b = (const unsigned char *)data;
    if (bytes < 6 || memcmp(data, "\x93NUMPY", 6) != 0)
        return qn_fail(h->env, QN_ERROR_DATA,
                       "%s is no .npy file: expected it to begin with \"\\x93NUMPY\"%s", h->path,
                       bytes >= 2 && memcmp(data, "PK", 2) == 0
                           ? "; it is a .npz archive: save single arrays with numpy.save"
                           : "");
    if (bytes < 8)
        return qn_fail(h->env, QN_ERROR_DATA, "%s is truncated: it ends in its header", h->path);
    if (b[6] < 1 || b[6] > 3)
        return qn_fail(h->env, QN_ERROR_DATA, "%s has .npy version %d.%d; expected 1, 2 or 3",
                       h->path, b[6], b[7]);
    size_t before = b[6] == 1 ? 10 : 12, length = 0;
    if (bytes >= before)
        length = b[6] == 1
                     ? (size_t)b[8] | (size_t)b[9] << 8
                     : (size_t)b[8] | (size_t)b[9] << 8 | (size_t)b[10] << 16 | (size_t)b[11] << 24;
    if (bytes < before || length > bytes - before)
        return qn_fail(h->env, QN_ERROR_DATA,
                       "%s is truncated: its header takes %zu bytes, found %zu", h->path,
                       before + length, bytes);
    h->at = data + before;
    h->end = h->at + length;
    *start = before + length;
    return QN_OK;
}

static qn_status check_length(header *h, size_t found)
{
    char shape[QN_MAX_RANK * 24];
    uint64_t wanted = qn_dtype_size(h->array.dtype);
    for (int i = 0; i < h->array.rank; i++) {
        uint64_t n = (uint64_t)h->array.shape[i];
        if (n && wanted > (uint64_t)INT64_MAX / n)
            return qn_fail(h->env, QN_ERROR_DATA, "%s: its shape is impossibly large", h->path);
        wanted *= n;
    }
    if (wanted != found)
        return qn_fail(h->env, QN_ERROR_DATA,
                       "%s is %s: expected %" PRIu64 " bytes of data for %s %s, found %zu", h->path,
                       found < wanted ? "truncated" : "too long", wanted,
                       qn_dtype_name(h->array.dtype),
                       qn_shape_text(h->array.rank, h->array.shape, shape, sizeof shape), found);
    return QN_OK;
}

static qn_status parse(header *h, char *data, size_t bytes)
{
    size_t start = 0;
    QN_TRY(find_header(h, data, bytes, &start));
    QN_TRY(parse_dictionary(h));
    QN_TRY(check_length(h, bytes - start));
    /* Old files pad to 16 bytes only, others not at all: elements must be aligned. */
    if (start % qn_dtype_size(h->array.dtype) != 0) {
        memmove(data, data + start, bytes - start);
        start = 0;
    }
    h->array.data = data + start;
    return QN_OK;
}

qn_status qn_npy_read(qn_env *env, const char *path, qn_loaded *loaded)
{
    char *data;
    size_t bytes;
    QN_TRY(qn_file_read(env, path, 0, &data, &bytes));
    header h = {.env = env, .path = path, .array = {.scale = 1}};
    qn_status status = parse(&h, data, bytes);
    if (status != QN_OK) {
        qn_free(env, data);
        return status;
    }
    loaded->array = h.array;
    loaded->memory = data;
    return QN_OK;
}
