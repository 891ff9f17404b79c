/* SPDX-License-Identifier: Apache-2.0 */
/* The IDX format of MNIST: a magic number (0, 0, type, rank), big-endian dimensions, data. */
#include "base/file.h"
#include "data/dataset.h"

#include <inttypes.h>

#define IDX_UINT8 0x08

static uint32_t big_endian(const char *bytes)
{
    const unsigned char *b = (const unsigned char *)bytes;
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static qn_status check_header(qn_env *env, const char *path, const char *data, size_t bytes,
                              int rank, const char *what)
{
    uint32_t wanted = IDX_UINT8 << 8 | (uint32_t)rank;
    size_t header = 4 + 4 * (size_t)rank;
    if (bytes < 4 || (big_endian(data) == wanted && bytes < header))
        return qn_fail(env, QN_ERROR_DATA,
                       "%s is truncated: expected an IDX header of %zu bytes, found %zu bytes",
                       path, header, bytes);
    uint32_t magic = big_endian(data);
    if (magic == wanted)
        return QN_OK;
    if (magic >> 8 == IDX_UINT8)
        return qn_fail(env, QN_ERROR_DATA,
                       "%s: expected an IDX file of %s with %d dimension%s, found one with %d",
                       path, what, rank, rank == 1 ? "" : "s", (int)(magic & 0xff));
    return qn_fail(env, QN_ERROR_DATA,
                   "%s: expected the magic number 0x%08" PRIx32
                   " of an IDX file of uint8 %s, found "
                   "0x%08" PRIx32,
                   path, wanted, what, magic);
}

static qn_status check_length(qn_env *env, const char *path, const qn_array *array, size_t bytes,
                              const char *what)
{
    uint64_t header = 4 + 4 * (uint64_t)array->rank, elements = 1;
    for (int i = 0; i < array->rank; i++) {
        if (array->shape[i] == 0)
            return qn_fail(env, QN_ERROR_DATA, "%s holds no %s: dimension %d is 0", path, what, i);
        if (elements > (uint64_t)INT64_MAX / (uint64_t)array->shape[i] - header)
            return qn_fail(env, QN_ERROR_DATA, "%s: its dimensions are impossibly large", path);
        elements *= (uint64_t)array->shape[i];
    }
    if (header + elements != bytes)
        return qn_fail(
            env, QN_ERROR_DATA,
            "%s is %s: expected %" PRIu64 " bytes (header and %" PRId64 " %s), found %zu%s", path,
            bytes < header + elements ? "truncated" : "too long", header + elements,
            array->shape[0], what, bytes, bytes < header + elements ? "; get the file again" : "");
    return QN_OK;
}

static qn_status parse(qn_env *env, const char *path, const char *data, size_t bytes, int rank,
                       const char *what, qn_array *array)
{
    QN_TRY(check_header(env, path, data, bytes, rank, what));
    *array = (qn_array){.data = data + 4 + 4 * rank, .dtype = QN_U8, .rank = rank, .scale = 1};
    for (int i = 0; i < rank; i++)
        array->shape[i] = big_endian(data + 4 + 4 * i);
    return check_length(env, path, array, bytes, what);
}

qn_status qn_idx_read(qn_env *env, const char *path, int rank, const char *what, qn_loaded *loaded)
{
    char *data;
    size_t bytes;
    QN_TRY(qn_file_read_gz(env, path, 0, &data, &bytes));
    qn_array array;
    qn_status status = parse(env, path, data, bytes, rank, what, &array);
    if (status != QN_OK) {
        qn_free(env, data);
        return status;
    }
    loaded->array = array;
    loaded->memory = data;
    return QN_OK;
}
