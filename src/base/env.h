/* SPDX-License-Identifier: Apache-2.0 */
/* What every part of one context shares: allocator, log, last error. Every fallible internal
 * function reaches it through its object and fails by `return qn_fail(env, status, "...")`. */
#ifndef BASE_ENV_H
#define BASE_ENV_H

#include <quern/context.h>
#include <stdarg.h>

#define QN_MESSAGE_MAX 8192

typedef struct qn_env {
    qn_allocator allocator; /* resize is never NULL */
    qn_log_fn log;
    void *log_user;
    qn_log_level log_level;
    qn_activity_fn activity; /* NULL: nobody asked */
    void *activity_user;
    int activity_depth;
    int64_t doing_done, doing_total;
    char doing[256];
    uint64_t allocations; /* host allocations so far: counted for the steady-state promise */
    char message[QN_MESSAGE_MAX];
} qn_env;

#define QN_PRINTF(text, first) __attribute__((format(printf, text, first)))
#define QN_COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

/* Returns early with the status of a failed call. Only where nothing needs to be freed. */
#define QN_TRY(call)                                                                               \
    do {                                                                                           \
        qn_status try_status_ = (call);                                                            \
        if (try_status_ != QN_OK)                                                                  \
            return try_status_;                                                                    \
    } while (0)

/* A fresh env with malloc when `allocator` is NULL or has no resize. */
void qn_env_init(qn_env *env, const qn_allocator *allocator);

/* Leaves the message and returns `status`: what was asked, what was found, what to do. One
 * sentence, no trailing newline (compiler logs may span lines). */
qn_status qn_fail(qn_env *env, qn_status status, const char *format, ...) QN_PRINTF(3, 4);
/* Puts "<prefix>: " before the message that is there, and returns `status`. */
qn_status qn_fail_context(qn_env *env, qn_status status, const char *format, ...) QN_PRINTF(3, 4);
qn_status qn_fail_memory(qn_env *env, size_t bytes);

void qn_log(qn_env *env, qn_log_level level, const char *format, ...) QN_PRINTF(3, 4);

/* What may take longer than a moment. Within another activity only the outer one is told. Each
 * begin has its end, also after a failure. `total` 0: not known. */
void qn_activity_begin(qn_env *env, int64_t total, const char *format, ...) QN_PRINTF(3, 4);
void qn_activity_at(qn_env *env, int64_t done);
void qn_activity_end(qn_env *env);

/* Zeroed memory; NULL after qn_fail_memory. Counts overflow. `bytes` 0 gives a valid pointer. */
void *qn_alloc(qn_env *env, size_t bytes);
void *qn_alloc_array(qn_env *env, size_t count, size_t size);
/* Grows `*array` (of `size`-byte elements, capacity `*capacity`) to hold `need`; new part zeroed.
 */
qn_status qn_grow(qn_env *env, void *array, size_t *capacity, size_t need, size_t size);
char *qn_strdup(qn_env *env, const char *text);
char *qn_strndup(qn_env *env, const char *text, size_t length);
char *qn_format(qn_env *env, const char *format, ...) QN_PRINTF(2, 3);
void qn_free(qn_env *env, void *pointer); /* NULL is fine */

#endif
