/* SPDX-License-Identifier: Apache-2.0 */
/* The public context: options, devices, seed, last error. */
#include "base/util.h"
#include "device/internal.h"
#include <quern/opencl.h>
#include <quern/unstable.h>
#include <stdio.h>
#include <stdlib.h>

/* A drawn seed stays within what every reader of JSON keeps exact. */
#define DRAWN_SEED_MASK 0x1fffffffffffffull

static const char *const gemm_names[] = {"auto", "quern", "clblast"};

static qn_status take_gemm(qn_context *ctx, const char *gemm)
{
    const char *nearest;

    for (int i = 0; i < QN_COUNT(gemm_names); i++) {
        if (!gemm || qn_equal_nocase(gemm, gemm_names[i])) {
            ctx->gemm = (qn_gemm_choice)i;
            return QN_OK;
        }
    }
    nearest = qn_nearest(gemm, gemm_names, QN_COUNT(gemm_names));
    return qn_fail(&ctx->env, QN_ERROR_USAGE,
                   "gemm '%s' is unknown%s%s%s: it is auto, quern or clblast", gemm,
                   nearest ? ", did you mean '" : "", nearest ? nearest : "", nearest ? "'" : "");
}

/* The cache folder is the returned text and then `rest`; NULL or "": nothing on disk, as in a home
 * without HOME. */
static const char *cache_folder(const char *given, const char **rest)
{
    const char *folder = given ? given : getenv("QUERN_CACHE_DIR");

    *rest = "";
    if (!folder) {
        folder = getenv("XDG_CACHE_HOME");
        *rest = "/quern";
        /* The XDG specification: a relative path is to be ignored. */
        if (!folder || *folder != '/') {
            folder = getenv("HOME");
            *rest = "/.cache/quern";
        }
    }
    return folder;
}

bool qn_cache_folder(char *path, size_t size)
{
    const char *rest, *folder = cache_folder(NULL, &rest);
    int length;

    if (!folder || !*folder)
        return false;
    length = snprintf(path, size, "%s%s", folder, rest);
    return length > 0 && (size_t)length < size;
}

static qn_status take_cache_dir(qn_context *ctx, const char *given)
{
    const char *rest, *folder = cache_folder(given, &rest);

    if (!folder || !*folder)
        return QN_OK;
    ctx->cache_dir = qn_format(&ctx->env, "%s%s", folder, rest);
    return ctx->cache_dir ? QN_OK : QN_ERROR_MEMORY;
}

static qn_status open_selected(qn_context *ctx, const qn_selection *selection)
{
    for (int i = 0; i < selection->count; i++) {
        qn_activity_at(&ctx->env, i);
        QN_TRY(qn_device_open(ctx, selection->choice[i].entry, selection->choice[i].sub,
                              &ctx->device[i]));
        ctx->device_count++;
        qn_log(&ctx->env, QN_LOG_INFO, "device %s: %s", ctx->device[i]->info.selector,
               ctx->device[i]->info.name);
    }
    return QN_OK;
}

static qn_status open_devices(qn_context *ctx, const char *device)
{
    const char *origin = "";
    qn_selection selection;
    qn_status status;

    if (!device) {
        device = getenv("QUERN_DEVICE");
        origin = device ? " (QUERN_DEVICE says so)" : "";
    }
    ctx->list = qn_alloc(&ctx->env, sizeof *ctx->list);
    if (!ctx->list)
        return QN_ERROR_MEMORY;
    ctx->list->env = &ctx->env;
    qn_activity_begin(&ctx->env, 0, "looking for devices");
    status = qn_device_list_find(&ctx->env, ctx->list);
    qn_activity_end(&ctx->env);
    QN_TRY(status);
    QN_TRY(qn_select(ctx, device && *device ? device : "auto", origin, &selection));
    qn_activity_begin(&ctx->env, selection.count, "opening devices");
    status = open_selected(ctx, &selection);
    qn_activity_end(&ctx->env);
    return status;
}

static void close_all(qn_context *ctx)
{
    if (ctx->profiling)
        ctx->drop_profile(ctx);
    while (ctx->device_count > 0)
        qn_device_close(&ctx->device[--ctx->device_count]);
    if (ctx->list) {
        qn_device_list_clear(ctx->list);
        qn_free(&ctx->env, ctx->list);
        ctx->list = NULL;
    }
    while (ctx->facts) {
        qn_fact *fact = ctx->facts;

        ctx->facts = fact->next;
        qn_free(&ctx->env, fact);
    }
    qn_free(&ctx->env, ctx->cache_dir);
    ctx->cache_dir = NULL;
}

qn_status qn_context_create_with(qn_context **ctx, const qn_context_create_params *params)
{
    qn_context_create_params defaults = qn_context_create_defaults(), taken;
    qn_context *made;
    qn_env boot;
    qn_status status;

    *ctx = NULL;
    qn_params_take(&taken, &defaults, sizeof taken, params ? params : &defaults,
                   params ? params->size : sizeof defaults);
    qn_env_init(&boot, &taken.allocator);
    made = qn_alloc(&boot, sizeof *made);
    if (!made)
        return QN_ERROR_MEMORY;
    *ctx = made;
    made->env = boot;
    made->env.log = taken.log;
    made->env.log_user = taken.log_user;
    made->env.log_level = taken.log_level;
    made->env.activity = taken.activity;
    made->env.activity_user = taken.activity_user;
    made->profile = taken.profile;
    made->seed = taken.seed < 0 ? qn_random_seed() & DRAWN_SEED_MASK : (uint64_t)taken.seed;
    status = take_gemm(made, taken.gemm);
    if (status == QN_OK)
        status = take_cache_dir(made, taken.cache_dir);
    if (status == QN_OK)
        status = open_devices(made, taken.device);
    if (status != QN_OK)
        close_all(made);
    return status;
}

void qn_context_destroy(qn_context **ctx)
{
    qn_context *old = *ctx;
    qn_allocator allocator;

    *ctx = NULL;
    if (!old)
        return;
    close_all(old);
    allocator = old->env.allocator;
    allocator.resize(allocator.user, old, 0);
}

const char *qn_error(const qn_context *ctx)
{
    return ctx ? ctx->env.message : "out of memory";
}

uint64_t qn_context_seed(const qn_context *ctx)
{
    return ctx->seed;
}

int qn_context_device_count(const qn_context *ctx)
{
    return ctx ? ctx->device_count : 0;
}

static const qn_device *device_at(const qn_context *ctx, int index)
{
    return ctx && index >= 0 && index < ctx->device_count ? ctx->device[index] : NULL;
}

const qn_device_info *qn_context_device(const qn_context *ctx, int index)
{
    const qn_device *device = device_at(ctx, index);

    return device ? &device->info : NULL;
}

cl_device_id qn_context_cl_device(const qn_context *ctx, int index)
{
    const qn_device *device = device_at(ctx, index);

    return device ? device->id : NULL;
}

cl_context qn_context_cl_context(const qn_context *ctx, int index)
{
    const qn_device *device = device_at(ctx, index);

    return device ? device->cl : NULL;
}

cl_command_queue qn_context_cl_queue(const qn_context *ctx, int index)
{
    const qn_device *device = device_at(ctx, index);

    return device ? device->compute : NULL;
}

qn_status qn_context_only_device(qn_context *ctx, qn_device **device)
{
    qn_text names = {.env = &ctx->env};

    *device = ctx->device[0];
    if (ctx->device_count == 0)
        return qn_fail(&ctx->env, QN_ERROR_USAGE,
                       "this context has opened no device: check what qn_context_create returned");
    if (ctx->device_count == 1)
        return QN_OK;
    for (int i = 0; i < ctx->device_count; i++)
        qn_text_add(&names, "%s%s", i > 0 ? ", " : "",
                    qn_device_description(ctx->device[i])->selector);
    (void)qn_fail(&ctx->env, QN_ERROR_USAGE,
                  "%d devices were selected (%s) and a model or graph runs on one: select one of "
                  "them, or give an order of preference with slashes",
                  ctx->device_count, qn_text_get(&names));
    qn_text_free(&names);
    return QN_ERROR_USAGE;
}
