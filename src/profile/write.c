/* SPDX-License-Identifier: Apache-2.0 */
/* A profile in the format that is asked for. */
#include "profile/report.h"

#include <stdlib.h>

static qn_status add_json(const qn_profile *profile, qn_text *text)
{
    json_t *object = qn_profile_json(profile);
    char *json = json_dumps(object, JSON_INDENT(2) | JSON_REAL_PRECISION(9));

    json_decref(object);
    if (!json)
        return qn_fail_memory(profile->env, 0);
    qn_text_add_bytes(text, json, strlen(json));
    qn_text_add_bytes(text, "\n", 1);
    free(json);
    return QN_OK;
}

qn_status qn_profile_write(const qn_profile *profile, qn_profile_format format, qn_write_fn write,
                           void *user)
{
    static qn_status (*const writers[])(const qn_profile *, qn_text *) = {
        [QN_PROFILE_TABLE] = qn_profile_table, [QN_PROFILE_JSON] = add_json,
        [QN_PROFILE_CSV] = qn_profile_csv,     [QN_PROFILE_TRACE] = qn_profile_trace,
        [QN_PROFILE_HTML] = qn_profile_report,
    };
    qn_text text = {0};
    qn_status status;

    if (!profile || !write)
        return QN_ERROR_USAGE;
    if ((int)format < 0 || (int)format >= QN_COUNT(writers))
        return qn_fail(profile->env, QN_ERROR_USAGE,
                       "a profile was to be written in format %d: there are table, JSON, CSV, "
                       "trace and HTML",
                       (int)format);
    text.env = profile->env;
    status = writers[format](profile, &text);
    if (status == QN_OK && text.failed)
        status = QN_ERROR_MEMORY;
    if (status == QN_OK)
        write(user, qn_text_get(&text));
    qn_text_free(&text);
    return status;
}
