/* SPDX-License-Identifier: Apache-2.0 */
/* Activations by name. */
#include "ops/internal.h"

static qn_value *linear(qn_value *x)
{
    return x;
}

static const struct {
    const char *name;
    qn_value *(*apply)(qn_value *x);
} activations[] = {
    {"linear", linear},    {"sigmoid", qn_ops_sigmoid}, {"tanh", qn_ops_tanh},
    {"relu", qn_ops_relu}, {"softmax", qn_ops_softmax},
};

const char *const qn_activation_names[] = {"linear", "sigmoid", "tanh", "relu", "softmax", NULL};

qn_value *qn_op_activation(qn_value *x, const char *name)
{
    if (!x || !name)
        return x;
    for (int i = 0; i < QN_COUNT(activations); i++)
        if (qn_equal_nocase(name, activations[i].name))
            return activations[i].apply(x);
    const char *nearest = qn_nearest(name, qn_activation_names, QN_COUNT(activations));
    return qn_graph_mistake(
        x->graph, QN_ERROR_USAGE, "unknown activation '%s'%s%s%s: qn_names lists them", name,
        nearest ? " (did you mean '" : "", nearest ? nearest : "", nearest ? "'?)" : "");
}
