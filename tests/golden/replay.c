/* SPDX-License-Identifier: Apache-2.0 */
/* Doing what a record says through the public API, and comparing with what Keras did. */
#include "replay.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const char *text_or_null(const json_t *record, const char *key)
{
    const char *text = golden_is(record, key) ? golden_text(record, key) : "";
    return *text ? text : NULL;
}

/* The record's weights are the model's last: those before are a normalization's own. */
static void set_weights(qn_model *model, const json_t *record)
{
    const qn_context *ctx = qn_model_context(model);
    const json_t *weights = golden_get(record, "weights");
    int own = qn_weight_count(model) - (int)json_array_size(weights);

    if (own != 0 && !golden_is(record, "adapt"))
        fail_msg("the model has %d weights, Keras's %zu", qn_weight_count(model),
                 json_array_size(weights));
    for (int i = own; i < qn_weight_count(model); i++) {
        golden_tensor weight = golden_read(json_array_get(weights, (size_t)(i - own)));

        golden_ok(ctx, qn_set_weight(model, i, weight.array), "set_weight");
        golden_free(&weight);
    }
}

qn_model *replay_model(qn_context *ctx, const json_t *record, const qn_array *x)
{
    qn_model *model = NULL;

    golden_ok(ctx, qn_sequential(ctx, &model), "sequential");
    golden_ok(ctx, qn_add_text(model, golden_text(record, "layers")), "layers");
    golden_ok(ctx, qn_build(model, x->rank - 1, x->shape + 1), "build");
    if (golden_is(record, "adapt"))
        golden_ok(ctx, qn_adapt(model, *x), "adapt");
    golden_ok(ctx,
              qn_compile(model, .optimizer = text_or_null(record, "optimizer"),
                         .loss = golden_text(record, "loss"),
                         .metrics = text_or_null(record, "metrics")),
              "compile");
    set_weights(model, record);
    return model;
}

void replay_fit(qn_model *model, const json_t *record, qn_array x, qn_array y,
                qn_array sample_weight)
{
    bool split = golden_is(record, "validation_split");

    golden_ok(qn_model_context(model),
              qn_fit(model, .x = x, .y = y, .sample_weight = sample_weight, .shuffle = false,
                     .class_weight = text_or_null(record, "class_weight"),
                     .callbacks = text_or_null(record, "callbacks"),
                     .validation_split = split ? golden_number(record, "validation_split") : 0,
                     .epochs = (int64_t)golden_number(record, "epochs"),
                     .batch_size = (int64_t)golden_number(record, "batch_size")),
              "fit");
}

void replay_check_history(const qn_model *model, const json_t *wanted, double tolerance)
{
    const char *name;
    json_t *list;
    qn_logs logs = {0};

    json_object_foreach((json_t *)wanted, name, list)
    {
        golden_tensor want = golden_list(list);
        float *got = calloc(want.count, sizeof *got);

        assert_non_null(got);
        if (qn_history_epochs(model) != (int64_t)want.count)
            fail_msg("%lld epochs were run, by Keras %zu", (long long)qn_history_epochs(model),
                     want.count);
        for (size_t i = 0; i < want.count; i++) {
            double value = 0;

            if (!qn_history_get(model, name, (int64_t)i, &value))
                fail_msg("the history has no \"%s\" for epoch %zu", name, i);
            got[i] = (float)value;
        }
        golden_compare(name, got, want.values, want.count, tolerance);
        free(got);
        golden_free(&want);
    }
    assert_true(qn_history_logs(model, 0, &logs, NULL));
    assert_int_equal(logs.count, json_object_size(wanted));
}

void replay_check_logs(const qn_logs *logs, const json_t *wanted, double tolerance)
{
    const char *name;
    json_t *number;

    assert_int_equal(logs->count, json_object_size(wanted));
    json_object_foreach((json_t *)wanted, name, number)
    {
        double found = 0;
        float got, want = (float)json_number_value(number);

        if (!qn_logs_get(logs, name, &found))
            fail_msg("there is no \"%s\", as Keras calls it", name);
        got = (float)found;
        golden_compare(name, &got, &want, 1, tolerance);
    }
}

void replay_check_predictions(qn_model *model, const json_t *wanted, qn_array x, double tolerance)
{
    golden_tensor want = golden_read(wanted);
    float *got = calloc(want.count, sizeof *got);
    qn_out out = {.data = got, .dtype = QN_F32, .rank = want.array.rank};

    assert_non_null(got);
    memcpy(out.shape, want.array.shape, sizeof out.shape);
    golden_ok(qn_model_context(model), qn_predict(model, x, out), "predict");
    golden_compare("predict", got, want.values, want.count, tolerance);
    free(got);
    golden_free(&want);
}

float *replay_weight(qn_model *model, int index, size_t *count)
{
    const qn_context *ctx = qn_model_context(model);
    qn_weight_info info = {.size = sizeof info};
    qn_out out = {.dtype = QN_F32};

    golden_ok(ctx, qn_weight_describe(model, index, &info), "weight_describe");
    out.rank = info.rank;
    memcpy(out.shape, info.shape, sizeof out.shape);
    *count = 1;
    for (int i = 0; i < info.rank; i++)
        *count *= (size_t)info.shape[i];
    out.data = calloc(*count, sizeof(float));
    assert_non_null(out.data);
    golden_ok(ctx, qn_get_weight(model, index, out), "get_weight");
    return out.data;
}

static void check_sample(float *got, size_t count, const json_t *want)
{
    golden_tensor sample = golden_list(golden_get(want, "every_97th"));
    double sum = 0, sum_absolute = 0;

    assert_int_equal(sample.count, (count + 96) / 97);
    for (size_t i = 0; i < count; i++) {
        sum += got[i];
        sum_absolute += fabs(got[i]);
    }
    for (size_t i = 0; i < sample.count; i++)
        got[i] = got[i * 97];
    golden_compare("weights", got, sample.values, sample.count, TRAINING_RUN);
    assert_true(fabs(sum_absolute - golden_number(want, "sum_absolute")) <=
                TRAINING_RUN * sum_absolute);
    assert_true(fabs(sum - golden_number(want, "sum")) <= TRAINING_RUN * sum_absolute);
    golden_free(&sample);
}

void replay_check_samples(qn_model *model, const json_t *list)
{
    assert_int_equal(json_array_size(list), qn_weight_count(model));
    for (int index = 0; index < qn_weight_count(model); index++) {
        size_t count;
        float *got = replay_weight(model, index, &count);

        check_sample(got, count, json_array_get(list, (size_t)index));
        free(got);
    }
}

qn_array replay_rows(qn_array array, int64_t first, int64_t count)
{
    size_t bytes = qn_dtype_size(array.dtype);

    for (int i = 1; i < array.rank; i++)
        bytes *= (size_t)array.shape[i];
    array.data = (const char *)array.data + (size_t)first * bytes;
    array.shape[0] = count;
    return array;
}
