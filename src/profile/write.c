/* SPDX-License-Identifier: Apache-2.0 */
/* A profile in the format that is asked for. */
#include "profile/profile.h"

#include <stdlib.h>

static qn_status write_json(const qn_profile *profile, qn_write_fn write, void *user)
{
    json_t *object = qn_profile_json(profile);
    char *text = json_dumps(object, JSON_INDENT(2) | JSON_REAL_PRECISION(9));

    json_decref(object);
    if (!text)
        return qn_fail_memory(profile->env, 0);
    write(user, text);
    write(user, "\n");
    free(text);
    return QN_OK;
}

qn_status qn_profile_write(const qn_profile *profile, qn_profile_format format, qn_write_fn write,
                           void *user)
{
    static void (*const writers[])(const qn_profile *, qn_text *) = {
        [QN_PROFILE_TABLE] = qn_profile_table,
        [QN_PROFILE_CSV] = qn_profile_csv,
        [QN_PROFILE_TRACE] = qn_profile_trace,
    };
    qn_text text = {0};
    qn_status status = QN_OK;

    if (!profile || !write)
        return QN_ERROR_USAGE;
    if (format == QN_PROFILE_JSON)
        return write_json(profile, write, user);
    if ((int)format < 0 || (int)format >= QN_COUNT(writers))
        return qn_fail(profile->env, QN_ERROR_USAGE,
                       "a profile was to be written in format %d: there are table, JSON, CSV and "
                       "trace",
                       (int)format);
    text.env = profile->env;
    writers[format](profile, &text);
    if (text.failed)
        status = QN_ERROR_MEMORY;
    else
        write(user, qn_text_get(&text));
    qn_text_free(&text);
    return status;
}
