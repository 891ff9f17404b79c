/* SPDX-License-Identifier: Apache-2.0 */
/* What io/event_file.h is in a build without protobuf-c. */
#include "io/event_file.h"

qn_status qn_event_file_supported(qn_env *env)
{
    return qn_fail(env, QN_ERROR_IO,
                   "event files are written with protobuf-c, and this quern was built without "
                   "protobuf-c; install Debian's packages libprotobuf-c-dev and "
                   "protobuf-c-compiler, then build anew with meson setup --wipe "
                   "-Dprotobuf=enabled");
}

qn_status qn_event_file_create(qn_env *env, const char *folder, qn_event_file **file)
{
    (void)folder;
    *file = NULL;
    return qn_event_file_supported(env);
}

/* There is no file that these could be given. */

qn_status qn_event_file_scalar(qn_event_file *file, const char *tag, int64_t step, double value)
{
    (void)file, (void)tag, (void)step, (void)value;
    return QN_ERROR_INTERNAL;
}

qn_status qn_event_file_histogram(qn_event_file *file, const char *tag, int64_t step,
                                  const float *values, size_t count)
{
    (void)file, (void)tag, (void)step, (void)values, (void)count;
    return QN_ERROR_INTERNAL;
}

qn_status qn_event_file_layers(qn_event_file *file, const char *tag, const char *json)
{
    (void)file, (void)tag, (void)json;
    return QN_ERROR_INTERNAL;
}

qn_status qn_event_file_graph(qn_event_file *file, const qn_graph *graph)
{
    (void)file, (void)graph;
    return QN_ERROR_INTERNAL;
}

qn_status qn_event_file_flush(qn_event_file *file)
{
    (void)file;
    return QN_ERROR_INTERNAL;
}

qn_status qn_event_file_close(qn_event_file **file)
{
    *file = NULL;
    return QN_OK;
}

void qn_event_file_abandon(qn_event_file **file)
{
    *file = NULL;
}
