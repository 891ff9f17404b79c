/* SPDX-License-Identifier: Apache-2.0 */
/* Whole reads of files, plain or gzip, appending to them, and folders. */
#include "base/file.h"
#include "base/text.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <zlib.h>

#define READ_CHUNK ((size_t)1 << 16)
#define READ_PIECE ((size_t)64 << 20) /* between two calls about progress */

static qn_status too_long(qn_env *env, const char *path, size_t limit)
{
    char text[32];
    return qn_fail(env, QN_ERROR_DATA, "%s is longer than the %s (%zu bytes) that it may have",
                   path, qn_bytes_text(limit, text, sizeof text), limit);
}

/* What the file says that it holds; 0: not known. */
static size_t size_of(FILE *file)
{
    struct stat about;
    bool known = fstat(fileno(file), &about) == 0 && S_ISREG(about.st_mode) && about.st_size > 0;
    return known ? (size_t)about.st_size : 0;
}

/* Room for what the file says that it holds, so that large files are not copied while growing. */
static qn_status reserve(qn_env *env, size_t size, size_t limit, char **data, size_t *capacity)
{
    size_t expected = limit && size > limit ? limit : size;
    return qn_grow(env, data, capacity, expected + 2, 1);
}

static qn_status read_all(qn_env *env, FILE *file, const char *path, size_t size, size_t limit,
                          char **data, size_t *bytes)
{
    size_t capacity = 0, length = 0;
    QN_TRY(reserve(env, size, limit, data, &capacity));
    for (;;) {
        if (capacity - length < 2)
            QN_TRY(qn_grow(env, data, &capacity, length + READ_CHUNK, 1));
        errno = 0;
        size_t room = capacity - length - 1;
        size_t got = fread(*data + length, 1, room < READ_PIECE ? room : READ_PIECE, file);
        length += got;
        qn_activity_at(env, (int64_t)length);
        if (limit && length > limit)
            return too_long(env, path, limit);
        if (got == 0)
            break;
    }
    if (ferror(file))
        return qn_fail(env, QN_ERROR_IO, "could not read %s: %s", path,
                       strerror(errno ? errno : EIO));
    (*data)[length] = '\0';
    *bytes = length;
    return QN_OK;
}

qn_status qn_file_read(qn_env *env, const char *path, size_t limit, char **data, size_t *bytes)
{
    *data = NULL;
    *bytes = 0;
    FILE *file = fopen(path, "rb");
    if (!file)
        return qn_fail(env, QN_ERROR_IO, "could not open %s: %s", path, strerror(errno));
    size_t size = size_of(file);
    qn_activity_begin(env, (int64_t)size, "reading %s", path);
    qn_status status = read_all(env, file, path, size, limit, data, bytes);
    qn_activity_end(env);
    fclose(file);
    if (status != QN_OK) {
        qn_free(env, *data);
        *data = NULL;
        *bytes = 0;
    }
    return status;
}

/* ---- gzip ---- */

static void *zlib_alloc(void *user, unsigned items, unsigned size)
{
    return qn_alloc_array(user, items, size);
}

static void zlib_free(void *user, void *pointer)
{
    qn_free(user, pointer);
}

typedef struct inflation {
    qn_env *env;
    const char *path;
    size_t limit;
    const char *packed;
    size_t packed_bytes, packed_at;
    char *data;
    size_t length, capacity;
    z_stream stream;
} inflation;

static qn_status corrupt(inflation *in, const char *why)
{
    return qn_fail(in->env, QN_ERROR_DATA, "%s is not a whole gzip file: %s at byte %zu of %zu",
                   in->path, why, in->packed_at - in->stream.avail_in, in->packed_bytes);
}

/* Hands zlib the next piece of input and of room; its counters have 32 bits only. */
static qn_status feed(inflation *in)
{
    z_stream *z = &in->stream;
    if (z->avail_in == 0 && in->packed_at < in->packed_bytes) {
        size_t rest = in->packed_bytes - in->packed_at;
        z->next_in = (z_const Bytef *)(in->packed + in->packed_at);
        z->avail_in = (uInt)(rest < ((size_t)1 << 30) ? rest : (size_t)1 << 30);
        in->packed_at += z->avail_in;
    }
    if (in->capacity - in->length < 2)
        QN_TRY(qn_grow(in->env, &in->data, &in->capacity, in->length + READ_CHUNK, 1));
    size_t room = in->capacity - in->length - 1;
    z->next_out = (Bytef *)(in->data + in->length);
    z->avail_out = (uInt)(room < READ_PIECE ? room : READ_PIECE);
    return QN_OK;
}

/* One call of inflate; `*done` at the end of the last member. */
static qn_status inflate_piece(inflation *in, bool *done)
{
    z_stream *z = &in->stream;
    QN_TRY(feed(in));
    uInt room = z->avail_out;
    int result = inflate(z, Z_NO_FLUSH);
    in->length += room - z->avail_out;
    if (in->limit && in->length > in->limit)
        return qn_fail(in->env, QN_ERROR_DATA,
                       "%s unpacks to more than the %zu bytes that it may have", in->path,
                       in->limit);
    if (result == Z_MEM_ERROR)
        return QN_ERROR_MEMORY; /* qn_alloc left the message */
    if (result == Z_STREAM_END) {
        /* gzip files may be joined: what follows is another member, or the end. */
        *done = z->avail_in == 0 && in->packed_at == in->packed_bytes;
        if (!*done && inflateReset(z) != Z_OK)
            return corrupt(in, "the next member could not be begun");
        return QN_OK;
    }
    if (result == Z_BUF_ERROR && z->avail_in == 0 && in->packed_at == in->packed_bytes)
        return corrupt(in, "it ends in the middle of the stream");
    if (result != Z_OK && result != Z_BUF_ERROR)
        return corrupt(in, z->msg ? z->msg : zError(result));
    return QN_OK;
}

static qn_status unpack(inflation *in)
{
    in->stream.zalloc = zlib_alloc;
    in->stream.zfree = zlib_free;
    in->stream.opaque = in->env;
    if (inflateInit2(&in->stream, 15 + 16) != Z_OK)
        return in->stream.msg ? corrupt(in, in->stream.msg) : QN_ERROR_MEMORY;
    qn_status status = qn_grow(in->env, &in->data, &in->capacity, in->packed_bytes * 3 + 64, 1);
    bool done = false;
    qn_activity_begin(in->env, (int64_t)in->packed_bytes, "unpacking %s", in->path);
    while (status == QN_OK && !done) {
        qn_activity_at(in->env, (int64_t)(in->packed_at - in->stream.avail_in));
        status = inflate_piece(in, &done);
    }
    qn_activity_end(in->env);
    inflateEnd(&in->stream);
    return status;
}

qn_status qn_file_read_gz(qn_env *env, const char *path, size_t limit, char **data, size_t *bytes)
{
    *data = NULL;
    *bytes = 0;
    char *packed;
    size_t packed_bytes;
    /* A stored gzip stream is hardly longer than what it holds: 5 bytes in 16 KiB, and a header. */
    size_t packed_limit = limit ? limit + limit / 1024 + 4096 : 0;
    QN_TRY(qn_file_read(env, path, packed_limit, &packed, &packed_bytes));
    const unsigned char *magic = (const unsigned char *)packed;
    if (packed_bytes < 2 || magic[0] != 0x1f || magic[1] != 0x8b) {
        if (limit && packed_bytes > limit) {
            qn_free(env, packed);
            return too_long(env, path, limit);
        }
        *data = packed;
        *bytes = packed_bytes;
        return QN_OK;
    }
    inflation in = {
        .env = env, .path = path, .limit = limit, .packed = packed, .packed_bytes = packed_bytes};
    qn_status status = unpack(&in);
    qn_free(env, packed);
    if (status != QN_OK) {
        qn_free(env, in.data);
        return status;
    }
    in.data[in.length] = '\0';
    *data = in.data;
    *bytes = in.length;
    return QN_OK;
}

/* ---- appending ---- */

qn_status qn_file_append(qn_env *env, const char *path, const char *text, bool fresh)
{
    FILE *file = fopen(path, fresh ? "wb" : "ab");
    if (!file)
        return qn_fail(env, QN_ERROR_IO, "could not open %s for writing: %s", path,
                       strerror(errno));
    size_t length = strlen(text);
    errno = 0;
    bool written = fwrite(text, 1, length, file) == length;
    written = fclose(file) == 0 && written;
    if (!written)
        return qn_fail(env, QN_ERROR_IO, "could not write to %s: %s", path,
                       strerror(errno ? errno : EIO));
    return QN_OK;
}

/* ---- the file system ---- */

bool qn_file_exists(const char *path)
{
    struct stat about;
    return stat(path, &about) == 0;
}

static qn_status make_folder(qn_env *env, const char *path)
{
    struct stat about;
    if (mkdir(path, 0777) == 0)
        return QN_OK;
    int reason = errno;
    if (stat(path, &about) == 0 && S_ISDIR(about.st_mode))
        return QN_OK; /* it was there, or another process was faster */
    return qn_fail(env, QN_ERROR_IO, "could not create the folder %s: %s", path, strerror(reason));
}

qn_status qn_make_folders(qn_env *env, const char *path)
{
    char *part = qn_strdup(env, path);
    if (!part)
        return QN_ERROR_MEMORY;
    qn_status status = QN_OK;
    for (char *at = part + 1; *part && *at && status == QN_OK; at++) {
        if (*at != '/' || at[-1] == '/')
            continue;
        *at = '\0';
        status = make_folder(env, part);
        *at = '/';
    }
    if (status == QN_OK)
        status = make_folder(env, part);
    qn_free(env, part);
    return status;
}
