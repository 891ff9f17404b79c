/* SPDX-License-Identifier: Apache-2.0 */
/* The list of nodes that passes work on. */
#include "graph/plan.h"

void qn_work_free(qn_work *work)
{
    for (size_t i = 0; i < work->count; i++)
        qn_node_free(work->env, work->node[i]);
    qn_free(work->env, work->node);
    qn_free(work->env, work->root);
    qn_free(work->env, work->update);
    memset(work, 0, sizeof *work);
}

int qn_work_maker_index(const qn_work *work, const qn_value *value)
{
    for (size_t i = 0; i < work->count; i++)
        for (int k = 0; k < work->node[i]->output_count; k++)
            if (work->node[i]->output[k] == value)
                return (int)i;
    return -1;
}

qn_node *qn_work_maker(const qn_work *work, const qn_value *value)
{
    int index = qn_work_maker_index(work, value);
    return index >= 0 ? work->node[index] : NULL;
}

static bool reads(const qn_node *node, const qn_value *value)
{
    for (int i = 0; i < node->input_count; i++)
        if (node->input[i] == value)
            return true;
    return false;
}

int qn_work_readers(const qn_work *work, const qn_value *value, qn_node **reader, int room)
{
    int count = 0;
    for (size_t i = 0; i < work->count; i++) {
        if (!reads(work->node[i], value))
            continue;
        if (count < room)
            reader[count] = work->node[i];
        count++;
    }
    return count;
}

bool qn_work_is_root(const qn_work *work, const qn_value *value)
{
    for (int i = 0; i < work->root_count; i++)
        if (work->root[i] == value)
            return true;
    for (int i = 0; i < work->update_count; i++)
        if (work->update[i] == value)
            return true;
    return false;
}

qn_node *qn_work_add(qn_work *work, const qn_op *op, const void *attributes, int input_count,
                     qn_value *const *inputs, int output_count, qn_value *const *outputs)
{
    if (qn_grow(work->env, &work->node, &work->capacity, work->count + 1, sizeof *work->node) !=
        QN_OK)
        return NULL;
    qn_node *node = qn_node_create(work->env, op, attributes, input_count, inputs);
    if (node == NULL)
        return NULL;
    node->id = (int)work->count;
    node->output_count = output_count;
    for (int i = 0; i < output_count; i++)
        node->output[i] = outputs[i];
    work->node[work->count++] = node;
    return node;
}

void qn_work_remove(qn_work *work, qn_node *node)
{
    for (size_t i = 0; i < work->count; i++) {
        if (work->node[i] != node)
            continue;
        memmove(&work->node[i], &work->node[i + 1], (work->count - i - 1) * sizeof *work->node);
        work->count--;
        qn_node_free(work->env, node);
        return;
    }
}

const qn_value *qn_work_base(const qn_work *work, const qn_value *value)
{
    for (;;) {
        const qn_node *node = qn_work_maker(work, value);
        if (node == NULL || (node->op->flags & QN_OP_ALIAS) == 0 || node->output[0] != value)
            return value;
        value = node->input[0];
    }
}
