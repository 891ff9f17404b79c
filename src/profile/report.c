/* SPDX-License-Identifier: Apache-2.0 */
/* Puts a profile's data into the report's page. */
#include "profile/report.h"

#include <stdlib.h>
#include <string.h>

#define DATA_MARK "@DATA@"

/* JSON within a script element: without a "<" nothing in it can end the element. */
static void add_json(qn_text *text, const char *json)
{
    const char *less;

    while ((less = strchr(json, '<')) != NULL) {
        qn_text_add_bytes(text, json, (size_t)(less - json));
        qn_text_add(text, "\\u003c");
        json = less + 1;
    }
    qn_text_add_bytes(text, json, strlen(json));
}

qn_status qn_profile_report(const qn_profile *profile, qn_text *text)
{
    /* assemble.py makes no page without the mark. */
    const char *page = qn_report_page[0].text, *mark = strstr(page, DATA_MARK);
    json_t *data = qn_profile_report_json(profile);
    char *json = data ? json_dumps(data, JSON_COMPACT | JSON_REAL_PRECISION(9)) : NULL;

    json_decref(data);
    if (!json)
        return qn_fail_memory(profile->env, 0);
    qn_text_add_bytes(text, page, (size_t)(mark - page));
    add_json(text, json);
    qn_text_add_bytes(text, mark + strlen(DATA_MARK), strlen(mark + strlen(DATA_MARK)));
    free(json);
    return QN_OK;
}
