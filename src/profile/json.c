/* SPDX-License-Identifier: Apache-2.0 */
/* A profile as JSON, and the data of its report: the same with timeline, memory and plans. */
#include "profile/profile.h"

#include <math.h>

/* A number; null when it was not measured. */
static json_t *number(double value, bool known)
{
    return known ? json_real(value) : json_null();
}

static json_t *positive(double value)
{
    return number(value, value > 0);
}

static json_t *count_json(uint64_t count)
{
    return json_integer((json_int_t)count);
}

/* Names may hold bytes of a driver's that are no UTF-8: those are left out. */
static json_t *text_json(const char *text)
{
    json_t *made = json_string(text);
    char kept[256];
    size_t length = 0;

    if (made)
        return made;
    for (; *text && length + 1 < sizeof kept; text++)
        if ((unsigned char)*text < 0x80)
            kept[length++] = *text;
    return json_stringn(kept, length);
}

/* ---- rows ---- */

static json_t *sizes(const qn_range *range, const size_t *size)
{
    json_t *list = json_array();

    for (int i = 0; i < range->dims; i++)
        json_array_append_new(list, count_json(size[i]));
    return list;
}

static double rate(double amount, const qn_profile_row *row)
{
    return row->total > 0 ? amount / row->total * 1e-9 : 0;
}

static void add_times(json_t *object, const qn_profile *profile, const qn_profile_row *row)
{
    double span = qn_profile_span(profile);
    bool known = row->measured > 0;

    json_object_set_new(object, "total_seconds", number(row->total, known));
    json_object_set_new(object, "mean_seconds",
                        number(known ? row->total / (double)row->measured : 0, known));
    json_object_set_new(object, "min_seconds", number(row->least, known));
    json_object_set_new(object, "max_seconds", number(row->most, known));
    json_object_set_new(object, "share", number(span > 0 ? row->total / span : 0, known));
}

static void add_rates(json_t *object, const qn_profile *profile, const qn_profile_row *row)
{
    qn_roof roof;
    bool bound = qn_profile_roof(profile, row, &roof);

    json_object_set_new(object, "flops", positive(row->cost.flops));
    json_object_set_new(object, "bytes", positive(row->cost.bytes));
    json_object_set_new(object, "gflops", positive(rate(row->flops, row)));
    json_object_set_new(object, "gbytes_per_second", positive(rate(row->bytes, row)));
    json_object_set_new(object, "roofline_share", positive(qn_profile_roof_share(profile, row)));
    json_object_set_new(object, "bound",
                        bound ? json_string(roof.memory ? "memory" : "compute") : json_null());
}

static json_t *row_json(const qn_profile *profile, const qn_profile_row *row)
{
    json_t *object = json_object();
    const char *product = qn_profile_product(row);

    json_object_set_new(object, "name", text_json(row->routine));
    json_object_set_new(object, "op", text_json(row->op));
    json_object_set_new(object, "layer", text_json(row->layer));
    json_object_set_new(object, "phase", json_string(qn_phase_names[row->phase]));
    json_object_set_new(object, "product", product ? json_string(product) : json_null());
    json_object_set_new(object, "calls", count_json(row->calls));
    json_object_set_new(object, "measured_calls", count_json(row->measured));
    add_times(object, profile, row);
    add_rates(object, profile, row);
    json_object_set_new(object, "global", sizes(&row->range, row->range.global));
    json_object_set_new(object, "local", sizes(&row->range, row->range.local));
    json_object_set_new(object, "queue", json_string(row->transfer_queue ? "transfer" : "compute"));
    return object;
}

/* ---- the whole ---- */

static json_t *levels_json(const qn_bench_results *limits)
{
    json_t *list = json_array();

    for (int i = 0; i < limits->count; i++) {
        const qn_bench_item *item = &limits->item[i];

        if (item->kind == QN_BENCH_LEVEL)
            json_array_append_new(list, json_pack("{s:I, s:f}", "working_set_bytes",
                                                  (json_int_t)item->parameter, "gbytes_per_second",
                                                  item->best * 1e-9));
    }
    return list;
}

static json_t *roofline_json(const qn_bench_results *limits)
{
    json_t *object = json_object();

    if (limits->count == 0) {
        json_decref(object);
        return json_null();
    }
    json_object_set_new(object, "peak_gflops", positive(limits->peak_gflops));
    json_object_set_new(object, "gbytes_per_second", positive(limits->memory_bandwidth * 1e-9));
    json_object_set_new(object, "local_gbytes_per_second",
                        positive(limits->local_bandwidth * 1e-9));
    json_object_set_new(object, "launch_seconds_queued", positive(limits->launch_seconds_queued));
    json_object_set_new(object, "launch_seconds_waited", positive(limits->launch_seconds_waited));
    json_object_set_new(object, "levels", levels_json(limits));
    return object;
}

static json_t *advice_json(const qn_profile *profile)
{
    char text[512];
    bool estimated;

    if (!*qn_profile_advice(profile, text, sizeof text, &estimated))
        return json_null();
    return json_pack("{s:o, s:b}", "text", text_json(text), "estimated", (int)estimated);
}

static json_t *build_json(const qn_profile_build *build)
{
    return json_pack("{s:I, s:I, s:f, s:I, s:f}", "programs_compiled", (json_int_t)build->compiled,
                     "programs_loaded", (json_int_t)build->loaded, "build_seconds", build->seconds,
                     "first_launches", (json_int_t)build->first_launches, "first_launch_seconds",
                     build->first_launch_seconds);
}

json_t *qn_profile_json(const qn_profile *profile)
{
    json_t *object = json_object(), *rows = json_array();
    bool known = profile->measured > 0;

    json_object_set_new(object, "version", json_string(qn_version()));
    json_object_set_new(object, "device", text_json(profile->device));
    json_object_set_new(object, "wall_seconds", json_real(profile->wall));
    json_object_set_new(object, "device_span_seconds", number(qn_profile_span(profile), known));
    json_object_set_new(object, "gaps_seconds", number(profile->gaps, known));
    json_object_set_new(object, "enqueue_seconds", json_real(profile->enqueue));
    json_object_set_new(object, "build", build_json(&profile->build));
    json_object_set_new(object, "commands", count_json(profile->commands));
    json_object_set_new(object, "measured_commands", count_json(profile->measured));
    json_object_set_new(object, "roofline", roofline_json(&profile->limits));
    json_object_set_new(object, "advice", advice_json(profile));
    for (size_t i = 0; i < profile->row_count; i++)
        json_array_append_new(rows, row_json(profile, &profile->row[i]));
    json_object_set_new(object, "kernels", rows);
    return object;
}

/* ---- the report's data: whole nanoseconds, as differences where that is shorter ---- */

static int64_t nanoseconds(double seconds)
{
    return (int64_t)llround(seconds * 1e9);
}

static json_t *commands_json(const qn_profile *profile)
{
    const qn_timeline *t = &profile->timeline;
    json_t *kernel = json_array(), *from = json_array(), *length = json_array();
    json_t *begin = json_array(), *took = json_array();
    int64_t last_from = 0, last_begin = 0;

    for (size_t i = 0; i < t->commands; i++) {
        const qn_timeline_command *c = &t->command[i];
        int64_t enqueued = nanoseconds(c->host_begin), begun = nanoseconds(c->begin);

        json_array_append_new(kernel, count_json(profile->row_of[c->entry]));
        json_array_append_new(from, json_integer(enqueued - last_from));
        json_array_append_new(length, json_integer(nanoseconds(c->host_end - c->host_begin)));
        json_array_append_new(begin, c->measured ? json_integer(begun - last_begin) : json_null());
        json_array_append_new(took, c->measured ? json_integer(nanoseconds(c->end - c->begin))
                                                : json_null());
        last_from = enqueued;
        last_begin = c->measured ? begun : last_begin;
    }
    return json_pack("{s:o, s:o, s:o, s:o, s:o}", "kernel", kernel, "enqueue_begin", from,
                     "enqueue_length", length, "begin", begin, "length", took);
}

static json_t *spans_json(const qn_timeline *t)
{
    json_t *list = json_array();
    char name[64];

    for (size_t i = 0; i < t->spans; i++) {
        const qn_timeline_span *span = &t->span[i];

        json_array_append_new(list,
                              json_pack("{s:s, s:I, s:I, s:i}", "name",
                                        qn_timeline_name(span, name, sizeof name), "begin",
                                        (json_int_t)nanoseconds(span->begin), "end",
                                        (json_int_t)nanoseconds(span->end), "depth", span->depth));
    }
    return list;
}

static json_t *memory_json(const qn_timeline *t)
{
    json_t *names = json_array(), *time = json_array(), *segment = json_array();
    json_t *bytes = json_array();

    for (int i = 0; i < QN_USES; i++)
        json_array_append_new(names, json_string(qn_use_names[i]));
    for (size_t i = 0; i < t->changes; i++) {
        json_array_append_new(time, json_integer(nanoseconds(t->memory[i].at)));
        json_array_append_new(segment, json_integer((json_int_t)t->memory[i].use));
        json_array_append_new(bytes, count_json(t->memory[i].bytes));
    }
    return json_pack("{s:o, s:o, s:o, s:o}", "segments", names, "time", time, "segment", segment,
                     "bytes", bytes);
}

static json_t *plans_json(const qn_profile *profile)
{
    json_t *list = json_array();

    for (size_t i = 0; i < profile->plan_count; i++) {
        json_t *plan = json_loads(profile->plan[i].json, 0, NULL);

        if (!plan)
            continue;
        json_object_set_new(plan, "task", json_string(profile->plan[i].task));
        json_array_append_new(list, plan);
    }
    return list;
}

json_t *qn_profile_report_json(const qn_profile *profile)
{
    const qn_timeline *t = &profile->timeline;
    json_t *object = qn_profile_json(profile);

    json_object_set_new(object, "timeline",
                        json_pack("{s:o, s:o, s:I}", "commands", commands_json(profile), "spans",
                                  spans_json(t), "dropped", (json_int_t)t->dropped));
    json_object_set_new(object, "memory", memory_json(t));
    json_object_set_new(object, "plans", plans_json(profile));
    return object;
}
