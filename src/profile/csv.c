/* SPDX-License-Identifier: Apache-2.0 */
/* A profile's rows as CSV (RFC 4180). */
#include "profile/profile.h"

#include <inttypes.h>

/* Quotes around a text that needs them. */
static void add_text(qn_text *text, const char *value)
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

static void add_number(qn_text *text, double value, bool known)
{
    if (known)
        qn_text_add(text, ",%.9g", value);
    else
        qn_text_add(text, ",");
}

static void add_rate(qn_text *text, double amount, const qn_profile_row *row)
{
    bool known = amount > 0 && row->total > 0;

    add_number(text, known ? amount / row->total * 1e-9 : 0, known);
}

static void add_row(qn_text *text, const qn_profile *profile, const qn_profile_row *row)
{
    const char *product = qn_profile_product(row);
    double span = qn_profile_span(profile), share = qn_profile_roof_share(profile, row);
    bool known = row->measured > 0;
    qn_roof roof;
    char global[64], local[64];

    add_text(text, row->routine);
    qn_text_add(text, ",");
    add_text(text, row->op);
    qn_text_add(text, ",");
    add_text(text, row->layer);
    qn_text_add(text, ",%s,%s,%" PRIu64 ",%" PRIu64, qn_phase_names[row->phase],
                product ? product : "", row->calls, row->measured);
    add_number(text, row->total, known);
    add_number(text, known ? row->total / (double)row->measured : 0, known);
    add_number(text, row->least, known);
    add_number(text, row->most, known);
    add_number(text, span > 0 ? row->total / span : 0, known);
    add_rate(text, row->flops, row);
    add_rate(text, row->bytes, row);
    add_number(text, share, share > 0);
    qn_text_add(text, ",%s,%s,%s,%s\n",
                !qn_profile_roof(profile, row, &roof) ? ""
                : roof.memory                         ? "memory"
                                                      : "compute",
                qn_range_text(&row->range, row->range.global, global, sizeof global),
                qn_range_text(&row->range, row->range.local, local, sizeof local),
                row->transfer_queue ? "transfer" : "compute");
}

qn_status qn_profile_csv(const qn_profile *profile, qn_text *text)
{
    qn_text_add(text, "name,op,layer,phase,product,calls,measured_calls,total_seconds,mean_seconds,"
                      "min_seconds,max_seconds,share,gflops,gbytes_per_second,roofline_share,bound,"
                      "global,local,queue\n");
    for (size_t i = 0; i < profile->row_count; i++)
        add_row(text, profile, &profile->row[i]);
    return QN_OK;
}
