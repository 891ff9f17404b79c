/* SPDX-License-Identifier: Apache-2.0 */
/* Names of statuses and data types, the version, and results by name. */
#include <quern/common.h>
#include <quern/version.h>

const char *qn_status_name(qn_status status)
{
    switch (status) {
    case QN_OK:
        return "QN_OK";
    case QN_ERROR_USAGE:
        return "QN_ERROR_USAGE";
    case QN_ERROR_MEMORY:
        return "QN_ERROR_MEMORY";
    case QN_ERROR_DEVICE:
        return "QN_ERROR_DEVICE";
    case QN_ERROR_IO:
        return "QN_ERROR_IO";
    case QN_ERROR_DATA:
        return "QN_ERROR_DATA";
    case QN_ERROR_DIVERGED:
        return "QN_ERROR_DIVERGED";
    case QN_STOPPED:
        return "QN_STOPPED";
    case QN_ERROR_INTERNAL:
        return "QN_ERROR_INTERNAL";
    }
    return "unknown status";
}

const char *qn_version(void)
{
    return QN_VERSION_STRING;
}

static const struct {
    const char *name;
    size_t size;
} dtypes[] = {
    [QN_F32] = {"float32", 4}, [QN_U8] = {"uint8", 1},   [QN_I32] = {"int32", 4},
    [QN_I8] = {"int8", 1},     [QN_U16] = {"uint16", 2}, [QN_I16] = {"int16", 2},
    [QN_U32] = {"uint32", 4},  [QN_I64] = {"int64", 8},  [QN_F64] = {"float64", 8},
};

static bool known(qn_dtype dtype)
{
    return (int)dtype >= 0 && (size_t)dtype < sizeof dtypes / sizeof dtypes[0];
}

size_t qn_dtype_size(qn_dtype dtype)
{
    return known(dtype) ? dtypes[dtype].size : 0;
}

const char *qn_dtype_name(qn_dtype dtype)
{
    return known(dtype) ? dtypes[dtype].name : "unknown type";
}

bool qn_logs_get(const qn_logs *logs, const char *name, double *value)
{
    for (int i = 0; i < logs->count && i < QN_MAX_LOGS; i++) {
        if (strcmp(logs->item[i].name, name) == 0) {
            *value = logs->item[i].value;
            return true;
        }
    }
    return false;
}
