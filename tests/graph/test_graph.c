/* SPDX-License-Identifier: Apache-2.0 */
/* The graph room: mistakes, gradients of composed expressions, in-place updates, memory, functions.
 */
#include "base/util.h"
#include "graph/memory.h"
#include "graph/passes.h"
#include "ops/ops.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static qn_context *ctx;

static int open_context(void **state)
{
    (void)state;
    if (qn_context_create(&ctx, .seed = 7) == QN_OK)
        return 0;
    fprintf(stderr, "%s\n", qn_error(ctx));
    return 1;
}

static int close_context(void **state)
{
    (void)state;
    qn_context_destroy(&ctx);
    return 0;
}

#define assert_ok(call)                                                                            \
    do {                                                                                           \
        if ((call) != QN_OK)                                                                       \
            fail_msg("%s: %s", #call, qn_error(ctx));                                              \
    } while (0)

/* ---- mistakes ---- */

static void first_mistake_is_kept(void **state)
{
    (void)state;
    qn_graph *graph;
    assert_ok(qn_graph_create(ctx, &graph));
    float data[6] = {0};
    qn_value *a = qn_graph_constant(graph, qn_f32(data, 2, 3));
    qn_value *b = qn_graph_constant(graph, qn_f32(data, 2, 3));
    qn_value *wrong = qn_ops_matmul(a, b, false, false);
    assert_null(wrong);
    assert_null(qn_ops_sigmoid(wrong));
    assert_null(qn_ops_add(a, b)); /* nothing more is built after a mistake */
    qn_function *function = NULL;
    assert_int_equal(qn_function_create(graph, 1, &wrong, 0, NULL, &function), QN_ERROR_USAGE);
    assert_non_null(strstr(qn_error(ctx), "matmul"));
    assert_non_null(strstr(qn_error(ctx), "(2, 3)"));
    assert_null(function);
    qn_graph_destroy(&graph);
}

static void gradient_of_a_matrix_is_refused(void **state)
{
    (void)state;
    qn_graph *graph;
    assert_ok(qn_graph_create(ctx, &graph));
    float data[4] = {1, 2, 3, 4};
    qn_value *x = qn_graph_variable(graph, "x", qn_f32(data, 2, 2));
    qn_value *unrelated = qn_graph_variable(graph, "other", qn_f32(data, 2, 2));
    qn_value *dx;
    assert_int_equal(qn_gradients(qn_ops_square(x), 1, &x, &dx), QN_ERROR_USAGE);
    assert_non_null(strstr(qn_error(ctx), "(2, 2)"));
    assert_int_equal(qn_gradients(qn_ops_sum(x), 1, &unrelated, &dx), QN_ERROR_USAGE);
    assert_non_null(strstr(qn_error(ctx), "other"));
    qn_graph_destroy(&graph);
}

/* ---- gradients ---- */

/* f(w, b) = mean((tanh(x w + b) - t)^2) + 0.1 sum(w^2), in double. */
enum { ROWS = 5, IN = 4, OUT = 3 };

static double host_loss(const double *x, const double *t, const double *w, const double *b)
{
    double loss = 0, penalty = 0;
    for (int r = 0; r < ROWS; r++)
        for (int c = 0; c < OUT; c++) {
            double z = b[c];
            for (int k = 0; k < IN; k++)
                z += x[r * IN + k] * w[k * OUT + c];
            double d = tanh(z) - t[r * OUT + c];
            loss += d * d;
        }
    for (int i = 0; i < IN * OUT; i++)
        penalty += w[i] * w[i];
    return loss / (ROWS * OUT) + 0.1 * penalty;
}

static void fill(float *values, double *exact, int count, uint32_t stream)
{
    for (int i = 0; i < count; i++) {
        values[i] = qn_random_uniform(qn_random_word(1, 99, stream, 0, (uint64_t)i)) * 2 - 1;
        exact[i] = values[i];
    }
}

static void check_gradient(const float *found, double *parameter, int count, const double *x,
                           const double *t, const double *w, const double *b)
{
    double largest = 0, worst = 0;
    const double h = 1e-5;
    for (int i = 0; i < count; i++) {
        double keep = parameter[i];
        parameter[i] = keep + h;
        double up = host_loss(x, t, w, b);
        parameter[i] = keep - h;
        double down = host_loss(x, t, w, b);
        parameter[i] = keep;
        double expected = (up - down) / (2 * h);
        largest = fmax(largest, fabs(expected));
        worst = fmax(worst, fabs(expected - found[i]));
    }
    assert_true(worst <= 1e-5 * largest);
}

static void gradients_match_differences(void **state)
{
    (void)state;
    float x[ROWS * IN], t[ROWS * OUT], w[IN * OUT], b[OUT], dw[IN * OUT], db[OUT], loss;
    double xd[ROWS * IN], td[ROWS * OUT], wd[IN * OUT], bd[OUT];
    fill(x, xd, ROWS * IN, 1);
    fill(t, td, ROWS * OUT, 2);
    fill(w, wd, IN * OUT, 3);
    fill(b, bd, OUT, 4);
    qn_graph *graph;
    assert_ok(qn_graph_create(ctx, &graph));
    qn_value *vx = qn_graph_input(graph, "x", QN_F32, 2, (int64_t[]){ROWS, IN});
    qn_value *vt = qn_graph_constant(graph, qn_f32(t, ROWS, OUT));
    qn_value *vw = qn_graph_variable(graph, "w", qn_f32(w, IN, OUT));
    qn_value *vb = qn_graph_variable(graph, "b", qn_f32(b, OUT));
    qn_value *y = qn_ops_tanh(qn_ops_add(qn_ops_matmul(vx, vw, false, false), vb));
    qn_value *penalty = qn_ops_affine(qn_ops_sum(qn_ops_square(vw)), 0.1, 0);
    qn_value *f = qn_ops_add(qn_ops_mean(qn_ops_square(qn_ops_subtract(y, vt))), penalty);
    qn_value *parameters[2] = {vw, vb}, *gradients[2];
    assert_ok(qn_gradients(f, 2, parameters, gradients));
    qn_value *outputs[3] = {f, gradients[0], gradients[1]};
    qn_function *function;
    assert_ok(qn_function_create(graph, 3, outputs, 0, NULL, &function));
    qn_feed feed = {vx, qn_f32(x, ROWS, IN)};
    qn_fetch fetches[3] = {{f, {.data = &loss, .dtype = QN_F32}},
                           {gradients[0], qn_f32_out(dw, IN, OUT)},
                           {gradients[1], qn_f32_out(db, OUT)}};
    assert_ok(qn_function_run(function, 1, &feed, 3, fetches));
    assert_true(fabs(loss - host_loss(xd, td, wd, bd)) < 1e-5);
    check_gradient(dw, wd, IN * OUT, xd, td, wd, bd);
    check_gradient(db, bd, OUT, xd, td, wd, bd);
    assert_int_equal(qn_function_run(function, 0, NULL, 1, fetches), QN_ERROR_USAGE);
    assert_non_null(strstr(qn_error(ctx), "'x' is not fed"));
    qn_function_destroy(&function);
    qn_graph_destroy(&graph);
}

/* ---- in-place updates ---- */

static void assignments_read_old_values(void **state)
{
    (void)state;
    float a[3] = {1, 2, 3}, b[3] = {10, 20, 30}, got_a[3], got_b[3], sum[3];
    qn_graph *graph;
    assert_ok(qn_graph_create(ctx, &graph));
    qn_value *va = qn_graph_variable(graph, "a", qn_f32(a, 3));
    qn_value *vb = qn_graph_variable(graph, "b", qn_f32(b, 3));
    qn_value *swap[2] = {qn_ops_assign(va, vb), qn_ops_assign(vb, va)};
    qn_value *total = qn_ops_add(va, vb); /* made after the assignments: still the old values */
    qn_value *doubled = qn_ops_affine(swap[0], 2, 0); /* reads the new value of a */
    qn_value *outputs[2] = {total, doubled};
    qn_function *function;
    assert_ok(qn_function_create(graph, 2, outputs, 2, swap, &function));
    float twice[3];
    qn_fetch fetches[4] = {{va, qn_f32_out(got_a, 3)},
                           {vb, qn_f32_out(got_b, 3)},
                           {total, qn_f32_out(sum, 3)},
                           {doubled, qn_f32_out(twice, 3)}};
    assert_ok(qn_function_run(function, 0, NULL, 4, fetches));
    for (int i = 0; i < 3; i++) {
        assert_true(got_a[i] == b[i]);
        assert_true(got_b[i] == a[i]);
        assert_true(sum[i] == a[i] + b[i]);
        assert_true(twice[i] == 2 * b[i]);
    }
    qn_function_destroy(&function);
    qn_graph_destroy(&graph);
}

static void gradient_descent_converges(void **state)
{
    (void)state;
    float start[2] = {4, -3}, scale[2] = {1, 5}, at[2];
    qn_graph *graph;
    assert_ok(qn_graph_create(ctx, &graph));
    qn_value *x = qn_graph_variable(graph, "x", qn_f32(start, 2));
    qn_value *c = qn_graph_constant(graph, qn_f32(scale, 2));
    qn_value *f = qn_ops_sum(qn_ops_multiply(qn_ops_square(x), c)), *g;
    assert_ok(qn_gradients(f, 1, &x, &g));
    qn_value *step = qn_ops_assign(x, qn_ops_subtract(x, qn_ops_affine(g, 0.05, 0)));
    qn_function *function;
    assert_ok(qn_function_create(graph, 0, NULL, 1, &step, &function));
    for (int i = 0; i < 10; i++)
        assert_ok(qn_function_run(function, 0, NULL, 0, NULL));
    assert_ok(qn_function_run(function, 0, NULL, 1, &(qn_fetch){x, qn_f32_out(at, 2)}));
    assert_true(fabs(at[0] - 4 * pow(0.9, 11)) < 1e-5);
    assert_true(fabs(at[1] + 3 * pow(0.5, 11)) < 1e-5);
    qn_function_destroy(&function);
    qn_graph_destroy(&graph);
}

static size_t position(const qn_work *work, const qn_value *made)
{
    size_t at = 0;
    while (at < work->count && work->node[at] != qn_work_maker(work, made))
        at++;
    assert_true(at < work->count);
    return at;
}

/* The update was asked for first; the latch that it reads is written by the record. */
static void latch_is_written_before_it_is_read(void **state)
{
    (void)state;
    float w[4] = {1, 2, 3, 4};
    qn_graph *graph;
    assert_ok(qn_graph_create(ctx, &graph));
    qn_value *v = qn_graph_variable(graph, "w", qn_f32(w, 4)), *g;
    qn_value *latch = qn_graph_add_data(graph, "latch", QN_I32, (qn_shape){1, {2}});
    qn_value *results = qn_graph_add_data(graph, "results", QN_F32, (qn_shape){2, {8, 1}});
    qn_value *x = qn_graph_add_input(graph, "x", QN_F32, (qn_shape){2, {QN_BATCH, 4}});
    qn_value *rows = qn_op_loss(QN_LOSS_SQUARED, x, qn_op_bias_add(x, v));
    assert_ok(qn_gradients(qn_op_batch_mean(rows), 1, &v, &g));
    g = qn_graph_place_gradient(g, v->variable);
    qn_value *update[2];
    update[0] = qn_op_sgd(graph->own_storage, 1, &g, latch, (qn_update_rule){0}, 0, false);
    update[1] = qn_op_record(1, &rows, results, latch);
    qn_plan_request request = {.graph = graph,
                               .device = ctx->device[0],
                               .batch = 3,
                               .update_count = 2,
                               .update = update,
                               .storage = graph->own_storage};
    qn_work work;
    assert_ok(qn_work_run(&request, &work));
    assert_true(position(&work, update[1]) < position(&work, update[0]));
    qn_work_free(&work);
    qn_graph_destroy(&graph);
}

/* ---- memory ---- */

/* A random graph of elementwise ops and products on [n, n] matrices. */
static qn_value *random_graph(qn_graph *graph, uint32_t seed, qn_value **roots, int root_count)
{
    static const float zero[8 * 8];
    qn_value *pool[40];
    int count = 0;
    pool[count++] = qn_graph_input(graph, "x", QN_F32, 2, (int64_t[]){8, 8});
    pool[count++] = qn_graph_variable(graph, "w", qn_f32(zero, 8, 8));
    while (count < 40) {
        uint32_t word = qn_random_word(seed, 5, 0, 0, (uint64_t)count);
        qn_value *a = pool[(word >> 4) % (unsigned)count];
        qn_value *b = pool[(word >> 12) % (unsigned)count];
        switch (word % 5) {
        case 0:
            pool[count] = qn_ops_tanh(a);
            break;
        case 1:
            pool[count] = qn_ops_add(a, b);
            break;
        case 2:
            pool[count] = qn_ops_matmul(a, b, false, word & 8);
            break;
        case 3:
            pool[count] = qn_ops_reshape(a, 2, (int64_t[]){8, 8});
            break;
        default:
            pool[count] = qn_ops_softmax(a);
            break;
        }
        assert_non_null(pool[count]);
        count++;
    }
    for (int i = 0; i < root_count; i++)
        roots[i] = pool[count - 1 - i];
    return pool[count - 1];
}

static bool overlap(const qn_place *a, const qn_place *b)
{
    return a->segment == b->segment && a->offset < b->offset + b->bytes &&
           b->offset < a->offset + a->bytes;
}

/* What is read at step i must not have been overwritten since it was written: simulate ownership of
 * every byte range by the value that last wrote it. */
static void check_layout(const qn_work *work, const qn_layout *layout)
{
    for (size_t i = 0; i < work->count; i++) {
        for (int k = 0; k < work->node[i]->input_count; k++) {
            const qn_value *read = qn_work_base(work, work->node[i]->input[k]);
            const qn_place *place = &layout->value[read->id];
            if (place->home != QN_HOME_ARENA)
                continue;
            size_t made = 0;
            while (qn_work_maker(work, read) != work->node[made])
                made++;
            assert_true(made < i);
            for (size_t j = made + 1; j < i; j++) {
                const qn_value *out = qn_work_base(work, work->node[j]->output[0]);
                if (out != read && layout->value[out->id].home == QN_HOME_ARENA &&
                    qn_work_maker(work, out) == work->node[j])
                    assert_false(overlap(place, &layout->value[out->id]));
            }
        }
    }
}

static void memory_is_never_overwritten_early(void **state)
{
    (void)state;
    for (uint32_t seed = 0; seed < 60; seed++) {
        qn_graph *graph;
        assert_ok(qn_graph_create(ctx, &graph));
        qn_value *roots[2];
        random_graph(graph, seed, roots, 2);
        qn_plan_request request = {
            .graph = graph, .device = ctx->device[0], .batch = 1, .root_count = 2, .root = roots};
        qn_work work;
        qn_layout layout;
        assert_ok(qn_work_run(&request, &work));
        assert_ok(qn_layout_make(&work, ctx->device[0], graph->own_storage, 1, &layout));
        check_layout(&work, &layout);
        assert_false(overlap(&layout.value[roots[0]->id], &layout.value[roots[1]->id]) &&
                     qn_work_base(&work, roots[0]) != qn_work_base(&work, roots[1]) &&
                     layout.value[roots[0]->id].home == QN_HOME_ARENA &&
                     layout.value[roots[1]->id].home == QN_HOME_ARENA);
        qn_layout_free(work.env, &layout);
        qn_work_free(&work);
        qn_graph_destroy(&graph);
    }
}

static void too_large_a_plan_says_what_would_help(void **state)
{
    (void)state;
    qn_graph *graph;
    assert_ok(qn_graph_create(ctx, &graph));
    int64_t huge = (int64_t)1 << 40;
    qn_value *x = qn_graph_input(graph, "x", QN_F32, 1, &huge);
    qn_value *y = qn_ops_tanh(x);
    qn_function *function;
    assert_int_equal(qn_function_create(graph, 1, &y, 0, NULL, &function), QN_ERROR_MEMORY);
    assert_null(function);
    qn_graph_destroy(&graph);
}

static void a_plan_prints(void **state)
{
    (void)state;
    qn_graph *graph;
    float w[12] = {0};
    assert_ok(qn_graph_create(ctx, &graph));
    qn_value *x = qn_graph_input(graph, "x", QN_F32, 2, (int64_t[]){2, 3});
    qn_value *y =
        qn_ops_relu(qn_ops_matmul(x, qn_graph_variable(graph, "w", qn_f32(w, 3, 4)), false, false));
    qn_plan_request request = {.graph = graph,
                               .device = ctx->device[0],
                               .batch = 1,
                               .root_count = 1,
                               .root = &y,
                               .storage = graph->own_storage};
    qn_plan *plan;
    assert_ok(qn_plan_create(&request, &plan));
    qn_text text = {.env = &ctx->env};
    assert_ok(qn_plan_table_print(plan, false, &text));
    assert_non_null(strstr(qn_text_get(&text), "KERNEL"));
    assert_ok(qn_plan_table_print(plan, true, &text));
    assert_non_null(strstr(qn_text_get(&text), "\"segment\""));
    request.stop_after = "build";
    assert_ok(qn_plan_dot(&request, &text));
    assert_non_null(strstr(qn_text_get(&text), "digraph"));
    request.stop_after = "bake";
    assert_int_equal(qn_plan_dot(&request, &text), QN_ERROR_USAGE);
    qn_text_free(&text);
    qn_plan_destroy(&plan);
    qn_graph_destroy(&graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_mistake_is_kept),
        cmocka_unit_test(gradient_of_a_matrix_is_refused),
        cmocka_unit_test(gradients_match_differences),
        cmocka_unit_test(assignments_read_old_values),
        cmocka_unit_test(gradient_descent_converges),
        cmocka_unit_test(latch_is_written_before_it_is_read),
        cmocka_unit_test(memory_is_never_overwritten_early),
        cmocka_unit_test(too_large_a_plan_says_what_would_help),
        cmocka_unit_test(a_plan_prints),
    };
    return cmocka_run_group_tests_name("graph", tests, open_context, close_context);
}
