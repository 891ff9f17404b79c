/* SPDX-License-Identifier: Apache-2.0 */
/* What records add up to, and what the table, JSON and CSV say of them: on made-up records. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "profile/profile.h"
#include <jansson.h>
#include <math.h>

static qn_env env;

/* Of calls, as a kernel needs a device. */
static size_t add_step(qn_profile *profile, const char *label, size_t index, qn_cost cost)
{
    qn_step step = {.kind = QN_STEP_CALL, .label = (char *)(uintptr_t)label, .cost = cost};
    size_t row = 99;

    step.call.name = "sgemm";
    assert_int_equal(qn_profile_row_of_step(profile, &step, index, &row), QN_OK);
    assert_int_equal(qn_grow(&env, &profile->row_of, &profile->entry_capacity,
                             profile->entry_count + 1, sizeof *profile->row_of),
                     QN_OK);
    profile->row_of[profile->entry_count] = row;
    return profile->entry_count++;
}

static void run(qn_profile *profile, size_t entry, double begin, double end)
{
    qn_profile_record record = {.entry = entry,
                                .measured = end > 0,
                                .begin = begin,
                                .end = end,
                                .host_begin = 1,
                                .host_end = 1.001};

    qn_profile_add(profile, &record);
}

static qn_profile *begin(void)
{
    qn_profile *profile = qn_alloc(&env, sizeof *profile);

    assert_non_null(profile);
    profile->env = profile->timeline.env = &env;
    profile->device = qn_strdup(&env, "pocl:0: a device");
    profile->wall = 2;
    return profile;
}

static void write(void *user, const char *text)
{
    qn_text_add(user, "%s", text);
}

static char *text_of(const qn_profile *profile, qn_profile_format format)
{
    static char kept[1 << 16];
    qn_text text = {.env = &env};

    assert_int_equal(qn_profile_write(profile, format, write, &text), QN_OK);
    assert_true(text.length < sizeof kept);
    strcpy(kept, qn_text_get(&text));
    qn_text_free(&text);
    return kept;
}

/* A training step: forward, loss, backward, update, metrics. */
static qn_profile *training(double gap)
{
    static const char *const label[] = {"gather",           "dense/matmul", "loss/loss",
                                        "metrics/accuracy", "dense/matmul", "optimizer/adam"};
    qn_profile *profile = begin();
    size_t entry[6];
    double at = 100;

    for (size_t i = 0; i < 6; i++)
        entry[i] = add_step(profile, label[i], i, (qn_cost){1e6, 2e6});
    for (int s = 0; s < 10; s++) {
        for (size_t i = 0; i < 6; i++) {
            run(profile, entry[i], at, at + 0.001 * (double)(i + 1));
            at += 0.001 * (double)(i + 1) + gap;
        }
    }
    qn_profile_sort(profile);
    return profile;
}

static void test_sums(void **state)
{
    qn_profile *profile = training(0.0005);

    (void)state;
    assert_int_equal(profile->row_count, 6);
    assert_true(fabs(qn_profile_span(profile) - (10 * 0.021 + 59 * 0.0005)) < 1e-9);
    assert_true(fabs(profile->gaps - 59 * 0.0005) < 1e-9);
    assert_true(fabs(profile->enqueue - 0.06) < 1e-9);
    assert_string_equal(profile->row[0].op, "adam");
    assert_int_equal(profile->row[0].phase, QN_PHASE_UPDATE);
    assert_string_equal(profile->row[1].op, "matmul");
    assert_int_equal(profile->row[1].phase, QN_PHASE_BACKWARD);
    assert_string_equal(profile->row[1].layer, "dense");
    assert_int_equal(profile->row[2].phase, QN_PHASE_FORWARD); /* accuracy */
    assert_int_equal(profile->row[4].phase, QN_PHASE_FORWARD); /* the first matmul */
    assert_string_equal(profile->row[5].layer, "");
    assert_true(fabs(profile->row[1].total - 0.05) < 1e-9);
    assert_true(fabs(profile->row[1].least - 0.005) < 1e-9);
    qn_profile_destroy(&profile);
}

static void test_json(void **state)
{
    static const char *const keys[] = {
        "name",        "op",          "layer", "calls",  "total_seconds",     "mean_seconds",
        "min_seconds", "max_seconds", "share", "gflops", "gbytes_per_second", "global",
        "local"};
    qn_profile *profile = training(0.0005);
    json_t *read = json_loads(text_of(profile, QN_PROFILE_JSON), 0, NULL), *row;
    double shares = 0;
    size_t i;

    (void)state;
    assert_non_null(read);
    assert_true(json_real_value(json_object_get(read, "wall_seconds")) == 2);
    json_array_foreach(json_object_get(read, "kernels"), i, row)
    {
        for (int k = 0; k < QN_COUNT(keys); k++)
            assert_non_null(json_object_get(row, keys[k]));
        shares += json_real_value(json_object_get(row, "share"));
    }
    assert_int_equal(i, 6);
    shares += json_real_value(json_object_get(read, "gaps_seconds")) /
              json_real_value(json_object_get(read, "device_span_seconds"));
    assert_true(fabs(shares - 1) < 1e-6);
    row = json_array_get(json_object_get(read, "kernels"), 0);
    assert_true(fabs(json_real_value(json_object_get(row, "gflops")) - 1e7 / 0.06 * 1e-9) < 1e-6);
    json_decref(read);
    qn_profile_destroy(&profile);
}

static void assert_columns(const char *text)
{
    assert_non_null(text);
    for (const char *line = text; *line; line += strcspn(line, "\n") + 1)
        if (strcspn(line, "\n") > 110)
            fail_msg("a line of %zu columns:\n%s", strcspn(line, "\n"), line);
}

/* Long names give way; the numbers stay. */
static void test_table(void **state)
{
    static const char name[] = "a_layer_with_a_rather_long_name_that_nobody_would_type_twice/"
                               "an_op_with_a_long_name_too";
    qn_profile *profile = training(0.0005);
    const char *text;
    size_t entry = add_step(profile, name, 0, (qn_cost){1e15, 1e15});

    (void)state;
    for (int i = 0; i < 1000000; i++)
        run(profile, entry, 200 + i, 200.999 + i);
    text = text_of(profile, QN_PROFILE_TABLE);
    assert_columns(text);
    assert_non_null(strstr(text, "a_layer_with_a_rather_long_name"));
    assert_non_null(strstr(text, "optimizer/adam"));
    assert_non_null(strstr(text, "bwd"));
    qn_profile_destroy(&profile);
}

static void test_advice(void **state)
{
    qn_profile *profile = training(0.005), *even;
    const char *text = text_of(profile, QN_PROFILE_TABLE);

    /* Gaps 59 * 5 ms and updates 60 ms of 505 ms: 505 / (355 / 4 + 150) = 2.1. */
    (void)state;
    assert_non_null(strstr(text, "70 % are gaps and updates (measured)"));
    assert_non_null(strstr(text, "2.1 x faster per sample (estimated)"));
    qn_profile_destroy(&profile);
    even = begin();
    for (size_t i = 0; i < 4; i++)
        run(even, add_step(even, i == 2 ? "b/x" : "a/x", i, (qn_cost){(double)i, 0}),
            1.0 + (double)i, 2.0 + (double)i);
    qn_profile_sort(even);
    text = text_of(even, QN_PROFILE_TABLE);
    assert_null(strstr(text, "estimated"));
    assert_null(strstr(text, "(measured)"));
    qn_profile_destroy(&even);
}

/* A gap is not taken over a command whose time is not known. */
static void test_not_measured(void **state)
{
    qn_profile *profile = begin();
    size_t entry = add_step(profile, "a/x", 0, (qn_cost){1, 1});
    const char *text;

    (void)state;
    run(profile, entry, 10, 11);
    run(profile, entry, 0, 0);
    run(profile, entry, 15, 16);
    run(profile, entry, 18, 19);
    qn_profile_sort(profile);
    assert_true(profile->gaps == 2);
    text = text_of(profile, QN_PROFILE_TABLE);
    assert_non_null(strstr(text, "1 of 4 commands not measured"));
    assert_null(strstr(text, "estimated"));
    qn_profile_destroy(&profile);
}

static void test_csv(void **state)
{
    qn_profile *profile = begin();
    const char *text;

    (void)state;
    run(profile, add_step(profile, "a, \"b\"/x", 0, (qn_cost){0, 1e9}), 10, 11);
    text = text_of(profile, QN_PROFILE_CSV);
    assert_non_null(strstr(text, "\nsgemm,x,\"a, \"\"b\"\"\",forward,clblast,1,1,1,1,1,1,1,,1,,,,,"
                                 "compute\n"));
    assert_int_equal(qn_profile_write(profile, (qn_profile_format)99, write, NULL), QN_ERROR_USAGE);
    qn_profile_destroy(&profile);
}

/* 100 GFLOP/s; 400 GB/s to 1 kB, 40 beyond. */
static void add_limits(qn_profile *profile)
{
    static const qn_bench_item level = {.kind = QN_BENCH_LEVEL, .parameter = 1000, .best = 4e11};

    profile->limits.peak_gflops = 100;
    profile->limits.memory_bandwidth = 4e10;
    assert_true(qn_bench_add(&profile->limits, &level));
}

/* The roof is the level of memory that holds what a call touches, or the multiply-adds. */
static void test_roof(void **state)
{
    static const struct {
        qn_cost cost;
        double share; /* of a call of a second */
        bool memory;
    } cases[] = {
        {{5e10, 1}, 0.5, false},        {{1e9, 1e10}, 0.25, true}, {{1, 1000}, 2.5e-9, true},
        {{1, 1001}, 1001 / 4e10, true}, {{0, 4e10}, 1, true},      {{0, 0}, 0, false},
    };
    qn_profile *profile = begin();

    (void)state;
    add_limits(profile);
    for (int i = 0; i < QN_COUNT(cases); i++)
        run(profile, add_step(profile, i % 2 ? "a/x" : "b/x", (size_t)i, cases[i].cost), 2.0 * i,
            2.0 * i + 1);
    for (int i = 0; i < QN_COUNT(cases); i++) {
        const qn_profile_row *row = &profile->row[i];
        qn_roof roof = {0, false};
        double share = qn_profile_roof_share(profile, row);

        assert_true(fabs(share - cases[i].share) <= 1e-9 * cases[i].share);
        assert_int_equal(qn_profile_roof(profile, row, &roof), cases[i].share > 0);
        assert_int_equal(roof.memory, cases[i].memory);
    }
    profile->limits.count = 0;
    profile->limits.memory_bandwidth = 0;
    assert_true(qn_profile_roof_share(profile, &profile->row[0]) == 0);
    qn_profile_destroy(&profile);
}

/* One kernel takes most: the advice says how near to its roof it is. */
static void test_advice_of_a_roof(void **state)
{
    static const double flops[] = {9e10, 2e10};
    static const char *const words[] = {"at 90 % of what the device can do: only a smaller model",
                                        "at 20 % of what the device can do: nothing else"};

    (void)state;
    for (int i = 0; i < QN_COUNT(words); i++) {
        qn_profile *profile = begin();
        char advice[512];
        bool estimated;

        add_limits(profile);
        run(profile, add_step(profile, "a/x", 0, (qn_cost){flops[i], 1}), 1, 2);
        qn_profile_sort(profile);
        assert_non_null(
            strstr(qn_profile_advice(profile, advice, sizeof advice, &estimated), words[i]));
        assert_false(estimated);
        qn_profile_destroy(&profile);
    }
}

/* Device times come to the host's clock, commands in the order of their enqueueing, spans nest. */
static void test_timeline(void **state)
{
    static const double enqueue[] = {5.0, 5.2, 5.1}, begin_at[] = {900.25, 900.9, 900.5};
    qn_timeline t = {.env = &env};
    char name[32];

    (void)state;
    qn_timeline_hold(&t, QN_USE_SAMPLES, 7, 1.0);
    qn_timeline_begin(&t, 5.0);
    for (int i = 0; i < 3; i++) {
        qn_profile_record record = {.entry = (size_t)i,
                                    .measured = true,
                                    .host_begin = enqueue[i],
                                    .host_end = enqueue[i] + 0.01,
                                    .begin = begin_at[i],
                                    .end = begin_at[i] + 0.1};

        qn_timeline_record(&t, &record);
    }
    size_t outer = qn_timeline_enter(&t, "epoch", 3), inner = qn_timeline_enter(&t, "wait", -1);

    qn_timeline_leave(&t, outer); /* and the one that an early return left open */
    qn_timeline_leave(&t, qn_timeline_enter(&t, "fit", -1));
    qn_timeline_enter(&t, "open", -1);
    qn_timeline_end(&t);
    assert_true(t.memory[0].at == 0);
    assert_int_equal(t.commands, 3);
    /* 900.25 - 5.0 is the least distance of the clocks. */
    for (int i = 0; i < 3; i++) {
        static const int order[] = {0, 2, 1};

        assert_int_equal(t.command[i].entry, order[i]);
        assert_true(fabs(t.command[i].begin - (begin_at[order[i]] - 900.25)) < 1e-9);
        assert_true(t.command[i].begin >= t.command[i].host_begin - 1e-9);
    }
    assert_int_equal(t.span[inner].depth, 1);
    assert_int_equal(t.span[2].depth, 0);
    assert_true(t.span[inner].end >= t.span[inner].begin);
    assert_true(t.span[inner].end <= t.span[outer].end);
    assert_true(t.span[3].end >= t.span[3].begin);
    assert_string_equal(qn_timeline_name(&t.span[outer], name, sizeof name), "epoch 3");
    assert_string_equal(qn_timeline_name(&t.span[inner], name, sizeof name), "wait");
    qn_timeline_free(&t);
}

/* The report's data: columns of equal length, whole nanoseconds, rows that are there. */
static void test_report_data(void **state)
{
    qn_profile *profile = training(0.0005);
    json_t *data, *commands, *column;
    const char *key;

    (void)state;
    for (size_t i = 0; i < 6; i++) {
        qn_profile_record record = {.entry = i, .measured = i != 2, .host_begin = (double)i};

        record.host_end = record.host_begin + 0.5;
        record.begin = record.measured ? record.host_begin + 1 : 0;
        record.end = record.measured ? record.begin + 0.25 : 0;
        qn_timeline_record(&profile->timeline, &record);
    }
    qn_timeline_end(&profile->timeline);
    data = qn_profile_report_json(profile);
    commands = json_object_get(json_object_get(data, "timeline"), "commands");
    json_object_foreach(commands, key, column) assert_int_equal(json_array_size(column), 6);
    assert_int_equal(json_object_size(commands), 5);
    column = json_object_get(commands, "begin");
    assert_true(json_is_null(json_array_get(column, 2)));
    assert_int_equal(json_integer_value(json_array_get(column, 3)), 2000000000);
    for (size_t i = 0; i < 6; i++) {
        size_t kernel =
            (size_t)json_integer_value(json_array_get(json_object_get(commands, "kernel"), i));

        assert_true(kernel == profile->row_of[i] && kernel < profile->row_count);
    }
    json_decref(data);
    qn_profile_destroy(&profile);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sums),         cmocka_unit_test(test_json),
        cmocka_unit_test(test_table),        cmocka_unit_test(test_advice),
        cmocka_unit_test(test_not_measured), cmocka_unit_test(test_csv),
        cmocka_unit_test(test_roof),         cmocka_unit_test(test_advice_of_a_roof),
        cmocka_unit_test(test_timeline),     cmocka_unit_test(test_report_data),
    };

    qn_env_init(&env, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
