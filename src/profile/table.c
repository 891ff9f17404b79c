/* SPDX-License-Identifier: Apache-2.0 */
/* A profile as text of at most 110 columns: kernels, layers, gaps, and one line of advice. */
#include "profile/profile.h"

#include <inttypes.h>
#include <stdio.h>

/* op and kernel, in columns; the others are fixed and take 65 with what is between them. */
#define NAMES_ROOM 45
#define MANY_TIMES 4 /* how much larger the batch is that the advice speaks of */
#define WORTH 1.2    /* a speed-up below this is not worth advice */
#define MOST_OF_SPAN 0.5

/* ---- numbers ---- */

/* Three digits and a unit: "1.23ms". */
static const char *time_text(double seconds, char *buffer, size_t size)
{
    static const char *const units[] = {"ns", "us", "ms", "s"};
    double value = seconds * 1e9;
    int unit = 0;

    while (unit < 3 && value >= 999.5) {
        value /= 1000;
        unit++;
    }
    snprintf(buffer, size, "%.*f%s",
             value >= 99.95 || unit == 0 ? 0
             : value >= 9.995            ? 1
                                         : 2,
             value, units[unit]);
    return buffer;
}

static const char *rate_text(double amount, double seconds, char *buffer, size_t size)
{
    double value = seconds > 0 ? amount / seconds * 1e-9 : 0;

    if (amount <= 0 || seconds <= 0)
        snprintf(buffer, size, "-");
    else
        snprintf(buffer, size, "%.*f", value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2, value);
    return buffer;
}

/* "dense/matmul". */
static const char *op_text(const qn_profile_row *row, char *buffer, size_t size)
{
    snprintf(buffer, size, "%s%s%s", row->layer, *row->layer ? "/" : "",
             *row->op ? row->op : row->routine);
    return buffer;
}

/* ---- kernels ---- */

typedef struct widths {
    int op, kernel;
} widths;

/* As wide as the longest text; where both are too long, the longer one gives way. */
static widths choose_widths(const qn_profile *profile)
{
    widths w = {2, 6};
    char op[256];

    for (size_t i = 0; i < profile->row_count; i++) {
        int length = (int)strlen(op_text(&profile->row[i], op, sizeof op));
        int kernel = (int)strlen(profile->row[i].routine);

        w.op = length > w.op ? length : w.op;
        w.kernel = kernel > w.kernel ? kernel : w.kernel;
    }
    while (w.op + w.kernel > NAMES_ROOM) {
        if (w.op > w.kernel)
            w.op--;
        else
            w.kernel--;
    }
    return w;
}

/* A text cut to `width`, with a sign that it was. */
static void add_name(qn_text *text, const char *name, int width)
{
    if ((int)strlen(name) > width)
        qn_text_add(text, "%.*s~ ", width - 1, name);
    else
        qn_text_add(text, "%-*s ", width, name);
}

static void add_row(qn_text *text, const qn_profile *profile, const qn_profile_row *row, widths w)
{
    static const char *const phases[QN_PHASES] = {"fwd", "bwd", "upd", ""};
    double span = qn_profile_span(profile);
    char op[256], total[16], mean[16], least[16], most[16], gflops[16], gbytes[16];

    add_name(text, op_text(row, op, sizeof op), w.op);
    add_name(text, row->routine, w.kernel);
    qn_text_add(text, "%3s %7" PRIu64, phases[row->phase], row->calls);
    if (row->measured == 0) {
        qn_text_add(text, "  not measured\n");
        return;
    }
    qn_text_add(text, " %6s %6s %6s %6s %5.1f %7s %6s\n", time_text(row->total, total, 16),
                time_text(row->total / (double)row->measured, mean, 16),
                time_text(row->least, least, 16), time_text(row->most, most, 16),
                span > 0 ? 100 * row->total / span : 0,
                rate_text(row->flops, row->total, gflops, 16),
                rate_text(row->bytes, row->total, gbytes, 16));
}

static void add_rows(qn_text *text, const qn_profile *profile)
{
    widths w = choose_widths(profile);

    qn_text_add(text, "%-*s %-*s %3s %7s %6s %6s %6s %6s %5s %7s %6s\n", w.op, "op", w.kernel,
                "kernel", "", "calls", "total", "mean", "min", "max", "%", "GFLOP/s", "GB/s");
    for (size_t i = 0; i < profile->row_count; i++)
        add_row(text, profile, &profile->row[i], w);
}

/* ---- layers ---- */

/* Whether a row before this one is of the same layer. */
static bool told_before(const qn_profile *profile, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (strcmp(profile->row[i].layer, profile->row[index].layer) == 0)
            return true;
    return false;
}

static void add_layer(qn_text *text, const qn_profile *profile, const char *layer)
{
    double sum[QN_PHASES] = {0}, all = 0, span = qn_profile_span(profile);
    char buffer[16];

    for (size_t i = 0; i < profile->row_count; i++) {
        if (strcmp(profile->row[i].layer, layer) == 0) {
            sum[profile->row[i].phase] += profile->row[i].total;
            all += profile->row[i].total;
        }
    }
    add_name(text, *layer ? layer : "data", 24);
    for (int i = 0; i < QN_PHASES; i++)
        qn_text_add(text, " %8s", sum[i] > 0 ? time_text(sum[i], buffer, 16) : "-");
    qn_text_add(text, " %8s %5.1f\n", time_text(all, buffer, 16), span > 0 ? 100 * all / span : 0);
}

static void add_layers(qn_text *text, const qn_profile *profile)
{
    qn_text_add(text, "\n%-24s  %8s %8s %8s %8s %8s %5s\n", "layer", "forward", "backward",
                "update", "transfer", "total", "%");
    for (size_t i = 0; i < profile->row_count; i++)
        if (!told_before(profile, i))
            add_layer(text, profile, profile->row[i].layer);
}

/* ---- the whole ---- */

static void add_whole(qn_text *text, const qn_profile *profile)
{
    double span = qn_profile_span(profile);
    char wall[16], device[16], gaps[16], enqueue[16];

    qn_text_add(text, "\nwall clock %s", time_text(profile->wall, wall, 16));
    if (profile->measured == 0) {
        qn_text_add(text, "; device times not measured: the driver gives none that can be true\n");
        return;
    }
    qn_text_add(text, "; device, first begin to last end %s (100 %%)\n",
                time_text(span, device, 16));
    qn_text_add(text, "gaps between commands %s (%.1f %%); host in enqueue functions %s\n",
                time_text(profile->gaps, gaps, 16), span > 0 ? 100 * profile->gaps / span : 0,
                time_text(profile->enqueue, enqueue, 16));
    if (profile->measured < profile->commands)
        qn_text_add(text, "%" PRIu64 " of %" PRIu64 " commands not measured\n",
                    profile->commands - profile->measured, profile->commands);
}

/* What a step has whatever its batch, gaps and updates, is told apart from what grows with it. */
static bool advise_batch(qn_text *text, const qn_profile *profile)
{
    double span = qn_profile_span(profile), update = 0, fixed, grows, faster;

    for (size_t i = 0; i < profile->row_count; i++)
        if (profile->row[i].phase == QN_PHASE_UPDATE)
            update += profile->row[i].total;
    fixed = profile->gaps + update;
    grows = span - fixed;
    faster = span / (fixed / MANY_TIMES + grows);
    if (grows <= 0 || faster < WORTH)
        return false;
    qn_text_add(text,
                "%.0f %% are gaps and updates (measured), which a step has whatever its batch: %d "
                "times the batch would be\nat least %.1f x faster per sample (estimated)\n",
                100 * fixed / span, MANY_TIMES, faster);
    return true;
}

static void add_advice(qn_text *text, const qn_profile *profile)
{
    const qn_profile_row *first = profile->row;
    double span = qn_profile_span(profile);
    char op[256];

    if (span <= 0 || profile->measured < profile->commands || advise_batch(text, profile))
        return;
    if (profile->row_count > 0 && first->total > MOST_OF_SPAN * span && !first->transfer_queue)
        qn_text_add(text, "%.0f %% are %s (measured): nothing else is worth a look before it\n",
                    100 * first->total / span, op_text(first, op, sizeof op));
}

void qn_profile_table(const qn_profile *profile, qn_text *text)
{
    qn_text_add(text, "%s\n\n", profile->device);
    add_rows(text, profile);
    add_layers(text, profile);
    add_whole(text, profile);
    add_advice(text, profile);
}
