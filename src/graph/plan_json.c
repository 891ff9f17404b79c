/* SPDX-License-Identifier: Apache-2.0 */
/* A plan as JSON: nodes, steps, and where every value lives. */
#include "graph/plan_internal.h"

#include <jansson.h>
#include <stdlib.h>

/* ---- steps ---- */

static json_t *sizes_json(const qn_range *range, const size_t *sizes)
{
    json_t *list = json_array();
    for (int i = 0; i < range->dims; i++)
        json_array_append_new(list, json_integer((json_int_t)sizes[i]));
    return list;
}

static json_t *steps_json(const qn_plan *plan)
{
    json_t *list = json_array();
    for (size_t i = 0; i < plan->steps.count; i++) {
        const qn_step *step = &plan->steps.step[i];
        json_t *item =
            json_pack("{s:s, s:s, s:s, s:f, s:f}", "kind", qn_step_kinds[step->kind], "op",
                      step->label != NULL ? step->label : "", "routine", qn_step_routine(step),
                      "flops", step->cost.flops, "bytes", step->cost.bytes);
        json_object_set_new(item, "global", sizes_json(&step->range, step->range.global));
        json_object_set_new(item, "local", sizes_json(&step->range, step->range.local));
        json_array_append_new(list, item);
    }
    return list;
}

/* ---- values ---- */

static json_t *shape_json(const qn_shape *shape)
{
    json_t *list = json_array();
    for (int k = 0; k < shape->rank; k++)
        json_array_append_new(list, json_integer(shape->dim[k]));
    return list;
}

static json_t *value_json(const qn_plan *plan, const qn_value *value)
{
    const qn_place *place = &plan->layout.value[value->id];
    char name[128];
    json_t *item = json_pack("{s:s, s:s, s:s, s:i, s:I, s:I, s:o}", "value",
                             qn_value_label(&plan->work, value, name, sizeof name), "type",
                             qn_dtype_name(value->dtype), "segment", qn_home_name(place->home),
                             "index", place->segment, "offset", (json_int_t)place->offset, "bytes",
                             (json_int_t)place->bytes, "shape", shape_json(&value->shape));
    if (place->home == QN_HOME_ARENA) { /* the nodes that it lives from and to */
        json_object_set_new(item, "first", json_integer(place->first));
        json_object_set_new(item, "last", json_integer(place->last));
    }
    return item;
}

static json_t *values_json(const qn_plan *plan)
{
    json_t *list = json_array();
    for (size_t i = 0; i < plan->layout.value_count; i++) {
        const qn_value *value = plan->work.graph->value[i];
        if (qn_plan_lists(plan, value))
            json_array_append_new(list, value_json(plan, value));
    }
    return list;
}

/* ---- nodes ---- */

static json_t *input_json(const qn_plan *plan, const qn_value *value)
{
    static const char *const kinds[] = {[QN_VALUE_NODE] = "node",
                                        [QN_VALUE_INPUT] = "input",
                                        [QN_VALUE_CONSTANT] = "constant",
                                        [QN_VALUE_VARIABLE] = "variable",
                                        [QN_VALUE_DATA] = "data"};
    int maker = qn_work_maker_index(&plan->work, value);
    char name[128];
    if (maker >= 0)
        return json_pack("{s:i}", "node", maker);
    return json_pack("{s:s, s:s}", "value", qn_value_label(&plan->work, value, name, sizeof name),
                     "kind", kinds[value->kind]);
}

static json_t *node_json(const qn_plan *plan, const qn_node *node)
{
    qn_text detail = {.env = plan->env};
    char shape[96] = "";
    json_t *inputs = json_array(), *item;
    if (node->op->describe != NULL)
        node->op->describe(node, &detail);
    if (node->output_count > 0)
        qn_shape_print(&node->output[0]->shape, shape, sizeof shape);
    for (int i = 0; i < node->input_count; i++)
        json_array_append_new(inputs, input_json(plan, node->input[i]));
    item = json_pack("{s:s, s:s, s:s, s:s, s:b, s:o}", "op", node->op->name, "layer", node->scope,
                     "detail", qn_text_get(&detail), "shape", shape, "updates",
                     (node->op->flags & QN_OP_UPDATES) != 0, "inputs", inputs);
    qn_text_free(&detail);
    return item;
}

static json_t *nodes_json(const qn_plan *plan)
{
    json_t *list = json_array();
    for (size_t i = 0; i < plan->work.count; i++)
        json_array_append_new(list, node_json(plan, plan->work.node[i]));
    return list;
}

qn_status qn_plan_json(const qn_plan *plan, qn_text *text)
{
    json_t *root = json_pack("{s:I, s:I, s:o, s:o, s:o}", "batch", (json_int_t)plan->work.batch,
                             "bytes", (json_int_t)plan->layout.total, "nodes", nodes_json(plan),
                             "steps", steps_json(plan), "values", values_json(plan));
    char *dump = root != NULL ? json_dumps(root, JSON_INDENT(2)) : NULL;
    json_decref(root);
    if (dump == NULL)
        return qn_fail(plan->env, QN_ERROR_MEMORY, "out of memory while writing the plan as JSON");
    qn_text_add(text, "%s\n", dump);
    free(dump);
    return QN_OK;
}
