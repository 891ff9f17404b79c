/* SPDX-License-Identifier: Apache-2.0 */
/* Writing safetensors, to a temporary file that then replaces the old one. */
#include "base/file.h"
#include "io/safetensors.h"

#include <jansson.h>
#include <stdlib.h>

static size_t tensor_bytes(const qn_tensor *tensor)
{
    size_t bytes = sizeof(float);
    for (int i = 0; i < tensor->rank; i++)
        bytes *= (size_t)tensor->shape[i];
    return bytes;
}

static json_t *describe(const qn_tensor *tensor, size_t begin)
{
    json_t *shape = json_array();
    for (int i = 0; i < tensor->rank; i++)
        json_array_append_new(shape, json_integer(tensor->shape[i]));
    return json_pack("{s:s, s:o, s:[I, I]}", "dtype", "F32", "shape", shape, "data_offsets",
                     (json_int_t)begin, (json_int_t)(begin + tensor_bytes(tensor)));
}

/* The header as text; NULL when memory ran out or a text is not UTF-8. To be given to free(). */
static char *make_header(const qn_safetensors_write_request *request)
{
    size_t begin = 0;
    json_t *header = json_object();
    int failed = json_object_set_new(header, "__metadata__",
                                     json_pack("{s:s}", request->metadata_key, request->metadata));
    for (int i = 0; i < request->count; i++) {
        const qn_tensor *tensor = &request->tensor[i];
        failed |= json_object_set_new(header, tensor->name, describe(tensor, begin));
        begin += tensor_bytes(tensor);
    }
    char *text = failed ? NULL : json_dumps(header, JSON_COMPACT);
    json_decref(header);
    return text;
}

/* Length, header, and spaces so that the tensors begin at a multiple of eight bytes. */
static qn_status write_header(qn_file_writer *writer, const char *text)
{
    size_t length = strlen(text), padded = (length + 7) / 8 * 8;
    unsigned char prefix[8];
    for (unsigned i = 0; i < sizeof prefix; i++)
        prefix[i] = (unsigned char)((uint64_t)padded >> (8 * i));
    QN_TRY(qn_file_writer_add(writer, prefix, sizeof prefix));
    QN_TRY(qn_file_writer_add(writer, text, length));
    return qn_file_writer_add(writer, "       ", padded - length);
}

static qn_status write_tensors(qn_env *env, qn_file_writer *writer,
                               const qn_safetensors_write_request *request)
{
    qn_status status = QN_OK;
    for (int i = 0; status == QN_OK && i < request->count; i++) {
        size_t bytes = tensor_bytes(&request->tensor[i]);
        float *values = qn_alloc(env, bytes);
        if (values == NULL)
            return QN_ERROR_MEMORY;
        status = request->read(request->user, i, values);
        if (status == QN_OK)
            status = qn_file_writer_add(writer, values, bytes);
        qn_free(env, values);
    }
    return status;
}

qn_status qn_safetensors_write(qn_env *env, const qn_safetensors_write_request *request)
{
    qn_file_writer *writer = NULL;
    char *header = make_header(request);
    if (header == NULL)
        return qn_fail(env, QN_ERROR_USAGE,
                       "%s cannot be written: a name in the model is not UTF-8, or host memory "
                       "ran out",
                       request->path);
    qn_status status = qn_file_writer_open(env, request->path, &writer);
    if (status == QN_OK)
        status = write_header(writer, header);
    if (status == QN_OK)
        status = write_tensors(env, writer, request);
    free(header);
    if (status == QN_OK)
        return qn_file_writer_commit(&writer);
    qn_file_writer_abandon(&writer);
    return status;
}
