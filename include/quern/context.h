/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * A context: the device that computes, the allocator, the log and the last error. */
#ifndef QUERN_CONTEXT_H
#define QUERN_CONTEXT_H

#include <quern/common.h>

QN_HEADER_BEGIN

/** Thread-safety: one thread at a time per context and everything made from it. */
typedef struct qn_context qn_context;

/** `resize(user, NULL, n)` allocates, `resize(user, p, n)` grows or shrinks, `resize(user, p, 0)`
 * frees and returns NULL. May return NULL to fail. Must be thread-safe. */
typedef struct qn_allocator {
    void *(*resize)(void *user, void *pointer, size_t bytes);
    void *user;
} qn_allocator;

typedef enum qn_log_level { QN_LOG_WARNING = 1, QN_LOG_INFO, QN_LOG_DEBUG } qn_log_level;

/** Receives one line, without newline; `line` is borrowed. */
typedef void (*qn_log_fn)(void *user, qn_log_level level, const char *line);

/** What the library is busy with: "compiling kernels", "reading x.npy". */
typedef struct qn_activity {
    size_t size;
    const char *what; /**< borrowed for the call */
    int64_t done;     /**< of total, in whatever there is to count */
    int64_t total;    /**< 0: not known */
    bool ended;       /**< the last call about this activity, also after a failure */
} qn_activity;

/** Called when what may take longer than a moment begins, goes on and ends: looking for devices,
 * measuring and opening them, reading and writing files, drawing first weights, compiling and
 * testing kernels; one activity at a time. Steps of training are told to `progress` instead. It
 * runs on the thread that called the library, and must not call the library about this context or
 * what was made from it. Seconds may pass between two calls: a driver's compiler does not come
 * back. */
typedef void (*qn_activity_fn)(void *user, const qn_activity *activity);

typedef struct qn_context_create_params {
    size_t size;
    /** Which device; the grammar is in quern/device.h. NULL: $QUERN_DEVICE, else "auto". */
    const char *device;
    /** Seed of weights, shuffling and random ops, 0 or above; below 0: drawn at random
     * (qn_context_seed tells which). */
    int64_t seed;
    /** Receives log lines up to `log_level`; NULL: none. */
    qn_log_fn log;
    void *log_user;
    qn_log_level log_level;
    /** Host memory; `resize` NULL: malloc. */
    qn_allocator allocator;
    /** Matrix products: "auto" (by device class), "quern" (own kernels), "clblast". */
    const char *gemm;
    /** Folder of compiled programs and self-test results; NULL: $QUERN_CACHE_DIR, else
     * $XDG_CACHE_HOME/quern, else ~/.cache/quern. "" keeps nothing on disk. */
    const char *cache_dir;
    /** Queues record the time of every launch. */
    bool profile;
    /** Is told what takes long; NULL: nobody is. */
    qn_activity_fn activity;
    void *activity_user;
} qn_context_create_params;

#define QN_CONTEXT_DEFAULTS(set) set(seed, -1) set(log_level, QN_LOG_WARNING) set(gemm, "auto")
QN_PARAMS_DEFAULTS_FUNCTION_(qn_context_create, QN_CONTEXT_DEFAULTS)

/** Opens the selected device. After a failure `*ctx` is a context that only carries the error
 * (destroy it as usual), or NULL when host memory ran out.
 * @return QN_ERROR_USAGE for a selection that names no device, QN_ERROR_DEVICE when there is no
 * platform or none of the selected devices is usable. */
QN_API QN_MUST_USE qn_status qn_context_create_with(qn_context **ctx,
                                                    const qn_context_create_params *params);
#define qn_context_create(ctx, ...)                                                                \
    qn_context_create_with(ctx,                                                                    \
                           QN_PARAMS_(qn_context_create_params, QN_CONTEXT_DEFAULTS, __VA_ARGS__))

/** Frees the context; everything made from it must have been destroyed before. */
QN_API void qn_context_destroy(qn_context **ctx);

/** The sentence that the last failed call left; "" when none failed. Borrowed until the next call.
 * NULL is accepted: "out of memory". */
QN_API const char *qn_error(const qn_context *ctx);

/** The seed in use. */
QN_API uint64_t qn_context_seed(const qn_context *ctx);

QN_HEADER_END

#endif
