/* SPDX-License-Identifier: Apache-2.0 */
/* What every part of a context shares: allocation, log, last error. */
#include "base/env.h"

#include <stdio.h>
#include <stdlib.h>

static void *system_resize(void *user, void *pointer, size_t bytes)
{
    (void)user;
    if (bytes == 0) {
        free(pointer);
        return NULL;
    }
    return realloc(pointer, bytes);
}

void qn_env_init(qn_env *env, const qn_allocator *allocator)
{
    memset(env, 0, sizeof *env);
    if (allocator && allocator->resize)
        env->allocator = *allocator;
    else
        env->allocator.resize = system_resize;
}

qn_status qn_fail(qn_env *env, qn_status status, const char *format, ...)
{
    /* The old message may be one of the arguments: it is overwritten only when the new one is
     * whole. */
    char message[QN_MESSAGE_MAX];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    memcpy(env->message, message, strlen(message) + 1);
    return status;
}

qn_status qn_fail_context(qn_env *env, qn_status status, const char *format, ...)
{
    char prefix[QN_MESSAGE_MAX];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(prefix, sizeof prefix - 2, format, arguments);
    va_end(arguments);
    if (length < 0)
        return status;
    strcat(prefix, ": ");
    /* A message that does not fit loses its end, not its beginning. */
    size_t used = strlen(prefix), rest = strlen(env->message);
    if (rest > QN_MESSAGE_MAX - 1 - used)
        rest = QN_MESSAGE_MAX - 1 - used;
    memmove(env->message + used, env->message, rest);
    memcpy(env->message, prefix, used);
    env->message[used + rest] = '\0';
    return status;
}

qn_status qn_fail_memory(qn_env *env, size_t bytes)
{
    return qn_fail(env, QN_ERROR_MEMORY,
                   "host memory ran out: %zu bytes were wanted; free some or use less data", bytes);
}

void qn_log(qn_env *env, qn_log_level level, const char *format, ...)
{
    if (!env->log || level > env->log_level)
        return;
    char line[QN_MESSAGE_MAX];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    env->log(env->log_user, level, line);
}

void *qn_alloc(qn_env *env, size_t bytes)
{
    size_t wanted = bytes ? bytes : 1;
    void *pointer = env->allocator.resize(env->allocator.user, NULL, wanted);
    if (!pointer) {
        qn_fail_memory(env, bytes);
        return NULL;
    }
    env->allocations++;
    return memset(pointer, 0, wanted);
}

void *qn_alloc_array(qn_env *env, size_t count, size_t size)
{
    if (size && count > SIZE_MAX / size) {
        qn_fail_memory(env, SIZE_MAX);
        return NULL;
    }
    return qn_alloc(env, count * size);
}

qn_status qn_grow(qn_env *env, void *array, size_t *capacity, size_t need, size_t size)
{
    if (need <= *capacity)
        return QN_OK;
    size_t wanted = *capacity > SIZE_MAX / 2 ? need : *capacity * 2;
    if (wanted < need)
        wanted = need;
    if (wanted < 8)
        wanted = 8;
    if (size == 0 || wanted > SIZE_MAX / size)
        return qn_fail_memory(env, SIZE_MAX);
    /* `array` is the address of a pointer of any type: copied by bytes, not through void **. */
    void *pointer;
    memcpy(&pointer, array, sizeof pointer);
    pointer = env->allocator.resize(env->allocator.user, pointer, wanted * size);
    if (!pointer)
        return qn_fail_memory(env, wanted * size);
    env->allocations++;
    memset((char *)pointer + *capacity * size, 0, (wanted - *capacity) * size);
    memcpy(array, &pointer, sizeof pointer);
    *capacity = wanted;
    return QN_OK;
}

char *qn_strndup(qn_env *env, const char *text, size_t length)
{
    if (length == SIZE_MAX) {
        qn_fail_memory(env, length);
        return NULL;
    }
    char *copy = qn_alloc(env, length + 1);
    if (copy && length)
        memcpy(copy, text, length);
    return copy;
}

char *qn_strdup(qn_env *env, const char *text)
{
    return qn_strndup(env, text, strlen(text));
}

char *qn_format(qn_env *env, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length < 0) {
        qn_fail(env, QN_ERROR_INTERNAL, "a text could not be formatted: \"%s\"", format);
        return NULL;
    }
    char *text = qn_alloc(env, (size_t)length + 1);
    if (!text)
        return NULL;
    va_start(arguments, format);
    vsnprintf(text, (size_t)length + 1, format, arguments);
    va_end(arguments);
    return text;
}

void qn_free(qn_env *env, void *pointer)
{
    if (pointer)
        env->allocator.resize(env->allocator.user, pointer, 0);
}
