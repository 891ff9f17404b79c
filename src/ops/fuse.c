/* SPDX-License-Identifier: Apache-2.0 */
/* The fuse pass: a table of patterns. A fused node makes the same values as the nodes that it
 * replaces, so readers and roots need no change. */
#include "graph/plan.h"
#include "ops/internal.h"

typedef struct qn_pattern {
    const char *name;
    /* Looks for the pattern around `node`; where it is there, rewrites and sets *found. */
    qn_status (*rewrite)(qn_work *work, qn_node *node, bool *found);
} qn_pattern;

/* The one node that reads `value`; NULL when it is a root or several do. */
static qn_node *only_reader(const qn_work *work, const qn_value *value)
{
    qn_node *reader = NULL;
    if (qn_work_is_root(work, value) || value->gradient_of)
        return NULL;
    return qn_work_readers(work, value, &reader, 1) == 1 ? reader : NULL;
}

/* Puts a new node, the last one, where `old` stands in the list, which keeps the list's order near
 * to that of execution; takes over its scope. */
static void take_place(qn_work *work, qn_node *node, const qn_node *old)
{
    size_t at = 0;
    while (work->node[at] != old)
        at++;
    memmove(&work->node[at + 1], &work->node[at], (work->count - 1 - at) * sizeof *work->node);
    work->node[at] = node;
    node->scope = old->scope;
}

/* ---- matmul, then bias_add, an elementwise function, or both -> dense ---- */

static qn_status rewrite_dense(qn_work *work, qn_node *matmul, bool *found)
{
    if (matmul->op != &qn_matmul_op)
        return QN_OK;
    qn_dense_attributes attributes = {.matmul = *(const qn_matmul_attributes *)matmul->attributes};
    qn_value *input[3] = {matmul->input[0], matmul->input[1]};
    qn_node *bias = only_reader(work, matmul->output[0]), *function = bias;
    if (bias && bias->op == &qn_bias_add_op && bias->input[0] == matmul->output[0]) {
        input[2] = bias->input[1];
        function = only_reader(work, bias->output[0]);
    } else {
        bias = NULL;
    }
    if (function && !qn_node_elementwise(function, &attributes.activation))
        function = NULL;
    const qn_node *last = function ? function : bias;
    if (!last)
        return QN_OK;
    qn_node *dense =
        qn_work_add(work, &qn_dense_op, &attributes, bias ? 3 : 2, input, 1, last->output);
    if (!dense)
        return QN_ERROR_MEMORY;
    take_place(work, dense, last);
    qn_work_remove(work, matmul);
    if (bias)
        qn_work_remove(work, bias);
    if (function)
        qn_work_remove(work, function);
    *found = true;
    return QN_OK;
}

/* ---- matmul, then the gradient of the activation that made y -> dense_grad ---- */

static qn_status rewrite_dense_grad(qn_work *work, qn_node *matmul, bool *found)
{
    if (matmul->op != &qn_matmul_op)
        return QN_OK;
    qn_dense_attributes attributes = {.matmul = *(const qn_matmul_attributes *)matmul->attributes};
    qn_node *gradient = only_reader(work, matmul->output[0]);
    if (!gradient || !qn_node_unary_grad(gradient, &attributes.activation) ||
        gradient->input[0] != matmul->output[0] ||
        !qn_shape_equal(&matmul->output[0]->shape, &gradient->output[0]->shape))
        return QN_OK;
    qn_value *input[3] = {matmul->input[0], matmul->input[1], gradient->input[1]};
    qn_node *fused =
        qn_work_add(work, &qn_dense_grad_op, &attributes, 3, input, 1, gradient->output);
    if (!fused)
        return QN_ERROR_MEMORY;
    take_place(work, fused, gradient);
    qn_work_remove(work, matmul);
    qn_work_remove(work, gradient);
    *found = true;
    return QN_OK;
}

/* ---- matmul, and a column_sum of what it reads second -> matmul_sums ---- */

static qn_node *find_column_sum(const qn_work *work, const qn_value *of)
{
    for (size_t i = 0; i < work->count; i++) {
        const qn_value *value;
        if (qn_node_column_sum(work->node[i], &value) && value == of)
            return work->node[i];
    }
    return NULL;
}

static qn_status rewrite_matmul_sums(qn_work *work, qn_node *matmul, bool *found)
{
    if (matmul->op != &qn_matmul_op ||
        ((const qn_matmul_attributes *)matmul->attributes)->transpose_b)
        return QN_OK;
    qn_node *sums = find_column_sum(work, matmul->input[1]);
    if (!sums)
        return QN_OK;
    qn_value *output[2] = {matmul->output[0], sums->output[0]};
    qn_node *fused =
        qn_work_add(work, &qn_matmul_sums_op, matmul->attributes, 2, matmul->input, 2, output);
    if (!fused)
        return QN_ERROR_MEMORY;
    take_place(work, fused, matmul);
    qn_work_remove(work, matmul);
    qn_work_remove(work, sums);
    *found = true;
    return QN_OK;
}

/* ---- softmax, then (sparse) categorical cross-entropy, with the gradient of its batch mean where
 * there is one -> softmax_loss ---- */

static bool is_one(const qn_value *value)
{
    return value->kind == QN_VALUE_CONSTANT && value->dtype == QN_F32 && value->shape.rank == 0 &&
           *(const float *)value->data == 1.0f;
}

/* The gradient's nodes: batch_mean_grad(1) -> loss_grad -> softmax_grad. */
typedef struct loss_gradient {
    qn_node *mean, *loss, *softmax;
} loss_gradient;

/* Whether `node` is the gradient of `loss` from a mean over the batch, read by softmax's alone. */
static bool match_gradient(const qn_work *work, const qn_node *loss, qn_node *node,
                           loss_gradient *gradient)
{
    const qn_loss_attributes *wanted = loss->attributes, *given = node->attributes;
    if (node->op != &qn_loss_grad_op || given->kind != wanted->kind ||
        node->input[0] != loss->input[0] || node->input[1] != loss->input[1])
        return false;
    qn_node *mean = qn_work_maker(work, node->input[2]);
    qn_node *softmax = only_reader(work, node->output[0]);
    if (!mean || mean->op != &qn_batch_mean_grad_op || !is_one(mean->input[0]) || !softmax ||
        softmax->op != &qn_softmax_grad_op || softmax->input[0] != loss->input[1] ||
        softmax->input[1] != node->output[0])
        return false;
    *gradient = (loss_gradient){mean, node, softmax};
    return true;
}

static bool find_gradient(const qn_work *work, const qn_node *loss, loss_gradient *gradient)
{
    for (size_t i = 0; i < work->count; i++)
        if (match_gradient(work, loss, work->node[i], gradient))
            return true;
    return false;
}

/* Targets that are made from the probabilities would make a circle: only leaves and gathered rows
 * are sure to be there before. */
static bool is_given(const qn_work *work, const qn_value *targets)
{
    const qn_node *maker = qn_work_maker(work, qn_work_base(work, targets));
    return !maker || maker->op == &qn_gather_op;
}

static void remove_gradient(qn_work *work, const loss_gradient *gradient)
{
    const qn_value *rows = gradient->mean->output[0];
    qn_work_remove(work, gradient->softmax);
    qn_work_remove(work, gradient->loss);
    if (qn_work_readers(work, rows, NULL, 0) == 0 && !qn_work_is_root(work, rows))
        qn_work_remove(work, gradient->mean);
}

static qn_status rewrite_softmax_loss(qn_work *work, qn_node *loss, bool *found)
{
    const qn_loss_attributes *attributes = loss->attributes;
    if (loss->op != &qn_loss_op ||
        (attributes->kind != QN_LOSS_CATEGORICAL && attributes->kind != QN_LOSS_SPARSE))
        return QN_OK;
    qn_node *softmax = qn_work_maker(work, loss->input[1]);
    if (!softmax || softmax->op != &qn_softmax_op || !qn_shape_batched(&loss->input[1]->shape) ||
        !is_given(work, loss->input[0]))
        return QN_OK;
    loss_gradient gradient;
    bool trains = find_gradient(work, loss, &gradient);
    qn_value *input[2] = {loss->input[0], softmax->input[0]};
    qn_value *output[3] = {softmax->output[0], loss->output[0],
                           trains ? gradient.softmax->output[0] : NULL};
    qn_node *fused =
        qn_work_add(work, &qn_softmax_loss_op, attributes, 2, input, 2 + trains, output);
    if (!fused)
        return QN_ERROR_MEMORY;
    take_place(work, fused, loss);
    if (trains)
        remove_gradient(work, &gradient);
    qn_work_remove(work, softmax);
    qn_work_remove(work, loss);
    *found = true;
    return QN_OK;
}

/* ---- the table: bit i of work->disabled switches pattern i off ---- */

static const qn_pattern patterns[] = {
    {"dense", rewrite_dense},
    {"dense_grad", rewrite_dense_grad},
    {"matmul_sums", rewrite_matmul_sums},
    {"softmax_loss", rewrite_softmax_loss},
};

static qn_status apply(qn_work *work, const qn_pattern *pattern)
{
    for (size_t i = 0; i < work->count;) {
        bool found = false;
        QN_TRY(pattern->rewrite(work, work->node[i], &found));
        i = found ? 0 : i + 1; /* the list has changed: from the start */
    }
    return QN_OK;
}

qn_status qn_fuse(qn_work *work)
{
    for (int i = 0; i < QN_COUNT(patterns); i++)
        if ((work->disabled >> i & 1u) == 0)
            QN_TRY(apply(work, &patterns[i]));
    return QN_OK;
}
