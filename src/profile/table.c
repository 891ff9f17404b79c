/* SPDX-License-Identifier: Apache-2.0 */
/* A profile as text of at most 110 columns: kernels, layers, gaps, and one line of advice. */
#include "profile/profile.h"

#include <inttypes.h>
#include <stdio.h>

/* op and kernel, in columns; the others are fixed and take 71 with what is between them. */
#define LINE_ROOM 110
#define NAMES_ROOM 39
#define ABOVE_THE_ROOF 1.1 /* not by chance */

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

static const char *share_text(double share, char *buffer, size_t size)
{
    if (share > 0)
        snprintf(buffer, size, "%.*f", share < 0.0995 ? 1 : 0, 100 * share);
    else
        snprintf(buffer, size, "-");
    return buffer;
}

const char *qn_profile_op(const qn_profile_row *row, char *buffer, size_t room)
{
    snprintf(buffer, room, "%s%s%s", row->layer, *row->layer ? "/" : "",
             *row->op ? row->op : row->routine);
    return buffer;
}

/* ---- kernels ---- */

static const char *const phase_texts[QN_PHASES] = {"fwd", "bwd", "upd", ""};

typedef struct widths {
    int op, kernel;
} widths;

/* As wide as the longest text; where both are too long, the longer one gives way. */
static widths choose_widths(const qn_profile *profile)
{
    widths w = {2, 6};
    char op[256];

    for (size_t i = 0; i < profile->row_count; i++) {
        int length = (int)strlen(qn_profile_op(&profile->row[i], op, sizeof op));
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
    double span = qn_profile_span(profile);
    char op[256], total[16], mean[16], least[16], most[16], gflops[16], gbytes[16], share[16];

    add_name(text, qn_profile_op(row, op, sizeof op), w.op);
    add_name(text, row->routine, w.kernel);
    qn_text_add(text, "%3s %7" PRIu64, phase_texts[row->phase], row->calls);
    if (row->measured == 0) {
        qn_text_add(text, "  not measured\n");
        return;
    }
    qn_text_add(text, " %6s %6s %6s %6s %5.1f %7s %6s %5s\n", time_text(row->total, total, 16),
                time_text(row->total / (double)row->measured, mean, 16),
                time_text(row->least, least, 16), time_text(row->most, most, 16),
                span > 0 ? 100 * row->total / span : 0,
                rate_text(row->flops, row->total, gflops, 16),
                rate_text(row->bytes, row->total, gbytes, 16),
                share_text(qn_profile_roof_share(profile, row), share, 16));
}

static void add_rows(qn_text *text, const qn_profile *profile)
{
    widths w = choose_widths(profile);

    qn_text_add(text, "%-*s %-*s %3s %7s %6s %6s %6s %6s %5s %7s %6s %5s\n", w.op, "op", w.kernel,
                "kernel", "", "calls", "total", "mean", "min", "max", "%", "GFLOP/s", "GB/s",
                "roof%");
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

/* ---- work sizes ---- */

static void add_sizes(qn_text *text, const qn_profile *profile)
{
    widths w = choose_widths(profile);
    char op[256], global[64], local[64];

    qn_text_add(text, "\n%-*s %-*s %3s %7s %14s %10s  %s\n", w.op, "op", w.kernel, "kernel", "",
                "calls", "global", "local", "bound by");
    for (size_t i = 0; i < profile->row_count; i++) {
        const qn_profile_row *row = &profile->row[i];
        qn_roof roof;

        if (row->phase == QN_PHASE_TRANSFER)
            continue;
        add_name(text, qn_profile_op(row, op, sizeof op), w.op);
        add_name(text, row->routine, w.kernel);
        qn_text_add(text, "%3s %7" PRIu64 " %14s %10s  %s\n", phase_texts[row->phase], row->calls,
                    qn_range_text(&row->range, row->range.global, global, sizeof global),
                    qn_range_text(&row->range, row->range.local, local, sizeof local),
                    !qn_profile_roof(profile, row, &roof) ? "-"
                    : roof.memory                         ? "memory"
                                                          : "compute");
    }
}

/* ---- the whole ---- */

static void add_line(qn_text *text, const char *what, double seconds, double span, const char *why)
{
    char buffer[16];

    qn_text_add(text, "%-16s %8s", what, time_text(seconds, buffer, sizeof buffer));
    if (span > 0)
        qn_text_add(text, " %5.1f %%  %s\n", 100 * seconds / span, why);
    else
        qn_text_add(text, "  %7s%s\n", "", why);
}

static void add_build(qn_text *text, const qn_profile_build *build)
{
    char why[128];

    snprintf(why, sizeof why, "%" PRIu64 " programs compiled, %" PRIu64 " kept ones loaded",
             build->compiled, build->loaded);
    add_line(text, "build", build->seconds, 0, why);
    snprintf(why, sizeof why, "of %" PRIu64 " kernels and calls (some drivers compile there)",
             build->first_launches);
    add_line(text, "first launches", build->first_launch_seconds, 0, why);
}

/* A roof measured while the machine was busy is too low. */
static void add_limits(qn_text *text, const qn_profile *profile)
{
    bool above = false;

    for (size_t i = 0; i < profile->row_count; i++)
        above = above || qn_profile_roof_share(profile, &profile->row[i]) > ABOVE_THE_ROOF;
    if (profile->limits.count == 0)
        qn_text_add(text, "no roofline: quern bench device measures what the device can do\n");
    else if (above)
        qn_text_add(text,
                    "roof%% above 100: the roofline was measured on a busy machine; quern bench "
                    "device measures it anew\n");
}

static void add_whole(qn_text *text, const qn_profile *profile)
{
    double span = qn_profile_span(profile);

    qn_text_add(text, "\n");
    add_line(text, "wall clock", profile->wall, 0, "the host's, of the whole region");
    if (profile->measured == 0)
        qn_text_add(text, "device times not measured: the driver gives none that can be true\n");
    if (span > 0) {
        add_line(text, "device span", span, span,
                 "first begin to last end of the compute queue's commands");
        add_line(text, "gaps", profile->gaps, span, "in the span, while none of them ran");
    }
    add_line(text, "host enqueues", profile->enqueue, 0, "in OpenCL's enqueue functions");
    add_build(text, &profile->build);
    if (profile->measured > 0 && profile->measured < profile->commands)
        qn_text_add(text, "%" PRIu64 " of %" PRIu64 " commands not measured\n",
                    profile->commands - profile->measured, profile->commands);
    add_limits(text, profile);
}

/* Words in lines of at most `LINE_ROOM`. */
static void add_wrapped(qn_text *text, const char *words)
{
    size_t column = 0;

    while (*words) {
        size_t length = strcspn(words, " ");

        if (column > 0 && column + 1 + length > LINE_ROOM) {
            qn_text_add(text, "\n");
            column = 0;
        }
        qn_text_add(text, "%s%.*s", column > 0 ? " " : "", (int)length, words);
        column += length + (column > 0);
        words += length + (words[length] == ' ');
    }
    qn_text_add(text, "\n");
}

static void add_advice(qn_text *text, const qn_profile *profile)
{
    char advice[512];
    bool estimated;

    if (!*qn_profile_advice(profile, advice, sizeof advice, &estimated))
        return;
    qn_text_add(text, "\n");
    add_wrapped(text, advice);
}

qn_status qn_profile_table(const qn_profile *profile, qn_text *text)
{
    qn_text_add(text, "%s\n\n", profile->device);
    add_rows(text, profile);
    add_layers(text, profile);
    add_sizes(text, profile);
    add_whole(text, profile);
    add_advice(text, profile);
    return QN_OK;
}
