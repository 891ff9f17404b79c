/* SPDX-License-Identifier: Apache-2.0 */
/* What quern doctor finds out beside OpenCL: CLBlast, memory, cache folders. */
#include "doctor.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define LITTLE_MEMORY ((uint64_t)512 << 20)
#define LITTLE_SPACE ((uint64_t)64 << 20)

/* ---- CLBlast ---- */

/* It has no function that tells its version; the name of its file, as mapped, ends with it. */
static bool clblast_version(char *version, size_t size)
{
    FILE *file = fopen("/proc/self/maps", "r");
    char line[PATH_MAX + 128];
    bool found = false;
    while (file && !found && fgets(line, sizeof line, file)) {
        const char *name = strstr(line, "libclblast.so.");
        if (!name)
            continue;
        name += strlen("libclblast.so.");
        snprintf(version, size, "%.*s", (int)strspn(name, "0123456789."), name);
        found = true;
    }
    if (file)
        fclose(file);
    return found;
}

void doctor_clblast(doctor *d)
{
    char version[32], text[128];
    if (!clblast_version(version, sizeof version)) {
        doctor_add(d, FINDING_NOTE, "clblast", NULL, "its version could not be found out",
                   "Look at the self-test named sgemm; --gemm quern goes without CLBlast.");
        return;
    }
    snprintf(text, sizeof text, "version %s", version);
    if (strcmp(version, "1.5.3") != 0) {
        doctor_add(d, FINDING_NOTE, "clblast", NULL, text,
                   "Quern was tested with 1.5.3; if products look wrong, --gemm quern goes without "
                   "CLBlast.");
        return;
    }
    doctor_add(d, FINDING_OK, "clblast", NULL, text, NULL);
    doctor_add(d, FINDING_NOTE, "clblast", NULL,
               "1.5.3 has a kernel that is wrong for some tile sizes, and caches that race between "
               "threads",
               "Nothing to do: Quern takes its direct path only, and one call at a time; --gemm "
               "quern goes without CLBlast.");
}

/* ---- memory ---- */

static bool available_memory(uint64_t *bytes)
{
    FILE *file = fopen("/proc/meminfo", "r");
    char line[128];
    bool found = false;
    while (file && !found && fgets(line, sizeof line, file)) {
        unsigned long long kibibytes;
        found = sscanf(line, "MemAvailable: %llu kB", &kibibytes) == 1;
        if (found)
            *bytes = (uint64_t)kibibytes << 10;
    }
    if (file)
        fclose(file);
    return found;
}

void doctor_memory(doctor *d)
{
    uint64_t bytes = 0;
    char size[32], text[64];
    if (!available_memory(&bytes)) {
        doctor_add(d, FINDING_NOTE, "memory", NULL, "the system does not tell what is free",
                   "Nothing to do, unless programs end for lack of it.");
        return;
    }
    snprintf(text, sizeof text, "%s of the host's are free", bytes_text(bytes, size, sizeof size));
    bool little = bytes < LITTLE_MEMORY;
    doctor_add(d, little ? FINDING_NOTE : FINDING_OK, "memory", NULL, text,
               little ? "Close other programs, or train on small data only." : NULL);
}

/* ---- cache folders ---- */

/* Makes the folder and its parents, as its user would. */
static bool make_folders(const char *path)
{
    char part[PATH_MAX];
    size_t length = strlen(path);
    if (length == 0 || length >= sizeof part) {
        errno = ENAMETOOLONG;
        return false;
    }
    memcpy(part, path, length + 1);
    for (size_t i = 1; i <= length; i++) {
        if (part[i] != '/' && part[i] != '\0')
            continue;
        char end = part[i];
        part[i] = '\0';
        if (mkdir(part, 0777) != 0 && errno != EEXIST && errno != EISDIR) {
            int error = errno;
            struct stat about;
            /* A read-only parent that is there is no obstacle. */
            if (stat(part, &about) != 0 || !S_ISDIR(about.st_mode)) {
                errno = error;
                return false;
            }
        }
        part[i] = end;
    }
    return true;
}

/* Whether a file can be made there and hold something: also on a read-only or full file system. */
static bool can_write(const char *folder)
{
    char path[PATH_MAX + 32];
    if (!make_folders(folder))
        return false;
    snprintf(path, sizeof path, "%s/doctor.XXXXXX", folder);
    int file = mkstemp(path);
    if (file < 0)
        return false;
    bool wrote = write(file, "quern\n", 6) == 6;
    int error = errno;
    wrote = close(file) == 0 && wrote;
    unlink(path);
    errno = error;
    return wrote;
}

/* Bytes of the files below a folder; links are not followed. */
static uint64_t size_below(int parent, const char *name, int depth)
{
    int folder = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    DIR *list = folder < 0 ? NULL : fdopendir(folder);
    uint64_t total = 0;
    struct dirent *item;
    struct stat about;
    if (!list) {
        if (folder >= 0)
            close(folder);
        return 0;
    }
    while ((item = readdir(list)) != NULL) {
        if (strcmp(item->d_name, ".") == 0 || strcmp(item->d_name, "..") == 0 ||
            fstatat(folder, item->d_name, &about, AT_SYMLINK_NOFOLLOW) != 0)
            continue;
        if (S_ISDIR(about.st_mode))
            total += depth > 0 ? size_below(folder, item->d_name, depth - 1) : 0;
        else
            total += (uint64_t)about.st_size;
    }
    closedir(list);
    return total;
}

static void look_at_cache(doctor *d, const char *folder, const char *whose, const char *variable)
{
    const int depth = 12;
    char size[32], free_text[32], text[256], advice[256];
    struct statvfs space;
    if (!can_write(folder)) {
        snprintf(text, sizeof text, "cannot be written: %s", strerror(errno));
        snprintf(advice, sizeof advice,
                 "Every start compiles %s anew: make it writable, or set %s to a folder that is.",
                 whose, variable);
        doctor_add(d, FINDING_PROBLEM, "cache", folder, text, advice);
        return;
    }
    bytes_text(size_below(AT_FDCWD, folder, depth), size, sizeof size);
    if (statvfs(folder, &space) != 0) {
        snprintf(text, sizeof text, "writable, holds %s", size);
        doctor_add(d, FINDING_OK, "cache", folder, text, NULL);
        return;
    }
    uint64_t left = (uint64_t)space.f_bavail * space.f_frsize;
    snprintf(text, sizeof text, "writable, holds %s, %s free", size,
             bytes_text(left, free_text, sizeof free_text));
    doctor_add(d, left < LITTLE_SPACE ? FINDING_NOTE : FINDING_OK, "cache", folder, text,
               left < LITTLE_SPACE ? "Make room there: what is compiled may not be kept." : NULL);
}

/* Where PoCL keeps what it compiled. */
static bool pocl_folder(char *path, size_t size)
{
    const char *folder = getenv("POCL_CACHE_DIR"), *rest = "";
    if (!folder || !*folder) {
        folder = getenv("XDG_CACHE_HOME");
        rest = "/pocl/kcache";
    }
    if (!folder || !*folder) {
        folder = getenv("HOME");
        rest = "/.cache/pocl/kcache";
    }
    int length = folder && *folder ? snprintf(path, size, "%s%s", folder, rest) : 0;
    return length > 0 && (size_t)length < size;
}

void doctor_caches(doctor *d, bool pocl)
{
    char folder[PATH_MAX];
    if (qn_cache_folder(folder, sizeof folder))
        look_at_cache(d, folder, "the kernels", "QUERN_CACHE_DIR");
    else
        doctor_add(d, FINDING_NOTE, "cache", NULL, "nothing is kept on disk",
                   "Every start compiles the kernels anew: set QUERN_CACHE_DIR to a folder.");
    if (pocl && pocl_folder(folder, sizeof folder))
        look_at_cache(d, folder, "PoCL's kernels", "POCL_CACHE_DIR");
}
