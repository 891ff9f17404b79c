/* SPDX-License-Identifier: Apache-2.0 */
/* A profile as JSON and as CSV; in which format. */
#include "profile/profile.h"
#include "profile/report.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>

/* A number; null when it was not measured. */
static json_t *number(double value, bool known)
{
    return known ? json_real(value) : json_null();
}

static double rate(double amount, const qn_profile_row *row)
{
    return row->total > 0 ? amount / row->total * 1e-9 : 0;
}

/* Rates need a cost and a time above the clock's resolution. */
static bool has_rate(double amount, const qn_profile_row *row)
{
    return amount > 0 && row->total > 0;
}

static double share(const qn_profile *profile, const qn_profile_row *row)
{
    double span = qn_profile_span(profile);

    return span > 0 ? row->total / span : 0;
}

/* ---- JSON ---- */

static json_t *sizes(const qn_range *range, const size_t *size)
{
    json_t *list = json_array();

    for (int i = 0; i < range->dims; i++)
        json_array_append_new(list, json_integer((json_int_t)size[i]));
    return list;
}

static json_t *row_json(const qn_profile *profile, const qn_profile_row *row)
{
    json_t *object = json_object();
    const char *product = qn_profile_product(row);
    bool known = row->measured > 0;
    double mean = known ? row->total / (double)row->measured : 0;

    json_object_set_new(object, "name", json_string(row->routine));
    json_object_set_new(object, "op", json_string(row->op));
    json_object_set_new(object, "layer", json_string(row->layer));
    json_object_set_new(object, "phase", json_string(qn_phase_names[row->phase]));
    json_object_set_new(object, "product", product ? json_string(product) : json_null());
    json_object_set_new(object, "calls", json_integer((json_int_t)row->calls));
    json_object_set_new(object, "measured_calls", json_integer((json_int_t)row->measured));
    json_object_set_new(object, "total_seconds", number(row->total, known));
    json_object_set_new(object, "mean_seconds", number(mean, known));
    json_object_set_new(object, "min_seconds", number(row->least, known));
    json_object_set_new(object, "max_seconds", number(row->most, known));
    json_object_set_new(object, "share", number(share(profile, row), known));
    json_object_set_new(object, "gflops", number(rate(row->flops, row), has_rate(row->flops, row)));
    json_object_set_new(object, "gbytes_per_second",
                        number(rate(row->bytes, row), has_rate(row->bytes, row)));
    json_object_set_new(object, "global", sizes(&row->range, row->range.global));
    json_object_set_new(object, "local", sizes(&row->range, row->range.local));
    json_object_set_new(object, "queue", json_string(row->transfer_queue ? "transfer" : "compute"));
    return object;
}

json_t *qn_profile_report_json(const qn_profile *profile)
{
    json_t *object = json_object(), *rows = json_array();
    bool known = profile->measured > 0;

    json_object_set_new(object, "device", json_string(profile->device));
    json_object_set_new(object, "wall_seconds", json_real(profile->wall));
    json_object_set_new(object, "device_span_seconds", number(qn_profile_span(profile), known));
    json_object_set_new(object, "gaps_seconds", number(profile->gaps, known));
    json_object_set_new(object, "enqueue_seconds", json_real(profile->enqueue));
    json_object_set_new(object, "commands", json_integer((json_int_t)profile->commands));
    json_object_set_new(object, "measured_commands", json_integer((json_int_t)profile->measured));
    for (size_t i = 0; i < profile->row_count; i++)
        json_array_append_new(rows, row_json(profile, &profile->row[i]));
    json_object_set_new(object, "kernels", rows);
    return object;
}

static qn_status write_json(const qn_profile *profile, qn_write_fn write, void *user)
{
    json_t *object = qn_profile_report_json(profile);
    char *text = json_dumps(object, JSON_INDENT(2) | JSON_REAL_PRECISION(9));

    json_decref(object);
    if (!text)
        return qn_fail_memory(profile->env, 0);
    write(user, text);
    write(user, "\n");
    free(text);
    return QN_OK;
}

/* ---- CSV ---- */

/* RFC 4180: quotes around a text that needs them. */
static void csv_text(qn_text *text, const char *value)
{
    if (!strpbrk(value, ",\"\r\n")) {
        qn_text_add(text, "%s", value);
        return;
    }
    qn_text_add(text, "\"");
    for (; *value; value++)
        qn_text_add(text, *value == '"' ? "\"\"" : "%c", *value);
    qn_text_add(text, "\"");
}

static void csv_number(qn_text *text, double value, bool known)
{
    if (known)
        qn_text_add(text, ",%.9g", value);
    else
        qn_text_add(text, ",");
}

static void csv_row(qn_text *text, const qn_profile *profile, const qn_profile_row *row)
{
    const char *product = qn_profile_product(row);
    bool known = row->measured > 0;
    char global[64], local[64];

    csv_text(text, row->routine);
    qn_text_add(text, ",");
    csv_text(text, row->op);
    qn_text_add(text, ",");
    csv_text(text, row->layer);
    qn_text_add(text, ",%s,%s,%" PRIu64 ",%" PRIu64, qn_phase_names[row->phase],
                product ? product : "", row->calls, row->measured);
    csv_number(text, row->total, known);
    csv_number(text, known ? row->total / (double)row->measured : 0, known);
    csv_number(text, row->least, known);
    csv_number(text, row->most, known);
    csv_number(text, share(profile, row), known);
    csv_number(text, rate(row->flops, row), has_rate(row->flops, row));
    csv_number(text, rate(row->bytes, row), has_rate(row->bytes, row));
    qn_text_add(text, ",%s,%s,%s\n",
                qn_profile_sizes(&row->range, row->range.global, global, sizeof global),
                qn_profile_sizes(&row->range, row->range.local, local, sizeof local),
                row->transfer_queue ? "transfer" : "compute");
}

static void csv(const qn_profile *profile, qn_text *text)
{
    qn_text_add(text,
                "name,op,layer,phase,product,calls,measured_calls,total_seconds,mean_seconds,"
                "min_seconds,max_seconds,share,gflops,gbytes_per_second,global,local,queue\n");
    for (size_t i = 0; i < profile->row_count; i++)
        csv_row(text, profile, &profile->row[i]);
}

qn_status qn_profile_write(const qn_profile *profile, qn_profile_format format, qn_write_fn write,
                           void *user)
{
    qn_text text = {0};
    qn_status status = QN_OK;

    if (!profile || !write)
        return QN_ERROR_USAGE;
    text.env = profile->env;
    switch (format) {
    case QN_PROFILE_JSON:
        return write_json(profile, write, user);
    case QN_PROFILE_CSV:
        csv(profile, &text);
        break;
    case QN_PROFILE_TABLE:
        qn_profile_table(profile, &text);
        break;
    case QN_PROFILE_HTML:
        status = qn_profile_report(profile, &text);
        break;
    default:
        return qn_fail(profile->env, QN_ERROR_USAGE,
                       "a profile was to be written in format %d: there are table, JSON, CSV "
                       "and HTML",
                       (int)format);
    }
    if (status == QN_OK && text.failed)
        status = QN_ERROR_MEMORY;
    if (status == QN_OK)
        write(user, qn_text_get(&text));
    qn_text_free(&text);
    return status;
}
