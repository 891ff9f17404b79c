/* SPDX-License-Identifier: Apache-2.0 */
/* Reverse-mode differentiation: walks the nodes backwards, lets every op add the nodes of its own
 * gradient, and sums what reaches a value on several ways. */
#include "graph/op.h"

typedef struct diff {
    qn_graph *graph;
    bool *wanted;        /* depends on one of x */
    qn_value **gradient; /* of the values there were at the start */
} diff;

static void mark_wanted(diff *d, int count, qn_value *const *x)
{
    for (int i = 0; i < count; i++)
        d->wanted[x[i]->id] = true;
    for (size_t n = 0; n < d->graph->node_count; n++) {
        const qn_node *node = d->graph->node[n];
        bool depends = false;
        for (int i = 0; i < node->input_count; i++)
            depends = depends || d->wanted[node->input[i]->id];
        for (int i = 0; depends && i < node->output_count; i++)
            d->wanted[node->output[i]->id] = true;
    }
}

static qn_status accumulate(diff *d, const qn_value *value, qn_value *gradient)
{
    if (gradient == NULL || !d->wanted[value->id])
        return QN_OK;
    qn_value **sum = &d->gradient[value->id];
    *sum = *sum == NULL ? gradient : qn_ops_add(*sum, gradient);
    return *sum == NULL ? QN_ERROR_INTERNAL : QN_OK;
}

/* Lets one node pass its outputs' gradients on to its inputs. */
static qn_status differentiate(diff *d, qn_node *node, qn_value **in)
{
    qn_value *out[QN_MAX_OUTPUTS] = {0};
    bool reached = false, wanted = false;
    for (int i = 0; i < node->output_count; i++) {
        out[i] = d->gradient[node->output[i]->id];
        reached = reached || out[i] != NULL;
    }
    for (int i = 0; i < node->input_count; i++) {
        in[i] = NULL;
        wanted = wanted || d->wanted[node->input[i]->id];
    }
    if (!reached || !wanted)
        return QN_OK;
    if (node->op->grad == NULL)
        return qn_fail(
            d->graph->env, QN_ERROR_USAGE,
            "gradients: %s is not differentiable; take the gradient of a value that does "
            "not pass through it",
            node->op->name);
    QN_TRY(qn_graph_scope(d->graph, node->scope));
    qn_grad g = {.graph = d->graph, .node = node, .out = out, .in = in};
    QN_TRY(node->op->grad(&g));
    for (int i = 0; i < node->input_count; i++)
        QN_TRY(accumulate(d, node->input[i], in[i]));
    return QN_OK;
}

static qn_status walk_back(diff *d, const qn_value *y)
{
    qn_env *env = d->graph->env;
    if (y->kind != QN_VALUE_NODE)
        return QN_OK;
    for (int n = y->node->id; n >= 0; n--) {
        qn_node *node = d->graph->node[n];
        qn_value **in = qn_alloc_array(env, (size_t)node->input_count + 1, sizeof *in);
        if (in == NULL)
            return QN_ERROR_MEMORY;
        qn_status status = differentiate(d, node, in);
        qn_free(env, in);
        QN_TRY(status);
        if (d->graph->status != QN_OK)
            return d->graph->status;
    }
    return QN_OK;
}

static qn_status start(diff *d, qn_value *y)
{
    qn_value *one = qn_graph_add_scalar(d->graph, 1.0);
    if (one != NULL && y->shape.rank > 0)
        one = qn_ops_reshape(one, y->shape.rank, y->shape.dim);
    if (one == NULL)
        return d->graph->status;
    d->gradient[y->id] = one;
    return QN_OK;
}

static qn_status check(qn_graph *graph, qn_value *y, int count, qn_value *const *x)
{
    char text[128];
    for (int i = 0; i < count; i++) {
        if (x[i] == NULL)
            QN_TRY(qn_graph_check(graph));
        if (x[i] == NULL || x[i]->graph != graph)
            return qn_fail(graph->env, QN_ERROR_USAGE, "gradients: x[%d] is %s", i,
                           x[i] == NULL ? "NULL" : "of another graph");
    }
    if (qn_shape_count(&y->shape, 0) != 1)
        return qn_fail(graph->env, QN_ERROR_USAGE,
                       "gradients: y must have one element, its shape is %s; take its sum or mean",
                       qn_shape_print(&y->shape, text, sizeof text));
    return QN_OK;
}

static qn_status collect(diff *d, int count, qn_value *const *x, qn_value **dx)
{
    for (int i = 0; i < count; i++) {
        dx[i] = d->gradient[x[i]->id];
        if (dx[i] == NULL)
            return qn_fail(d->graph->env, QN_ERROR_USAGE,
                           "gradients: y does not depend on x[%d]%s%s", i,
                           x[i]->name != NULL ? ", " : "", x[i]->name != NULL ? x[i]->name : "");
    }
    return QN_OK;
}

qn_status qn_gradients(qn_value *y, int count, qn_value *const *x, qn_value **dx)
{
    for (int i = 0; i < count; i++)
        dx[i] = NULL;
    /* y is NULL after a mistake: some x knows the graph that kept it. */
    if (y == NULL) {
        for (int i = 0; i < count; i++)
            if (x[i] != NULL)
                QN_TRY(qn_graph_check(x[i]->graph));
        return QN_ERROR_USAGE;
    }
    qn_graph *graph = y->graph;
    QN_TRY(check(graph, y, count, x));
    diff d = {.graph = graph};
    d.wanted = qn_alloc_array(graph->env, graph->value_count, sizeof *d.wanted);
    d.gradient = qn_alloc_array(graph->env, graph->value_count, sizeof(qn_value *));
    qn_status status = d.wanted == NULL || d.gradient == NULL ? QN_ERROR_MEMORY : QN_OK;
    if (status == QN_OK) {
        mark_wanted(&d, count, x);
        status = start(&d, y);
    }
    if (status == QN_OK)
        status = walk_back(&d, y);
    if (status == QN_OK)
        status = collect(&d, count, x, dx);
    qn_free(graph->env, d.wanted);
    qn_free(graph->env, d.gradient);
    graph->scope = "";
    return status;
}
