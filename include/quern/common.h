/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * What every other header needs: status codes, data types, shapes, arrays, specs and logs.
 *
 * Rules that hold for the whole library:
 * - A function that can fail returns `qn_status`, and leaves one sentence in its context
 *   (`qn_error`): what was asked, what was found, what to do.
 * - Handles are opaque, created into an out-pointer and destroyed by a function that takes the
 *   handle's address and clears it. Destroying NULL is fine.
 * - One thread at a time per context and all that was made from it; contexts are independent.
 * - Options are structs behind macros: `qn_X(args, .field = value)` fills Keras's defaults, then
 *   your fields, and calls `qn_X_with(args, &params)`. A field set to zero is zero. In C++, take
 *   `qn_X_defaults()`, change fields, call `qn_X_with`.
 *   gcc warns of the defaults being overridden only with -Wextra: add -Wno-override-init.
 */
#ifndef QUERN_COMMON_H
#define QUERN_COMMON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
#define QN_HEADER_BEGIN extern "C" {
#define QN_HEADER_END }
#else
#define QN_HEADER_BEGIN
#define QN_HEADER_END
#endif

#if defined(__GNUC__)
#define QN_API __attribute__((visibility("default")))
#define QN_MUST_USE __attribute__((warn_unused_result))
#else
#define QN_API
#define QN_MUST_USE
#endif

/* The defaults of a params struct are one list, `QN_X_DEFAULTS(set)`, read in two ways: as
 * designated initializers (C) and as assignments (the `_defaults()` functions, C and C++). */
#define QN_DEFAULT_(field, value) .field = value,
#define QN_ASSIGN_(field, value) params.field = value;
#ifdef __clang__
#define QN_OVERRIDES_(expression)                                                                  \
    _Pragma("clang diagnostic push")                                                               \
        _Pragma("clang diagnostic ignored \"-Winitializer-overrides\"")                            \
            expression _Pragma("clang diagnostic pop")
#else
#define QN_OVERRIDES_(expression) expression
#endif
#define QN_PARAMS_(type, defaults, ...)                                                            \
    QN_OVERRIDES_(&((type){.size = sizeof(type), defaults(QN_DEFAULT_) __VA_ARGS__}))
#define QN_SPEC_(type, kind, defaults, ...)                                                        \
    QN_OVERRIDES_(&((type){.spec = {sizeof(type), kind}, defaults(QN_DEFAULT_) __VA_ARGS__}).spec)
#define QN_PARAMS_DEFAULTS_FUNCTION_(name, defaults)                                               \
    static inline name##_params name##_defaults(void)                                              \
    {                                                                                              \
        name##_params params;                                                                      \
        memset(&params, 0, sizeof params);                                                         \
        params.size = sizeof params;                                                               \
        defaults(QN_ASSIGN_) return params;                                                        \
    }
#define QN_SPEC_DEFAULTS_FUNCTION_(name, kind, defaults)                                           \
    static inline name##_params name##_defaults(void)                                              \
    {                                                                                              \
        name##_params params;                                                                      \
        memset(&params, 0, sizeof params);                                                         \
        params.spec.size = sizeof params;                                                          \
        params.spec.type = kind;                                                                   \
        defaults(QN_ASSIGN_) return params;                                                        \
    }

QN_HEADER_BEGIN

/** What a function that can fail returns; 0 is success. */
typedef enum qn_status {
    QN_OK = 0,
    QN_ERROR_USAGE,    /**< the caller's argument, option, name or shape is wrong */
    QN_ERROR_MEMORY,   /**< host or device memory ran out */
    QN_ERROR_DEVICE,   /**< no usable device, or its driver failed or answered wrongly */
    QN_ERROR_IO,       /**< a file could not be opened, read or written */
    QN_ERROR_DATA,     /**< a file's or an array's content is not what it should be */
    QN_ERROR_DIVERGED, /**< the loss is not finite; the last good weights are kept */
    QN_STOPPED,        /**< qn_stop was called; the work done so far is kept */
    QN_ERROR_INTERNAL  /**< a bug in Quern */
} qn_status;

/** The status's name, such as "QN_ERROR_USAGE"; never NULL. */
QN_API const char *qn_status_name(qn_status status);

/** The library's version, such as "0.1.0". */
QN_API const char *qn_version(void);

/** Element types. */
typedef enum qn_dtype {
    QN_F32 = 0,
    QN_U8,
    QN_I32,
    QN_I8,
    QN_U16,
    QN_I16,
    QN_U32,
    QN_I64,
    QN_F64
} qn_dtype;

/** Bytes of one element; 0 for an unknown type. */
QN_API size_t qn_dtype_size(qn_dtype dtype);
/** NumPy's name of the type, such as "float32"; never NULL. */
QN_API const char *qn_dtype_name(qn_dtype dtype);

#define QN_MAX_RANK 8

/** A dense row-major array in host memory that Quern reads. Borrowed for the call only. */
typedef struct qn_array {
    const void *data;
    qn_dtype dtype;
    int rank;
    int64_t shape[QN_MAX_RANK];
    float scale; /**< elements are multiplied by this when read; 0 means 1 */
} qn_array;

/** A dense row-major array in host memory that Quern writes. */
typedef struct qn_out {
    void *data;
    qn_dtype dtype;
    int rank;
    int64_t shape[QN_MAX_RANK];
} qn_out;

#ifndef __cplusplus
#define QN_ARRAY_(type, ptr, kind, ...)                                                            \
    ((type){.data = (ptr),                                                                         \
            .dtype = (kind),                                                                       \
            .rank = (int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)),                     \
            .shape = {__VA_ARGS__}})
/** `qn_f32(pointer, 60000, 28, 28)`: an array to read, with its shape. */
#define qn_f32(ptr, ...) QN_ARRAY_(qn_array, ptr, QN_F32, __VA_ARGS__)
#define qn_f64(ptr, ...) QN_ARRAY_(qn_array, ptr, QN_F64, __VA_ARGS__)
#define qn_u8(ptr, ...) QN_ARRAY_(qn_array, ptr, QN_U8, __VA_ARGS__)
#define qn_i32(ptr, ...) QN_ARRAY_(qn_array, ptr, QN_I32, __VA_ARGS__)
#define qn_i64(ptr, ...) QN_ARRAY_(qn_array, ptr, QN_I64, __VA_ARGS__)
/** `qn_f32_out(pointer, 10, 10)`: an array to write. */
#define qn_f32_out(ptr, ...) QN_ARRAY_(qn_out, ptr, QN_F32, __VA_ARGS__)
#define qn_i32_out(ptr, ...) QN_ARRAY_(qn_out, ptr, QN_I32, __VA_ARGS__)
#endif

/** The head of every layer's and optimizer's params struct: which it is, and how long the
 * caller's struct is (a shorter one gets defaults for the rest). */
typedef struct qn_spec {
    size_t size;
    const char *type; /**< Keras's class name, such as "Dense" */
} qn_spec;

#define QN_MAX_LOGS 40

/** Named results, in Keras's order: "loss", each metric, then "val_loss", "val_..." . */
typedef struct qn_logs {
    int count;
    struct {
        char name[48];
        double value;
    } item[QN_MAX_LOGS];
} qn_logs;

/** Finds a result by name. @return false when it is not there; `value` is then untouched. */
QN_API bool qn_logs_get(const qn_logs *logs, const char *name, double *value);

/** Receives text that Quern would show; `text` is NUL-terminated and borrowed. */
typedef void (*qn_write_fn)(void *user, const char *text);

QN_HEADER_END

#endif
