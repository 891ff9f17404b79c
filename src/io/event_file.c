/* SPDX-License-Identifier: Apache-2.0 */
/* Event files: TFRecord framing around messages of protobuf. */
#include "base/file.h"
#include "base/util.h"
#include "io/event_record.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define MOST_FILES 1000 /* of one process, in one folder, begun in one second */

struct qn_event_file {
    qn_env *env;
    FILE *file;
    char *path;
    bool failed; /* the message is there */
};

qn_status qn_event_file_supported(qn_env *env)
{
    (void)env;
    return QN_OK;
}

qn_env *qn_event_file_env(const qn_event_file *file)
{
    return file->env;
}

/* ---- records ---- */

static qn_status could_not_write(qn_event_file *f, int reason)
{
    f->failed = true;
    return qn_fail(f->env, QN_ERROR_IO, "could not write %s: %s", f->path,
                   strerror(reason ? reason : EIO));
}

static void put(unsigned char *bytes, uint64_t value, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        bytes[i] = (unsigned char)(value >> (8 * i));
}

/* As TFRecord stores checksums: a checksum of data that holds checksums would be a weak one. */
static void put_checksum(unsigned char *bytes, const void *data, size_t length)
{
    uint32_t crc = qn_crc32c(data, length);
    put(bytes, (uint32_t)((crc >> 15 | crc << 17) + 0xa282ead8u), 4);
}

static qn_status write_record(qn_event_file *f, const QnTb__Event *event, size_t length)
{
    size_t whole = 12 + length + 4;
    unsigned char *record = qn_alloc(f->env, whole);
    if (record == NULL)
        return QN_ERROR_MEMORY;
    put(record, length, 8);
    put_checksum(record + 8, record, 8);
    qn_tb__event__pack(event, record + 12);
    put_checksum(record + 12 + length, record + 12, length);
    errno = 0;
    size_t written = fwrite(record, 1, whole, f->file);
    int reason = errno;
    qn_free(f->env, record);
    return written == whole ? QN_OK : could_not_write(f, reason);
}

qn_status qn_event_file_add(qn_event_file *f, QnTb__Event *event)
{
    struct timespec now;
    if (f->failed)
        return QN_ERROR_IO; /* the first failure's message stays */
    clock_gettime(CLOCK_REALTIME, &now);
    event->wall_time = (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
    return write_record(f, event, qn_tb__event__get_packed_size(event));
}

/* ---- creating and closing ---- */

/* TensorBoard takes a file by "tfevents" in its name and reads those of a folder in the names'
 * order: the seconds come first. */
static qn_status create(qn_event_file *f, const char *folder)
{
    char host[256] = "localhost";
    gethostname(host, sizeof host - 1);
    for (int number = 0; number < MOST_FILES; number++) {
        qn_free(f->env, f->path);
        f->path = qn_format(f->env, "%s/events.out.tfevents.%010lld.%s.%ld.%d.v2", folder,
                            (long long)time(NULL), host, (long)getpid(), number);
        if (f->path == NULL)
            return QN_ERROR_MEMORY;
        f->file = fopen(f->path, "wbxe"); /* x: never one that is there; e: not inherited */
        if (f->file != NULL)
            return QN_OK;
        if (errno != EEXIST)
            break;
    }
    return qn_fail(f->env, QN_ERROR_IO, "could not create %s: %s", f->path, strerror(errno));
}

static qn_status write_version(qn_event_file *f)
{
    QnTb__SourceMetadata source = QN_TB__SOURCE_METADATA__INIT;
    QnTb__Event event = QN_TB__EVENT__INIT;
    char version[] = "brain.Event:2", writer[] = "quern";
    source.writer = writer;
    event.what_case = QN_TB__EVENT__WHAT_FILE_VERSION;
    event.file_version = version;
    event.source_metadata = &source;
    return qn_event_file_add(f, &event);
}

qn_status qn_event_file_create(qn_env *env, const char *folder, qn_event_file **file)
{
    *file = NULL;
    qn_event_file *f = qn_alloc(env, sizeof *f);
    if (f == NULL)
        return QN_ERROR_MEMORY;
    f->env = env;
    qn_status status = create(f, folder);
    if (status == QN_OK)
        status = write_version(f);
    if (status == QN_OK)
        status = qn_event_file_flush(f);
    if (status == QN_OK)
        *file = f;
    else
        qn_event_file_abandon(&f);
    return status;
}

/* A file without a name can still be written, and nobody will read it. */
static bool is_there(const qn_event_file *f)
{
    struct stat named, opened;
    return stat(f->path, &named) == 0 && fstat(fileno(f->file), &opened) == 0 &&
           named.st_dev == opened.st_dev && named.st_ino == opened.st_ino;
}

qn_status qn_event_file_flush(qn_event_file *f)
{
    if (f->failed)
        return QN_ERROR_IO;
    errno = 0;
    if (fflush(f->file) != 0)
        return could_not_write(f, errno);
    if (is_there(f))
        return QN_OK;
    f->failed = true;
    return qn_fail(f->env, QN_ERROR_IO,
                   "%s was removed while it was written: what it held is lost; leave the folder "
                   "alone until training ends",
                   f->path);
}

void qn_event_file_abandon(qn_event_file **file)
{
    qn_event_file *f = *file;
    if (f == NULL)
        return;
    if (f->file != NULL)
        fclose(f->file);
    qn_free(f->env, f->path);
    qn_free(f->env, f);
    *file = NULL;
}

qn_status qn_event_file_close(qn_event_file **file)
{
    qn_status status = *file != NULL ? qn_event_file_flush(*file) : QN_OK;
    qn_event_file_abandon(file); /* nothing is left to be written, or it failed before */
    return status;
}
