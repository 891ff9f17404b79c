/* SPDX-License-Identifier: Apache-2.0 */
/* A plan as a table, and a graph in Graphviz's language. */
#include "graph/passes.h"
#include "graph/plan_internal.h"

#include <stdio.h>

const char *const qn_step_kinds[] = {"KERNEL", "CALL", "COPY"};

const char *qn_value_label(const qn_work *work, const qn_value *value, char *buffer, size_t room)
{
    const qn_node *maker = qn_work_maker(work, value);
    if (value->name != NULL)
        snprintf(buffer, room, "%s", value->name);
    else if (maker != NULL && value->gradient_of != NULL)
        snprintf(buffer, room, "%s gradient", value->gradient_of->name);
    else if (maker != NULL)
        snprintf(buffer, room, "%s%s%s", maker->scope, maker->scope[0] != '\0' ? "/" : "",
                 maker->op->name);
    else
        snprintf(buffer, room, "constant");
    return buffer;
}

/* ---- table ---- */

static void print_steps(const qn_plan *plan, qn_text *text)
{
    int kinds[3] = {0};
    char global[48], local[48];
    qn_text_add(text, "%4s  %-6s  %-30s %-20s %12s %9s %11s %11s\n", "step", "kind", "op",
                "routine", "global", "local", "FLOP", "bytes");
    for (size_t i = 0; i < plan->steps.count; i++) {
        const qn_step *step = &plan->steps.step[i];
        kinds[step->kind]++;
        qn_range_text(&step->range, step->range.global, global, sizeof global);
        qn_range_text(&step->range, step->range.local, local, sizeof local);
        qn_text_add(text, "%4zu  %-6s  %-30s %-20s %12s %9s %11.0f %11.0f\n", i,
                    qn_step_kinds[step->kind], step->label != NULL ? step->label : "",
                    qn_step_routine(step), global, local, step->cost.flops, step->cost.bytes);
    }
    qn_text_add(text, "%zu steps: %d KERNEL, %d CALL, %d COPY\n", plan->steps.count, kinds[0],
                kinds[1], kinds[2]);
}

bool qn_plan_lists(const qn_plan *plan, const qn_value *value)
{
    return plan->layout.value[value->id].home != QN_HOME_NONE &&
           qn_work_base(&plan->work, value) == value;
}

static void print_memory(const qn_plan *plan, qn_text *text)
{
    char name[128], shape[96], segment[32], bytes[32];
    const qn_graph *graph = plan->work.graph;
    qn_text_add(text, "\n%-34s %-18s %-8s %-10s %10s %10s %9s\n", "value", "shape", "type",
                "segment", "offset", "bytes", "steps");
    for (size_t i = 0; i < plan->layout.value_count; i++) {
        const qn_value *value = graph->value[i];
        const qn_place *place = &plan->layout.value[i];
        char life[32] = "";
        if (!qn_plan_lists(plan, value))
            continue;
        if (place->home == QN_HOME_ARENA) {
            snprintf(segment, sizeof segment, "arena %d", place->segment);
            snprintf(life, sizeof life, "%d-%d", place->first, place->last);
        } else {
            snprintf(segment, sizeof segment, "%s", qn_home_name(place->home));
        }
        qn_text_add(text, "%-34s %-18s %-8s %-10s %10zu %10zu %9s\n",
                    qn_value_label(&plan->work, value, name, sizeof name),
                    qn_shape_print(&value->shape, shape, sizeof shape), qn_dtype_name(value->dtype),
                    segment, place->offset, place->bytes, life);
    }
    qn_text_add(text, "plan memory: %s at batch %lld\n",
                qn_bytes_text(plan->layout.total, bytes, sizeof bytes),
                (long long)plan->work.batch);
}

/* ---- the whole ---- */

qn_status qn_plan_table_print(qn_plan *plan, bool json, qn_text *text)
{
    if (json)
        return qn_plan_json(plan, text);
    print_steps(plan, text);
    print_memory(plan, text);
    return text->failed ? qn_fail_memory(plan->env, text->length) : QN_OK;
}

/* ---- Graphviz ---- */

static void dot_node(const qn_node *node, size_t index, qn_text *text)
{
    char shape[96];
    qn_text_add(text, "  n%zu [label=\"%s%s%s", index, node->scope, node->scope[0] ? "\\n" : "",
                node->op->name);
    if (node->op->describe != NULL) {
        qn_text_add(text, "(");
        node->op->describe(node, text);
        qn_text_add(text, ")");
    }
    if (node->output_count > 0)
        qn_text_add(text, "\\n%s", qn_shape_print(&node->output[0]->shape, shape, sizeof shape));
    qn_text_add(text, "\" style=filled fillcolor=\"%s\"];\n",
                node->op->flags & QN_OP_UPDATES ? "#f6d5c3" : "#e3edf7");
}

static void dot_leaf(const qn_value *value, qn_text *text)
{
    static const char *const colors[] = {"", "#fff3c4", "#eeeeee", "#d9efd9", "#fff3c4"};
    char shape[96];
    qn_text_add(text, "  v%d [shape=ellipse label=\"%s\\n%s\" style=filled fillcolor=\"%s\"];\n",
                value->id, value->name != NULL ? value->name : "constant",
                qn_shape_print(&value->shape, shape, sizeof shape), colors[value->kind]);
}

qn_status qn_work_dot(const qn_work *work, qn_text *text)
{
    bool *drawn = qn_alloc_array(work->env, work->graph->value_count + 1, sizeof *drawn);
    if (drawn == NULL)
        return QN_ERROR_MEMORY;
    qn_text_add(text,
                "digraph quern {\n  rankdir=TB;\n  node [shape=box fontname=\"sans-serif\"];\n");
    for (size_t i = 0; i < work->count; i++) {
        const qn_node *node = work->node[i];
        dot_node(node, i, text);
        for (int k = 0; k < node->input_count; k++) {
            const qn_value *value = node->input[k];
            int maker = qn_work_maker_index(work, value);
            if (maker >= 0) {
                qn_text_add(text, "  n%d -> n%zu;\n", maker, i);
                continue;
            }
            if (!drawn[value->id])
                dot_leaf(value, text);
            drawn[value->id] = true;
            qn_text_add(text, "  v%d -> n%zu;\n", value->id, i);
        }
    }
    qn_text_add(text, "}\n");
    qn_free(work->env, drawn);
    return text->failed ? qn_fail_memory(work->env, text->length) : QN_OK;
}

qn_status qn_plan_dot(const qn_plan_request *request, qn_text *text)
{
    qn_work work;
    qn_status status = qn_work_run(request, &work);
    if (status == QN_OK)
        status = qn_work_dot(&work, text);
    qn_work_free(&work);
    return status;
}

qn_status qn_graph_dot(const qn_graph *graph, qn_write_fn write, void *user)
{
    qn_text text = {.env = graph->env};
    qn_plan_request request = {.graph = (qn_graph *)graph, .stop_after = "build"};
    qn_status status = qn_plan_dot(&request, &text);
    if (status == QN_OK)
        write(user, qn_text_get(&text));
    qn_text_free(&text);
    return status;
}
