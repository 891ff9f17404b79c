/* SPDX-License-Identifier: Apache-2.0 */
/* A device's measurements as a list, what follows from it, and the file that keeps it. */
#include "base/numbers.h"
#include "base/util.h"
#include "device/keep.h"
#include "kernels/bench.h"
#include <math.h>
#include <string.h>

#define FIRST_LINE "quern bench 1\n"
#define MAX_WORD 64

static const struct kind {
    const char *name, *unit;
} kinds[] = {
    [QN_BENCH_FMA] = {"fma", "FLOP/s"},
    [QN_BENCH_LEVEL] = {"level", "B/s"},
    [QN_BENCH_READ] = {"read", "B/s"},
    [QN_BENCH_WRITE] = {"write", "B/s"},
    [QN_BENCH_COPY] = {"copy", "B/s"},
    [QN_BENCH_LOCAL] = {"local", "B/s"},
    [QN_BENCH_LAUNCH_QUEUED] = {"launch_queued", "s"},
    [QN_BENCH_LAUNCH_WAITED] = {"launch_waited", "s"},
    [QN_BENCH_UPLOAD] = {"upload", "B/s"},
    [QN_BENCH_UPLOAD_STAGED] = {"upload_staged", "B/s"},
    [QN_BENCH_DOWNLOAD] = {"download", "B/s"},
    [QN_BENCH_DOWNLOAD_STAGED] = {"download_staged", "B/s"},
};

const char *qn_bench_name(qn_bench_kind kind)
{
    return kinds[kind].name;
}

const char *qn_bench_unit(qn_bench_kind kind)
{
    return kinds[kind].unit;
}

bool qn_bench_add(qn_bench_results *results, const qn_bench_item *item)
{
    if (results->count >= QN_BENCH_MAX)
        return false;
    results->item[results->count] = *item;
    results->item[results->count].name = qn_bench_name(item->kind);
    results->item[results->count++].unit = qn_bench_unit(item->kind);
    return true;
}

static double larger(double a, double b)
{
    return a > b ? a : b;
}

/* A roof is the highest rate that was seen: what else the machine did only lowered the others. What
 * a launch or a transfer takes is told as it usually is. */
void qn_bench_conclude(qn_bench_results *results)
{
    for (int i = 0; i < results->count; i++) {
        const qn_bench_item *item = &results->item[i];

        switch (item->kind) {
        case QN_BENCH_FMA:
            results->peak_gflops = larger(results->peak_gflops, item->best * 1e-9);
            break;
        case QN_BENCH_READ:
        case QN_BENCH_WRITE:
        case QN_BENCH_COPY:
            results->memory_bandwidth = larger(results->memory_bandwidth, item->best);
            break;
        case QN_BENCH_LOCAL:
            results->local_bandwidth = item->best;
            break;
        case QN_BENCH_LAUNCH_QUEUED:
            results->launch_seconds_queued = item->median;
            break;
        case QN_BENCH_LAUNCH_WAITED:
            results->launch_seconds_waited = item->median;
            break;
        case QN_BENCH_UPLOAD:
            results->upload = item->median;
            break;
        case QN_BENCH_UPLOAD_STAGED:
            results->upload_staged = item->median;
            break;
        case QN_BENCH_DOWNLOAD:
            results->download = item->median;
            break;
        case QN_BENCH_DOWNLOAD_STAGED:
            results->download_staged = item->median;
            break;
        case QN_BENCH_LEVEL:
            break;
        }
    }
}

/* ---- the file ---- */

static uint64_t key_of(const qn_device *device)
{
    uint64_t key = qn_hash_text(QN_HASH_START, qn_device_fingerprint(device));
    uint32_t units = qn_device_description(device)->compute_units; /* a sub-device has fewer */

    return qn_hash(key, &units, sizeof units);
}

/* The next word of a line, without the space after it. */
static char *take_word(char **at)
{
    char *word = *at;

    *at += strcspn(*at, " ");
    if (**at)
        *(*at)++ = '\0';
    return word;
}

static bool take_number(char **at, double *number)
{
    return qn_number_parse(take_word(at), number) && isfinite(*number) && *number >= 0;
}

/* "fma 16 1.5e+11 1.6e+11 0.03": kind, parameter, median, best, spread. */
static bool read_line(char *line, qn_bench_results *results)
{
    qn_bench_item item = {.name = NULL};
    const char *name = take_word(&line);
    double parameter;
    int kind = 0;

    while (kind < QN_COUNT(kinds) && strcmp(name, kinds[kind].name) != 0)
        kind++;
    if (kind == QN_COUNT(kinds) || !take_number(&line, &parameter) ||
        !take_number(&line, &item.median) || !take_number(&line, &item.best) ||
        !take_number(&line, &item.spread) || *line || parameter > 0x1p53 || item.median == 0 ||
        item.best == 0)
        return false;
    item.kind = (qn_bench_kind)kind;
    item.parameter = (int64_t)parameter;
    return qn_bench_add(results, &item);
}

static bool read_all(char *text, qn_bench_results *results)
{
    if (strncmp(text, FIRST_LINE, strlen(FIRST_LINE)) != 0)
        return false;
    text += strlen(FIRST_LINE);
    for (char *end; (end = strchr(text, '\n')); text = end + 1) {
        *end = '\0';
        if (!read_line(text, results))
            return false;
    }
    return *text == '\0' && results->count > 0;
}

static void clear(qn_bench_results *results)
{
    memset(results, 0, sizeof *results);
    results->size = sizeof *results;
}

bool qn_roofline_known(qn_device *device, qn_bench_results *results)
{
    char *text = qn_recall(qn_device_context(device), "bench", key_of(device));
    bool known;

    clear(results);
    known = text && read_all(text, results);
    if (known)
        qn_bench_conclude(results);
    else
        clear(results);
    qn_free(qn_device_env(device), text);
    return known;
}

static void write_all(qn_text *text, const qn_bench_results *results)
{
    qn_text_add(text, FIRST_LINE);
    for (int i = 0; i < results->count; i++) {
        const qn_bench_item *item = &results->item[i];
        const double number[] = {(double)item->parameter, item->median, item->best, item->spread};

        qn_text_add(text, "%s", item->name);
        for (int k = 0; k < QN_COUNT(number); k++) {
            qn_text_add(text, " ");
            qn_number_write(text, number[k]);
        }
        qn_text_add(text, "\n");
    }
}

void qn_bench_keep(qn_device *device, const qn_bench_results *results)
{
    qn_text text = {.env = qn_device_env(device)};

    write_all(&text, results);
    if (!text.failed)
        qn_keep(qn_device_context(device), "bench", key_of(device), qn_text_get(&text));
    qn_text_free(&text);
}
