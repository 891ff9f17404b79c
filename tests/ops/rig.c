/* SPDX-License-Identifier: Apache-2.0 */
/* See rig.h. */
#include "rig.h"

#include "base/util.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* Half the distance of a central difference, and the bound of section "Numbers": one op. */
static const double step = 1e-5, tolerance = 1e-5;

int rig_open(void **state)
{
    qn_context *ctx = NULL;
    if (qn_context_create(&ctx, .seed = 1) != QN_OK) {
        fprintf(stderr, "%s\n", qn_error(ctx));
        qn_context_destroy(&ctx);
        return -1;
    }
    *state = ctx;
    return 0;
}

int rig_close(void **state)
{
    qn_context *ctx = *state;
    qn_context_destroy(&ctx);
    return 0;
}

static void succeed(const qn_context *ctx, qn_status status)
{
    if (status != QN_OK)
        fail_msg("%s: %s", qn_status_name(status), qn_error(ctx));
}

void rig_fill(float *values, int64_t count, double low, double high, uint32_t stream)
{
    for (int64_t i = 0; i < count; i++) {
        double u = qn_random_uniform(qn_random_word(7, 0, stream, 0, (uint64_t)i));
        values[i] = (float)(low + (high - low) * u);
        if (low < 0 && high > 0)
            values[i] += values[i] < 0 ? -0.05f : 0.05f;
    }
}

void rig_assert_close(const char *what, const float *a, const double *b, int64_t count,
                      double bound)
{
    double largest = 0;
    for (int64_t i = 0; i < count; i++)
        largest = fmax(largest, fabs(b[i]));
    for (int64_t i = 0; i < count; i++)
        if (!(fabs(a[i] - b[i]) <= bound * largest))
            fail_msg("%s: element %lld of %lld is %.9g, expected %.9g (largest %.3g)", what,
                     (long long)i, (long long)count, a[i], b[i], largest);
}

void rig_run(qn_plan_request *request, const qn_step_row *row, int feed_count,
             const rig_feed *feeds, float **out)
{
    qn_context *ctx = request->graph->context;
    qn_plan *plan = NULL;
    request->device = ctx->device[0];
    request->batch = RIG_BATCH;
    request->table_rows = 1;
    succeed(ctx, qn_plan_create(request, &plan));
    for (int i = 0; i < feed_count; i++) {
        qn_buffer *buffer = qn_plan_buffer(plan, feeds[i].value);
        if (buffer)
            succeed(ctx, qn_buffer_write(buffer, 0, qn_value_bytes(feeds[i].value, RIG_BATCH),
                                         feeds[i].data));
    }
    succeed(ctx, qn_buffer_write(qn_plan_table(plan), 0, sizeof *row, row));
    succeed(ctx, qn_steps_replay(qn_plan_steps(plan), 0));
    for (int i = 0; i < request->root_count; i++)
        succeed(ctx, qn_buffer_read(qn_plan_buffer(plan, request->root[i]), 0,
                                    qn_value_bytes(request->root[i], RIG_BATCH), out[i]));
    succeed(ctx, qn_device_finish(request->device));
    qn_plan_destroy(&plan);
}

/* ---- one case ---- */

typedef struct bench {
    const rig_case *c;
    qn_graph *graph;
    qn_value *in[RIG_INPUTS], *weights;
    qn_value *root[1 + RIG_INPUTS]; /* the output, then the gradients of the inputs not fixed */
    int roots;
    void *data[RIG_INPUTS]; /* as fed */
    float *weight_data;
    float *result[1 + RIG_INPUTS];
    rig_host host;
    bool batched;
    size_t forward; /* nodes of the op itself */
} bench;

static void *take(size_t count, size_t size)
{
    void *memory = calloc(count + 1, size);
    assert_non_null(memory);
    return memory;
}

static void make_input(bench *b, int i)
{
    const rig_input *spec = &b->c->in[i];
    int64_t count = qn_shape_count(&spec->shape, RIG_BATCH);
    float *values = take((size_t)count, sizeof *values);
    int32_t *labels = take((size_t)count, sizeof *labels);
    b->in[i] = qn_graph_add_input(b->graph, "input", spec->dtype, spec->shape);
    assert_non_null(b->in[i]);
    b->host.in[i] = take((size_t)count, sizeof(double));
    b->host.count[i] = count;
    rig_fill(values, count, spec->low, spec->high, (uint32_t)i);
    for (int64_t k = 0; k < count; k++) {
        labels[k] = (int32_t)values[k];
        b->host.in[i][k] = spec->dtype == QN_I32 ? labels[k] : values[k];
    }
    b->data[i] = spec->dtype == QN_I32 ? (void *)labels : (void *)values;
    free(spec->dtype == QN_I32 ? (void *)values : (void *)labels);
}

/* loss = sum of out * weights, or for a batch the mean over the valid rows. */
static qn_value *make_loss(bench *b)
{
    qn_value *out = b->root[0];
    b->weights = qn_graph_add_input(b->graph, "weights", QN_F32, out->shape);
    qn_value *weighted = qn_ops_multiply(out, b->weights);
    return b->batched ? qn_op_batch_mean(weighted) : qn_ops_sum(weighted);
}

static void make_graph(qn_context *ctx, bench *b)
{
    qn_value *wanted[RIG_INPUTS];
    int wanted_count = 0;
    succeed(ctx, qn_graph_create(ctx, &b->graph));
    for (int i = 0; i < b->c->inputs; i++) {
        make_input(b, i);
        if (!b->c->in[i].fixed)
            wanted[wanted_count++] = b->in[i];
    }
    b->root[b->roots++] = b->c->build(b->c, b->in);
    if (!b->root[0])
        fail_msg("%s: %s", b->c->name, qn_error(ctx));
    b->batched = qn_shape_batched(&b->root[0]->shape);
    b->forward = b->graph->node_count;
    if (b->c->no_gradient)
        return;
    succeed(ctx, qn_gradients(make_loss(b), wanted_count, wanted, &b->root[1]));
    b->roots += wanted_count;
}

static void run_device(bench *b)
{
    rig_feed feeds[RIG_INPUTS + 1];
    qn_step_row row = {.rows = RIG_ROWS};
    int64_t count = qn_shape_count(&b->root[0]->shape, RIG_BATCH);
    b->weight_data = take((size_t)count, sizeof(float));
    rig_fill(b->weight_data, count, -1, 1, 99);
    for (int i = 0; i < b->c->inputs; i++)
        feeds[i] = (rig_feed){b->in[i], b->data[i]};
    int feed_count = b->c->inputs;
    if (b->weights)
        feeds[feed_count++] = (rig_feed){b->weights, b->weight_data};
    for (int i = 0; i < b->roots; i++)
        b->result[i] = take((size_t)qn_shape_count(&b->root[i]->shape, RIG_BATCH), sizeof(float));
    qn_plan_request request = {
        .graph = b->graph, .root_count = b->roots, .root = b->root, .no_fuse = true};
    rig_run(&request, &row, feed_count, feeds, b->result);
}

static double host_loss(bench *b)
{
    int64_t count = b->host.out_count;
    double loss = 0;
    if (b->batched)
        count = count / RIG_BATCH * RIG_ROWS;
    b->c->host(&b->host);
    for (int64_t i = 0; i < count; i++)
        loss += b->host.out[i] * b->weight_data[i];
    return b->batched ? loss / (double)count : loss;
}

static void check_gradient(bench *b, int input, const float *found)
{
    int64_t count = b->host.count[input];
    double *expected = take((size_t)count, sizeof *expected), *x = b->host.in[input];
    char what[128];
    for (int64_t i = 0; i < count; i++) {
        double at = x[i];
        x[i] = at + step;
        double above = host_loss(b);
        x[i] = at - step;
        double below = host_loss(b);
        x[i] = at;
        expected[i] = (above - below) / (2 * step);
    }
    snprintf(what, sizeof what, "%s: gradient of input %d", b->c->name, input);
    rig_assert_close(what, found, expected, count, tolerance);
    free(expected);
}

/* ---- which gradients have run ---- */

static const qn_op *differentiated[256];
static int differentiated_count;

bool rig_has_differentiated(const qn_op *op)
{
    for (int i = 0; i < differentiated_count; i++)
        if (differentiated[i] == op)
            return true;
    return false;
}

static void note_ops(const bench *b)
{
    for (size_t i = 0; i < b->forward && !b->c->no_gradient; i++)
        if (!rig_has_differentiated(b->graph->node[i]->op))
            differentiated[differentiated_count++] = b->graph->node[i]->op;
}

static void free_bench(bench *b)
{
    for (int i = 0; i < b->c->inputs; i++) {
        free(b->data[i]);
        free(b->host.in[i]);
    }
    for (int i = 0; i < b->roots; i++)
        free(b->result[i]);
    free(b->weight_data);
    free(b->host.out);
    qn_graph_destroy(&b->graph);
}

void rig_check(qn_context *ctx, const rig_case *c)
{
    bench b = {.c = c, .host.c = c};
    make_graph(ctx, &b);
    run_device(&b);
    b.host.out_count = qn_shape_count(&b.root[0]->shape, RIG_BATCH);
    b.host.columns = qn_shape_columns(&b.root[0]->shape);
    b.host.out = take((size_t)b.host.out_count, sizeof(double));
    c->host(&b.host);
    rig_assert_close(c->name, b.result[0], b.host.out, b.host.out_count, tolerance);
    for (int i = 0, root = 1; !c->no_gradient && i < c->inputs; i++)
        if (!c->in[i].fixed)
            check_gradient(&b, i, b.result[root++]);
    note_ops(&b);
    free_bench(&b);
}
