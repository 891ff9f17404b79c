/* SPDX-License-Identifier: Apache-2.0 */
/* Reading safetensors. Nothing in the file is believed before it was checked. */
#include "base/file.h"
#include "base/text.h"
#include "io/safetensors.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "the safetensors reader and writer copy little-endian numbers as they are"
#endif

/* The format's own limit for a header. */
#define MOST_HEADER_BYTES 100000000u
#define LENGTH_BYTES 8u

typedef struct reader {
    qn_env *env;
    const char *path;
    const char *data; /* after the header */
    size_t data_bytes;
} reader;

#define WRONG(r, ...) qn_fail((r)->env, QN_ERROR_DATA, __VA_ARGS__)

static qn_status parse_header(const reader *r, const char *bytes, size_t size, json_t **header,
                              size_t *header_bytes)
{
    if (size < LENGTH_BYTES)
        return WRONG(r, "%s is not a model file: it has %zu bytes, a safetensors file at least 8",
                     r->path, size);
    uint64_t length = 0;
    for (unsigned i = 0; i < LENGTH_BYTES; i++)
        length |= (uint64_t)(unsigned char)bytes[i] << (8 * i);
    if (length > size - LENGTH_BYTES || length > MOST_HEADER_BYTES)
        return WRONG(r,
                     "%s is not a safetensors file or is truncated: its header should have "
                     "%" PRIu64 " bytes, and %zu follow",
                     r->path, length, size - LENGTH_BYTES);
    json_error_t error;
    *header = json_loadb(bytes + LENGTH_BYTES, (size_t)length, JSON_REJECT_DUPLICATES, &error);
    if (*header == NULL)
        return WRONG(r, "%s: the header is not JSON as expected: %s (byte %d)", r->path, error.text,
                     error.position);
    if (!json_is_object(*header))
        return WRONG(r, "%s: the header should be a JSON object", r->path);
    *header_bytes = (size_t)length;
    return QN_OK;
}

static qn_status read_shape(const reader *r, const char *name, const json_t *shape,
                            qn_tensor *tensor)
{
    size_t rank = json_array_size(shape);
    if (!json_is_array(shape) || rank > QN_MAX_RANK)
        return WRONG(r, "%s: tensor '%s' should have a shape of at most %d dimensions", r->path,
                     name, QN_MAX_RANK);
    size_t bytes = sizeof(float);
    tensor->rank = (int)rank;
    for (size_t i = 0; i < rank; i++) {
        const json_t *dim = json_array_get(shape, i);
        json_int_t value = json_integer_value(dim);
        if (!json_is_integer(dim) || value < 0 ||
            (value > 0 && bytes > (size_t)INT64_MAX / (uint64_t)value))
            return WRONG(r, "%s: dimension %zu of tensor '%s' is not possible", r->path, i, name);
        tensor->shape[i] = value;
        bytes *= (size_t)value;
    }
    tensor->bytes = bytes;
    return QN_OK;
}

/* Offsets from the end of the header: [begin, end) inside the file, as long as the shape says. */
static qn_status read_offsets(const reader *r, const char *name, const json_t *offsets,
                              qn_tensor *tensor)
{
    char shape[192];
    const json_t *first = json_array_get(offsets, 0), *second = json_array_get(offsets, 1);
    if (json_array_size(offsets) != 2 || !json_is_integer(first) || !json_is_integer(second))
        return WRONG(r, "%s: tensor '%s' should have data_offsets of two numbers", r->path, name);
    json_int_t begin = json_integer_value(first), end = json_integer_value(second);
    if (begin < 0 || end < begin || (uint64_t)end > r->data_bytes)
        return WRONG(r,
                     "%s: tensor '%s' should lie in bytes %" PRId64 " to %" PRId64
                     " of the data, which has %zu: the file is truncated or damaged",
                     r->path, name, (int64_t)begin, (int64_t)end, r->data_bytes);
    if ((uint64_t)(end - begin) != tensor->bytes)
        return WRONG(r,
                     "%s: tensor '%s' of shape %s should have %zu bytes, its data_offsets give "
                     "%" PRId64,
                     r->path, name, qn_shape_text(tensor->rank, tensor->shape, shape, sizeof shape),
                     tensor->bytes, (int64_t)(end - begin));
    tensor->data = r->data + begin;
    return QN_OK;
}

static qn_status read_tensor(const reader *r, const char *name, const json_t *entry,
                             qn_tensor *tensor)
{
    const char *dtype = json_string_value(json_object_get(entry, "dtype"));
    if (dtype == NULL)
        return WRONG(r, "%s: tensor '%s' has no dtype", r->path, name);
    if (strcmp(dtype, "F32") != 0)
        return WRONG(r, "%s: tensor '%s' has the type %s; Quern reads F32 (float32) only", r->path,
                     name, dtype);
    QN_TRY(read_shape(r, name, json_object_get(entry, "shape"), tensor));
    QN_TRY(read_offsets(r, name, json_object_get(entry, "data_offsets"), tensor));
    tensor->name = qn_strdup(r->env, name);
    return tensor->name != NULL ? QN_OK : QN_ERROR_MEMORY;
}

static qn_status check_metadata(const reader *r, const json_t *metadata)
{
    const char *key;
    json_t *value;
    if (!json_is_object(metadata))
        return WRONG(r, "%s: __metadata__ should be a JSON object", r->path);
    json_object_foreach((json_t *)(uintptr_t)metadata, key, value)
    {
        if (!json_is_string(value))
            return WRONG(r, "%s: '%s' of __metadata__ should be a string", r->path, key);
    }
    return QN_OK;
}

static int by_place(const void *a, const void *b)
{
    const qn_tensor *const *x = a, *const *y = b;
    if ((*x)->data != (*y)->data)
        return (*x)->data < (*y)->data ? -1 : 1;
    return ((*x)->bytes > (*y)->bytes) - ((*x)->bytes < (*y)->bytes);
}

/* One tensor after the other, from the first byte of the data to the last. */
static qn_status check_cover(const reader *r, const qn_safetensors *file)
{
    const qn_tensor **sorted = qn_alloc_array(r->env, file->count, sizeof *sorted);
    if (sorted == NULL)
        return QN_ERROR_MEMORY;
    for (size_t i = 0; i < file->count; i++)
        sorted[i] = &file->tensor[i];
    qsort(sorted, file->count, sizeof *sorted, by_place);
    const char *at = r->data;
    qn_status status = QN_OK;
    for (size_t i = 0; status == QN_OK && i < file->count; i++) {
        if (sorted[i]->data != at)
            status = WRONG(r, "%s: tensor '%s' should begin at byte %zu of the data, not %zu: %s",
                           r->path, sorted[i]->name, (size_t)(at - r->data),
                           (size_t)(sorted[i]->data - r->data),
                           sorted[i]->data < at ? "two tensors overlap" : "there is a gap");
        at = sorted[i]->data + sorted[i]->bytes;
    }
    if (status == QN_OK && at != r->data + r->data_bytes)
        status = WRONG(r, "%s: the tensors take %zu bytes, but %zu follow the header", r->path,
                       (size_t)(at - r->data), r->data_bytes);
    qn_free(r->env, sorted);
    return status;
}

static qn_status read_entries(const reader *r, json_t *header, qn_safetensors *file)
{
    const char *name;
    json_t *entry;
    file->tensor = qn_alloc_array(r->env, json_object_size(header), sizeof *file->tensor);
    if (file->tensor == NULL)
        return QN_ERROR_MEMORY;
    json_object_foreach(header, name, entry)
    {
        if (strcmp(name, "__metadata__") == 0)
            QN_TRY(check_metadata(r, entry));
        else
            QN_TRY(read_tensor(r, name, entry, &file->tensor[file->count++]));
    }
    return check_cover(r, file);
}

static qn_status parse(qn_env *env, const char *path, size_t size, qn_safetensors *file)
{
    reader r = {.env = env, .path = path};
    json_t *header = NULL;
    size_t header_bytes = 0;
    qn_status status = parse_header(&r, file->bytes, size, &header, &header_bytes);
    file->header = header;
    QN_TRY(status);
    r.data = file->bytes + LENGTH_BYTES + header_bytes;
    r.data_bytes = size - LENGTH_BYTES - header_bytes;
    return read_entries(&r, header, file);
}

qn_status qn_safetensors_parse(qn_env *env, const char *path, char *bytes, size_t size,
                               qn_safetensors **out)
{
    *out = NULL;
    qn_safetensors *file = qn_alloc(env, sizeof *file);
    if (file == NULL) {
        qn_free(env, bytes);
        return QN_ERROR_MEMORY;
    }
    file->env = env;
    file->bytes = bytes;
    qn_status status = parse(env, path, size, file);
    if (status != QN_OK)
        qn_safetensors_free(&file);
    *out = file;
    return status;
}

qn_status qn_safetensors_read(qn_env *env, const char *path, qn_safetensors **file)
{
    char *bytes = NULL;
    size_t size = 0;
    *file = NULL;
    QN_TRY(qn_file_read(env, path, 0, &bytes, &size));
    return qn_safetensors_parse(env, path, bytes, size, file);
}

void qn_safetensors_free(qn_safetensors **address)
{
    qn_safetensors *file = *address;
    if (file == NULL)
        return;
    for (size_t i = 0; i < file->count; i++)
        qn_free(file->env, (void *)(uintptr_t)file->tensor[i].name);
    json_decref(file->header);
    qn_free(file->env, file->tensor);
    qn_free(file->env, file->bytes);
    qn_free(file->env, file);
    *address = NULL;
}

const qn_tensor *qn_safetensors_find(const qn_safetensors *file, const char *name)
{
    for (size_t i = 0; i < file->count; i++)
        if (strcmp(file->tensor[i].name, name) == 0)
            return &file->tensor[i];
    return NULL;
}

const char *qn_safetensors_metadata(const qn_safetensors *file, const char *key)
{
    return json_string_value(json_object_get(json_object_get(file->header, "__metadata__"), key));
}
