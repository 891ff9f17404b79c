/* SPDX-License-Identifier: Apache-2.0 */
/* Atomic replacement of a file: temporary file beside it, flush, fsync, rename, fsync of the
 * folder. */
#include "base/file.h"
#include "base/text.h"
#include "base/util.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define WRITE_BUFFER 65536

struct qn_file_writer {
    qn_env *env;
    char *path;      /* final name, links resolved */
    char *folder;    /* that holds it */
    char *temporary; /* beside it; NULL before it exists */
    int descriptor;
    bool failed; /* a write failed: the message is there, commit fails too */
    size_t used;
    char buffer[WRITE_BUFFER];
};

static void writer_free(qn_file_writer **writer)
{
    qn_file_writer *w = *writer;
    qn_free(w->env, w->temporary);
    qn_free(w->env, w->folder);
    qn_free(w->env, w->path);
    qn_free(w->env, w);
    *writer = NULL;
}

/* The file that a link names is replaced, not the link. */
static char *resolve(qn_env *env, const char *path)
{
    char *real = realpath(path, NULL);
    char *copy = qn_strdup(env, real ? real : path);
    free(real);
    return copy;
}

static char *folder_of(qn_env *env, const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash)
        return qn_strdup(env, ".");
    return qn_strndup(env, path, slash == path ? 1 : (size_t)(slash - path));
}

/* What is there now must be a file that may be written: renaming over a device node or a folder
 * would destroy it. `*mode` is 0 when nothing is there. */
static qn_status check_target(qn_env *env, const char *path, mode_t *mode)
{
    struct stat about;
    size_t length = strlen(path);
    *mode = 0;
    if (length == 0 || path[length - 1] == '/')
        return qn_fail(env, QN_ERROR_IO, "could not write \"%s\": it names no file", path);
    if (stat(path, &about) != 0)
        return QN_OK;
    if (!S_ISREG(about.st_mode))
        return qn_fail(env, QN_ERROR_IO, "could not write %s: it is a %s, not a file", path,
                       S_ISDIR(about.st_mode) ? "folder" : "device or pipe");
    if (access(path, W_OK) != 0)
        return qn_fail(env, QN_ERROR_IO, "could not write %s: %s", path, strerror(errno));
    *mode = about.st_mode & 07777;
    return QN_OK;
}

static qn_status create_temporary(qn_file_writer *w, mode_t mode)
{
    int reason = EEXIST;
    for (int attempt = 0; attempt < 16; attempt++) {
        char *name = qn_format(w->env, "%s/.quern-%016" PRIx64 ".tmp", w->folder, qn_random_seed());
        if (!name)
            return QN_ERROR_MEMORY;
        w->descriptor = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (w->descriptor >= 0) {
            w->temporary = name;
            if (mode && fchmod(w->descriptor, mode) != 0)
                return qn_fail(w->env, QN_ERROR_IO, "could not give %s the mode of %s: %s", name,
                               w->path, strerror(errno));
            return QN_OK;
        }
        reason = errno;
        qn_free(w->env, name);
        if (reason != EEXIST)
            break;
    }
    return qn_fail(w->env, QN_ERROR_IO, "could not write %s: no file can be created in %s: %s",
                   w->path, w->folder, strerror(reason));
}

qn_status qn_file_writer_open(qn_env *env, const char *path, qn_file_writer **writer)
{
    mode_t mode;
    *writer = NULL;
    QN_TRY(check_target(env, path, &mode));
    qn_file_writer *w = qn_alloc(env, sizeof *w);
    if (!w)
        return QN_ERROR_MEMORY;
    w->env = env;
    w->descriptor = -1;
    w->path = resolve(env, path);
    w->folder = w->path ? folder_of(env, w->path) : NULL;
    qn_status status = w->folder ? create_temporary(w, mode) : QN_ERROR_MEMORY;
    if (status != QN_OK)
        qn_file_writer_abandon(&w);
    *writer = w;
    return status;
}

static qn_status write_out(qn_file_writer *w, const char *data, size_t bytes)
{
    while (bytes) {
        ssize_t written = write(w->descriptor, data, bytes);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0) {
            w->failed = true;
            return qn_fail(w->env, QN_ERROR_IO, "could not write %s: %s", w->path,
                           strerror(written < 0 ? errno : ENOSPC));
        }
        data += written;
        bytes -= (size_t)written;
    }
    return QN_OK;
}

static qn_status flush(qn_file_writer *w)
{
    size_t used = w->used;
    w->used = 0;
    return write_out(w, w->buffer, used);
}

qn_status qn_file_writer_add(qn_file_writer *w, const void *data, size_t bytes)
{
    if (w->failed)
        return QN_ERROR_IO; /* the first failure's message stays */
    if (bytes > WRITE_BUFFER - w->used)
        QN_TRY(flush(w));
    if (bytes > WRITE_BUFFER)
        return write_out(w, data, bytes);
    if (bytes)
        memcpy(w->buffer + w->used, data, bytes);
    w->used += bytes;
    return QN_OK;
}

/* The rename itself survives a crash only when the folder is synced; some file systems cannot. */
static qn_status sync_folder(qn_file_writer *w)
{
    int folder = open(w->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return QN_OK; /* a folder may be writable and not readable */
    int failed = fsync(folder) != 0 && errno != EINVAL && errno != ENOTSUP;
    int reason = errno;
    close(folder);
    if (failed)
        return qn_fail(w->env, QN_ERROR_IO, "%s is written, but its folder could not be synced: %s",
                       w->path, strerror(reason));
    return QN_OK;
}

static qn_status finish(qn_file_writer *w)
{
    if (w->failed)
        return QN_ERROR_IO;
    QN_TRY(flush(w));
    if (fsync(w->descriptor) != 0)
        return qn_fail(w->env, QN_ERROR_IO, "could not write %s: %s", w->path, strerror(errno));
    int closed = close(w->descriptor);
    w->descriptor = -1;
    if (closed != 0)
        return qn_fail(w->env, QN_ERROR_IO, "could not write %s: %s", w->path, strerror(errno));
    if (rename(w->temporary, w->path) != 0)
        return qn_fail(w->env, QN_ERROR_IO, "could not replace %s: %s", w->path, strerror(errno));
    qn_free(w->env, w->temporary);
    w->temporary = NULL;
    return sync_folder(w);
}

qn_status qn_file_writer_commit(qn_file_writer **writer)
{
    qn_status status = finish(*writer);
    qn_file_writer_abandon(writer);
    return status;
}

void qn_file_writer_abandon(qn_file_writer **writer)
{
    qn_file_writer *w = *writer;
    if (!w)
        return;
    if (w->descriptor >= 0)
        close(w->descriptor);
    if (w->temporary)
        unlink(w->temporary);
    writer_free(writer);
}

qn_status qn_file_replace(qn_env *env, const char *path, const void *data, size_t bytes)
{
    qn_file_writer *writer;
    QN_TRY(qn_file_writer_open(env, path, &writer));
    qn_status status = qn_file_writer_add(writer, data, bytes);
    if (status != QN_OK) {
        qn_file_writer_abandon(&writer);
        return status;
    }
    return qn_file_writer_commit(&writer);
}

qn_status qn_file_check_writable(qn_env *env, const char *path)
{
    qn_file_writer *writer;
    QN_TRY(qn_file_writer_open(env, path, &writer));
    qn_file_writer_abandon(&writer);
    return QN_OK;
}
