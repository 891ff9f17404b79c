/* SPDX-License-Identifier: Apache-2.0 */
/* Small files in the cache folder. */
#include "device/keep.h"
#include "base/file.h"
#include <string.h>

#define MAX_FILE ((size_t)1 << 20)

/* NULL where nothing is kept on disk, or memory ran out. */
static char *file_path(qn_context *ctx, const char *kind, uint64_t key)
{
    return ctx->cache_dir ? qn_format(&ctx->env, "%s/%s/%016llx", ctx->cache_dir, kind,
                                      (unsigned long long)key)
                          : NULL;
}

char *qn_recall(qn_context *ctx, const char *kind, uint64_t key)
{
    char *path = file_path(ctx, kind, key), *text = NULL;
    size_t bytes;

    if (path && qn_file_exists(path) &&
        qn_file_read(&ctx->env, path, MAX_FILE, &text, &bytes) != QN_OK) {
        qn_log(&ctx->env, QN_LOG_DEBUG, "%s of the cache cannot be read: %s", kind,
               ctx->env.message);
        ctx->env.message[0] = '\0';
    }
    qn_free(&ctx->env, path);
    return text;
}

static qn_status replace(qn_context *ctx, const char *kind, const char *path, const char *text)
{
    char *folder = qn_format(&ctx->env, "%s/%s", ctx->cache_dir, kind);
    qn_status status = folder ? qn_make_folders(&ctx->env, folder) : QN_ERROR_MEMORY;

    qn_free(&ctx->env, folder);
    return status == QN_OK ? qn_file_replace(&ctx->env, path, text, strlen(text)) : status;
}

void qn_keep(qn_context *ctx, const char *kind, uint64_t key, const char *text)
{
    char *path = file_path(ctx, kind, key);

    if (path && replace(ctx, kind, path, text) != QN_OK) {
        qn_log(&ctx->env, QN_LOG_DEBUG, "%s of the cache cannot be written: %s", kind,
               ctx->env.message);
        ctx->env.message[0] = '\0'; /* what was logged is no failure of the caller's */
    }
    qn_free(&ctx->env, path);
}
