/* SPDX-License-Identifier: Apache-2.0 */
/* Ops that write or draw: assign, record, gather, store_rows, random numbers. */
#include "base/util.h"
#include "rig.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static void succeed(const qn_context *ctx, qn_status status)
{
    if (status != QN_OK)
        fail_msg("%s: %s", qn_status_name(status), qn_error(ctx));
}

static qn_graph *new_graph(qn_context *ctx)
{
    qn_graph *graph = NULL;
    succeed(ctx, qn_graph_create(ctx, &graph));
    return graph;
}

/* ---- assign ---- */

/* Two variables are exchanged: every op reads the old elements. */
static void exchange(void **state)
{
    qn_context *ctx = *state;
    qn_graph *graph = new_graph(ctx);
    qn_function *function = NULL;
    float a[3] = {1, 2, 3}, b[3] = {4, 5, 6}, sum[3];
    qn_value *va = qn_graph_variable(graph, "a", qn_f32(a, 3));
    qn_value *vb = qn_graph_variable(graph, "b", qn_f32(b, 3));
    qn_value *update[2] = {qn_ops_assign(va, vb), qn_ops_assign(vb, va)};
    qn_value *out = qn_ops_add(qn_ops_affine(va, 10, 0), vb);
    succeed(ctx, qn_function_create(graph, 1, &out, 2, update, &function));
    qn_fetch fetches[3] = {
        {out, qn_f32_out(sum, 3)}, {va, qn_f32_out(a, 3)}, {vb, qn_f32_out(b, 3)}};
    succeed(ctx, qn_function_run(function, 0, NULL, 3, fetches));
    for (int i = 0; i < 3; i++) {
        assert_float_equal(a[i], 4 + i, 0);
        assert_float_equal(b[i], 1 + i, 0);
        assert_float_equal(sum[i], 10 * (1 + i) + 4 + i, 0);
    }
    qn_function_destroy(&function);
    qn_graph_destroy(&graph);
}

/* assign gives the new value: w' = w - 0.25 w^2; further ops read it, and gradients pass through to
 * what made it. */
static void new_value(void **state)
{
    qn_context *ctx = *state;
    qn_graph *graph = new_graph(ctx);
    qn_function *function = NULL;
    float w[2] = {2, -4}, now[2], twice[2], gradient[2];
    qn_value *vw = qn_graph_variable(graph, "w", qn_f32(w, 2)), *dw = NULL;
    qn_value *moved =
        qn_ops_assign(vw, qn_ops_subtract(vw, qn_ops_affine(qn_ops_square(vw), 0.25, 0)));
    qn_value *doubled = qn_ops_affine(moved, 2, 0);
    succeed(ctx, qn_gradients(qn_ops_sum(doubled), 1, &vw, &dw));
    qn_value *outputs[3] = {moved, doubled, dw};
    succeed(ctx, qn_function_create(graph, 3, outputs, 1, &moved, &function));
    qn_fetch fetches[4] = {{moved, qn_f32_out(now, 2)},
                           {doubled, qn_f32_out(twice, 2)},
                           {dw, qn_f32_out(gradient, 2)},
                           {vw, qn_f32_out(w, 2)}};
    succeed(ctx, qn_function_run(function, 0, NULL, 4, fetches));
    assert_float_equal(now[0], 1, 0);
    assert_float_equal(now[1], -8, 0);
    for (int i = 0; i < 2; i++) {
        assert_float_equal(w[i], now[i], 0);
        assert_float_equal(twice[i], 2 * now[i], 0);
    }
    assert_float_equal(gradient[0], 2 * (1 - 0.5 * 2), 1e-6);
    assert_float_equal(gradient[1], 2 * (1 + 0.5 * 4), 1e-6);
    qn_function_destroy(&function);
    assert_null(qn_ops_assign(doubled, moved));
    assert_non_null(strstr(qn_error(ctx), "is not a variable"));
    qn_graph_destroy(&graph);
}

/* ---- gather, record, store_rows ---- */

static qn_buffer *filled(qn_context *ctx, size_t bytes, const void *data)
{
    qn_buffer *buffer = NULL;
    succeed(ctx, qn_buffer_create(ctx->device[0], bytes, &buffer));
    if (data)
        succeed(ctx, qn_buffer_write(buffer, 0, bytes, data));
    return buffer;
}

enum { SAMPLES = 9, PIXELS = 6, RING = 16 };

/* Images and labels by index, from index_at on; padded rows are zero. */
static void gather(void **state)
{
    qn_context *ctx = *state;
    qn_graph *graph = new_graph(ctx);
    uint8_t images[SAMPLES * PIXELS], labels[SAMPLES];
    uint32_t index[RING];
    float x[RIG_BATCH * PIXELS];
    int32_t y[RIG_BATCH];
    for (int i = 0; i < SAMPLES * PIXELS; i++)
        images[i] = (uint8_t)(i * 37);
    for (int i = 0; i < SAMPLES; i++)
        labels[i] = (uint8_t)(200 - i);
    for (int i = 0; i < RING; i++)
        index[i] = (uint32_t)(i * 5 % SAMPLES);
    qn_value *data = qn_graph_add_data(graph, "images", QN_U8, (qn_shape)SHAPE(SAMPLES, 2, 3));
    qn_value *classes = qn_graph_add_data(graph, "labels", QN_U8, (qn_shape)SHAPE(SAMPLES));
    qn_value *order = qn_graph_add_data(graph, "index", QN_I32, (qn_shape)SHAPE(RING));
    qn_value *roots[2] = {qn_op_gather(data, order, QN_F32, 1.0f / 255),
                          qn_op_gather(classes, order, QN_I32, 1)};
    struct qn_bind bind[3] = {{data, filled(ctx, sizeof images, images)},
                              {classes, filled(ctx, sizeof labels, labels)},
                              {order, filled(ctx, sizeof index, index)}};
    qn_plan_request request = {
        .graph = graph, .root_count = 2, .root = roots, .bind_count = 3, .bind = bind};
    qn_step_row row = {.rows = RIG_ROWS, .index_at = 7};
    float *out[2] = {x, (float *)(void *)y};
    rig_run(&request, &row, 0, NULL, out);
    for (int r = 0; r < RIG_BATCH; r++) {
        uint32_t sample = index[7 + r];
        for (int c = 0; c < PIXELS; c++)
            assert_float_equal(
                x[r * PIXELS + c],
                r < RIG_ROWS ? (double)images[sample * PIXELS + (uint32_t)c] / 255 : 0, 1e-6);
        assert_int_equal(y[r], r < RIG_ROWS ? labels[sample] : 0);
    }
    for (int i = 0; i < 3; i++)
        qn_buffer_destroy(&bind[i].buffer);
    qn_graph_destroy(&graph);
}

/* Runs record over a loss of rank 1 and a metric of rank 2, with the loss's row 1 given. */
static void run_record(qn_context *ctx, float row_1, float *results, int32_t *latched)
{
    qn_graph *graph = new_graph(ctx);
    float loss[RIG_BATCH] = {1, row_1, 3, NAN, 5}, metric[RIG_BATCH * 2];
    for (int i = 0; i < RIG_BATCH * 2; i++)
        metric[i] = (float)i;
    qn_value *values[2] = {qn_graph_add_input(graph, "loss", QN_F32, (qn_shape)SHAPE(B)),
                           qn_graph_add_input(graph, "metric", QN_F32, (qn_shape)SHAPE(B, 2))};
    qn_value *ring = qn_graph_add_data(graph, "results", QN_F32, (qn_shape)SHAPE(4, 2));
    qn_value *latch = qn_graph_add_data(graph, "latch", QN_I32, (qn_shape)SHAPE(2));
    qn_value *update = qn_op_record(2, values, ring, latch);
    struct qn_bind bind[2] = {{ring, filled(ctx, 8 * sizeof(float), NULL)},
                              {latch, filled(ctx, 2 * sizeof(int32_t), NULL)}};
    qn_plan_request request = {
        .graph = graph, .update_count = 1, .update = &update, .bind_count = 2, .bind = bind};
    qn_step_row row = {.rows = RIG_ROWS, .out_at = 2};
    rig_feed feeds[2] = {{values[0], loss}, {values[1], metric}};
    rig_run(&request, &row, 2, feeds, NULL);
    succeed(ctx, qn_buffer_read(bind[0].buffer, 0, 8 * sizeof(float), results));
    succeed(ctx, qn_buffer_read(bind[1].buffer, 0, 2 * sizeof(int32_t), latched));
    qn_buffer_destroy(&bind[0].buffer);
    qn_buffer_destroy(&bind[1].buffer);
    qn_graph_destroy(&graph);
}

static void record(void **state)
{
    float results[8];
    int32_t latched[2];
    run_record(*state, 2, results, latched);
    for (int i = 0; i < 8; i++)
        assert_float_equal(results[i], i == 4 ? 6 : i == 5 ? 7.5 : 0, 1e-6);
    assert_int_equal(latched[0], 0);
    run_record(*state, INFINITY, results, latched);
    assert_true(isinf(results[4]));
    assert_int_equal(latched[0], 1);
    assert_int_equal(latched[1], 2);
}

static void store_rows(void **state)
{
    qn_context *ctx = *state;
    qn_graph *graph = new_graph(ctx);
    float rows[RIG_BATCH * 3], stored[RING * 3];
    rig_fill(rows, RIG_BATCH * 3, 1, 2, 0);
    qn_value *x = qn_graph_add_input(graph, "x", QN_F32, (qn_shape)SHAPE(B, 3));
    qn_value *ring = qn_graph_add_data(graph, "ring", QN_F32, (qn_shape)SHAPE(RING, 3));
    qn_value *update = qn_op_store_rows(x, ring);
    struct qn_bind bind = {ring, filled(ctx, sizeof stored, NULL)};
    qn_plan_request request = {
        .graph = graph, .update_count = 1, .update = &update, .bind_count = 1, .bind = &bind};
    qn_step_row row = {.rows = RIG_ROWS, .out_at = 4};
    rig_feed feed = {x, rows};
    rig_run(&request, &row, 1, &feed, NULL);
    succeed(ctx, qn_buffer_read(bind.buffer, 0, sizeof stored, stored));
    for (int i = 0; i < RING * 3; i++)
        assert_float_equal(stored[i], i / 3 >= 4 && i / 3 < 4 + RIG_ROWS ? rows[i - 12] : 0, 0);
    qn_buffer_destroy(&bind.buffer);
    qn_graph_destroy(&graph);
}

/* ---- random numbers ---- */

static uint32_t word(const qn_context *ctx, uint32_t stream, uint32_t run, int element)
{
    return qn_random_word(qn_context_seed(ctx), QN_RANDOM_OPS, stream, run, (uint64_t)element);
}

/* Element i is word i of (seed, purpose, run); each run draws anew, each purpose has its own. */
static void random_numbers(void **state)
{
    qn_context *ctx = *state;
    qn_graph *graph = new_graph(ctx);
    qn_function *function = NULL;
    enum { N = 1003 };
    static float uniform[N], normal[N];
    static double expected[N];
    qn_value *outputs[2] = {qn_ops_random_uniform(graph, 2, (int64_t[]){17, 59}, -2, 3, 5),
                            qn_ops_random_normal(graph, 1, (int64_t[]){N}, 1, 2, 6)};
    succeed(ctx, qn_function_create(graph, 2, outputs, 0, NULL, &function));
    qn_fetch fetches[2] = {{outputs[0], qn_f32_out(uniform, 17, 59)},
                           {outputs[1], qn_f32_out(normal, N)}};
    for (uint32_t run = 0; run < 3; run++) {
        succeed(ctx, qn_function_run(function, 0, NULL, 2, fetches));
        for (int i = 0; i < N; i++)
            expected[i] = -2 + 5 * (double)qn_random_uniform(word(ctx, 5, run, i));
        rig_assert_close("uniform", uniform, expected, N, 1e-6);
        for (int i = 0; i < N; i++) {
            double u = (double)qn_random_uniform(word(ctx, 6, run, 2 * i)) + 0x1p-24;
            double turn = qn_random_uniform(word(ctx, 6, run, 2 * i + 1));
            expected[i] = 1 + 2 * sqrt(-2 * log(u)) * cos(2 * 3.14159265358979323846 * turn);
        }
        rig_assert_close("normal", normal, expected, N, 1e-5);
    }
    qn_function_destroy(&function);
    qn_graph_destroy(&graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exchange), cmocka_unit_test(new_value),  cmocka_unit_test(gather),
        cmocka_unit_test(record),   cmocka_unit_test(store_rows), cmocka_unit_test(random_numbers),
    };
    return cmocka_run_group_tests(tests, rig_open, rig_close);
}
