/* SPDX-License-Identifier: Apache-2.0 */
/* Compiled programs on disk: one file each, named by its key, checked whole when read, replaced
 * atomically, oldest out first. Several processes may do all of it at once. */
#include "base/file.h"
#include "base/util.h"
#include "device/internal.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_BINARY ((size_t)256 << 20)
#define MAX_FOLDER ((uint64_t)256 << 20)
#define SUFFIX ".bin"

typedef struct binary_header {
    char magic[8];
    uint64_t key[2];
    uint64_t bytes;
    uint64_t checksum; /* FNV-1a of the bytes that follow */
} binary_header;

static const char magic[8] = {'Q', 'N', 'P', 'R', 'O', 'G', '1', '\n'};

static char *folder_path(const qn_device *device)
{
    return qn_format(device->env, "%s/programs", device->context->cache_dir);
}

static char *binary_path(const qn_device *device, const uint64_t key[2])
{
    return qn_format(device->env, "%s/programs/%016llx%016llx" SUFFIX, device->context->cache_dir,
                     (unsigned long long)key[0], (unsigned long long)key[1]);
}

/* The caller's last message is about the caller's work: a cache that fails has no say in it. */
static void forget_failure(qn_env *env, const char *what, const char *path)
{
    qn_log(env, QN_LOG_DEBUG, "%s %s: %s", what, path, env->message);
    env->message[0] = '\0';
}

static bool is_whole(const char *file, size_t size, const uint64_t key[2])
{
    binary_header header;

    if (size < sizeof header)
        return false;
    memcpy(&header, file, sizeof header);
    return memcmp(header.magic, magic, sizeof magic) == 0 && header.key[0] == key[0] &&
           header.key[1] == key[1] && header.bytes == size - sizeof header && header.bytes > 0 &&
           header.checksum == qn_hash(QN_HASH_START, file + sizeof header, size - sizeof header);
}

qn_status qn_binary_load(qn_device *device, const uint64_t key[2], unsigned char **binary,
                         size_t *bytes)
{
    qn_env *env = device->env;
    qn_status status;
    char *path, *file = NULL;
    size_t size;

    *binary = NULL;
    *bytes = 0;
    path = binary_path(device, key);
    if (!path)
        return QN_ERROR_MEMORY;
    status = qn_file_exists(path) ? qn_file_read(env, path, MAX_BINARY, &file, &size) : QN_OK;
    if (status != QN_OK && status != QN_ERROR_MEMORY) {
        forget_failure(env, "the kept program cannot be read:", path);
        status = QN_OK;
    } else if (file && is_whole(file, size, key)) {
        /* Only the payload is kept, at the start of the same block. */
        *bytes = size - sizeof(binary_header);
        memmove(file, file + sizeof(binary_header), *bytes);
        *binary = (unsigned char *)file;
        file = NULL;
        utimensat(AT_FDCWD, path, NULL, 0); /* used now: "oldest" means not used for longest */
    } else if (file) {
        qn_log(env, QN_LOG_DEBUG, "the kept program %s is damaged and is built anew", path);
    }
    qn_free(env, file);
    qn_free(env, path);
    return status;
}

void qn_binary_remove(qn_device *device, const uint64_t key[2])
{
    char *path = binary_path(device, key);

    if (path)
        unlink(path);
    qn_free(device->env, path);
}

static bool is_binary(const char *name)
{
    size_t length = strlen(name);

    return length > strlen(SUFFIX) && strcmp(name + length - strlen(SUFFIX), SUFFIX) == 0;
}

/* Total size of the folder's programs, and the name of the one not used for longest. */
static uint64_t survey(DIR *folder, char *oldest, size_t room)
{
    struct timespec first = {0, 0};
    uint64_t total = 0;
    struct dirent *item;
    struct stat about;

    oldest[0] = '\0';
    rewinddir(folder);
    while ((item = readdir(folder)) != NULL) {
        if (!is_binary(item->d_name) || fstatat(dirfd(folder), item->d_name, &about, 0) != 0)
            continue;
        total += (uint64_t)about.st_size;
        if (oldest[0] &&
            (about.st_mtim.tv_sec > first.tv_sec ||
             (about.st_mtim.tv_sec == first.tv_sec && about.st_mtim.tv_nsec >= first.tv_nsec)))
            continue;
        first = about.st_mtim;
        snprintf(oldest, room, "%s", item->d_name);
    }
    return total;
}

/* Another process may do the same at once: what is gone already is no failure. */
void qn_binary_trim(qn_env *env, const char *path, uint64_t limit)
{
    char oldest[256];
    DIR *folder = opendir(path);

    if (!folder)
        return;
    while (survey(folder, oldest, sizeof oldest) > limit && oldest[0]) {
        qn_log(env, QN_LOG_DEBUG, "the program cache is full: %s is removed", oldest);
        if (unlinkat(dirfd(folder), oldest, 0) != 0 && errno != ENOENT)
            break;
    }
    closedir(folder);
}

static qn_status write_binary(qn_device *device, const char *path, const binary_header *header,
                              const unsigned char *binary)
{
    qn_file_writer *writer;
    qn_status status;

    QN_TRY(qn_file_writer_open(device->env, path, &writer));
    status = qn_file_writer_add(writer, header, sizeof *header);
    if (status == QN_OK)
        status = qn_file_writer_add(writer, binary, header->bytes);
    if (status != QN_OK) {
        qn_file_writer_abandon(&writer);
        return status;
    }
    return qn_file_writer_commit(&writer);
}

void qn_binary_store(qn_device *device, const uint64_t key[2], const unsigned char *binary,
                     size_t bytes)
{
    binary_header header = {.key = {key[0], key[1]}, .bytes = bytes};
    char *folder, *path;

    if (bytes > MAX_BINARY)
        return;
    memcpy(header.magic, magic, sizeof magic);
    header.checksum = qn_hash(QN_HASH_START, binary, bytes);
    folder = folder_path(device);
    path = binary_path(device, key);
    if (folder && path && qn_make_folders(device->env, folder) == QN_OK &&
        write_binary(device, path, &header, binary) == QN_OK)
        qn_binary_trim(device->env, folder, MAX_FOLDER);
    else
        forget_failure(device->env, "the program is not kept:", path ? path : "");
    qn_free(device->env, path);
    qn_free(device->env, folder);
}
