/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of src/device share. */
#ifndef DEVICE_SUPPORT_H
#define DEVICE_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "device/internal.h"
#include <unistd.h>

/* Log lines of a context, for tests that ask what happened. */
typedef struct journal {
    char text[1 << 16];
    size_t length;
} journal;

static inline void write_journal(void *user, qn_log_level level, const char *line)
{
    journal *log = user;
    int written =
        snprintf(log->text + log->length, sizeof log->text - log->length, "%d %s\n", level, line);

    if (written > 0 && (size_t)written < sizeof log->text - log->length)
        log->length += (size_t)written;
}

static inline void clear_journal(journal *log)
{
    log->length = 0;
    log->text[0] = '\0';
}

/* How often `piece` occurs in `text`. */
static inline int occurrences(const char *text, const char *piece)
{
    int count = 0;

    for (const char *at = strstr(text, piece); at; at = strstr(at + 1, piece))
        count++;
    return count;
}

/* The device that the tests run on, with its messages where something fails. */
static inline qn_context *open_context(const char *device, const char *cache_dir, journal *log)
{
    qn_context *ctx = NULL;
    qn_status status = qn_context_create(&ctx, .device = device, .cache_dir = cache_dir,
                                         .log = log ? write_journal : NULL, .log_user = log,
                                         .log_level = QN_LOG_DEBUG);

    if (status != QN_OK)
        fail_msg("no context: %s", qn_error(ctx));
    return ctx;
}

#define assert_ok(ctx, call)                                                                       \
    do {                                                                                           \
        if ((call) != QN_OK)                                                                       \
            fail_msg("%s: %s", #call, qn_error(ctx));                                              \
    } while (0)

#define assert_says(message, piece)                                                                \
    do {                                                                                           \
        if (!strstr(message, piece))                                                               \
            fail_msg("\"%s\" does not say \"%s\"", message, piece);                                \
    } while (0)

/* A folder of the test's own; the caller frees the name, tests/on.sh removes the folder. */
static inline char *make_folder(void)
{
    const char *base = getenv("QUERN_CACHE_DIR");
    static int number;
    char path[512];
    qn_env env;

    qn_env_init(&env, NULL);
    snprintf(path, sizeof path, "%s/test-%ld-%d", base && *base ? base : "/tmp", (long)getpid(),
             number++);
    assert_int_equal(qn_make_folders(&env, path), QN_OK);
    return strdup(path);
}

#endif
