/* SPDX-License-Identifier: Apache-2.0 */
/* Functions of the public graph API: a plan of their own, one step a run. */
#include "graph/plan.h"

struct qn_function {
    qn_env *env;
    qn_plan *plan;
    uint32_t runs;
    int output_count;
    qn_value **output; /* owned list */
    bool reads_table;
    int input_count; /* graph inputs that the plan reads, each to be fed */
    qn_value **input;
};

static bool reads_table(const qn_steps *steps)
{
    for (size_t i = 0; i < steps->count; i++)
        if (steps->step[i].kind == QN_STEP_KERNEL && steps->step[i].row_argument >= 0)
            return true;
    return false;
}

static qn_status find_inputs(qn_function *function, qn_graph *graph)
{
    function->input = qn_alloc_array(function->env, graph->value_count + 1, sizeof(qn_value *));
    if (function->input == NULL)
        return QN_ERROR_MEMORY;
    for (size_t i = 0; i < graph->value_count; i++) {
        qn_value *value = graph->value[i];
        if (value->kind == QN_VALUE_INPUT && qn_plan_buffer(function->plan, value) != NULL)
            function->input[function->input_count++] = value;
    }
    return QN_OK;
}

static qn_status keep_outputs(qn_function *function, int count, qn_value *const *outputs)
{
    function->output = qn_alloc_array(function->env, (size_t)count + 1, sizeof(qn_value *));
    if (function->output == NULL)
        return QN_ERROR_MEMORY;
    for (int i = 0; i < count; i++)
        function->output[i] = outputs[i];
    function->output_count = count;
    return QN_OK;
}

/* Row 0 of the step table: all rows of a batch of one are valid. */
static qn_status write_row(qn_function *function)
{
    qn_step_row row = {.rows = 1};
    return qn_buffer_write(qn_plan_table(function->plan), 0, sizeof row, &row);
}

static qn_status check_values(qn_graph *graph, int count, qn_value *const *values, const char *what)
{
    for (int i = 0; i < count; i++) {
        if (values[i] == NULL)
            QN_TRY(qn_graph_check(graph));
        if (values[i] == NULL || values[i]->graph != graph)
            return qn_fail(graph->env, QN_ERROR_USAGE, "function: %s %d is %s", what, i,
                           values[i] == NULL ? "NULL" : "a value of another graph");
        if (strcmp(what, "update") == 0 &&
            (values[i]->kind != QN_VALUE_NODE || (values[i]->node->op->flags & QN_OP_UPDATES) == 0))
            return qn_fail(graph->env, QN_ERROR_USAGE,
                           "function: update %d is not an assignment; give what qn_ops_assign "
                           "returned",
                           i);
    }
    return QN_OK;
}

qn_status qn_function_create(qn_graph *graph, int output_count, qn_value *const *outputs,
                             int update_count, qn_value *const *updates, qn_function **out)
{
    *out = NULL;
    QN_TRY(qn_context_only_device(graph->context, &graph->device));
    QN_TRY(check_values(graph, output_count, outputs, "output"));
    QN_TRY(check_values(graph, update_count, updates, "update"));
    if (output_count <= 0 && update_count <= 0)
        return qn_fail(graph->env, QN_ERROR_USAGE,
                       "function: there is nothing to compute; give outputs or updates");
    qn_function *function = qn_alloc(graph->env, sizeof *function);
    if (function == NULL)
        return QN_ERROR_MEMORY;
    function->env = graph->env;
    qn_plan_request request = {.graph = graph,
                               .device = graph->device,
                               .batch = 1,
                               .root_count = output_count,
                               .root = outputs,
                               .update_count = update_count,
                               .update = updates,
                               .storage = graph->own_storage,
                               .table_rows = 1};
    qn_status status = qn_plan_create(&request, &function->plan);
    if (status == QN_OK)
        status = keep_outputs(function, output_count, outputs);
    if (status == QN_OK)
        status = find_inputs(function, graph);
    if (status == QN_OK && (function->reads_table = reads_table(qn_plan_steps(function->plan))))
        status = write_row(function);
    if (status != QN_OK)
        qn_function_destroy(&function);
    *out = function;
    return status;
}

void qn_function_destroy(qn_function **address)
{
    if (address == NULL || *address == NULL)
        return;
    qn_function *function = *address;
    qn_plan_destroy(&function->plan);
    qn_free(function->env, function->output);
    qn_free(function->env, function->input);
    qn_free(function->env, function);
    *address = NULL;
}

static qn_status check_array(qn_env *env, const char *what, const qn_value *value, qn_dtype dtype,
                             int rank, const int64_t *shape, const void *data)
{
    char wanted[96], given[96];
    if (data != NULL && dtype == value->dtype && rank == value->shape.rank &&
        memcmp(shape, value->shape.dim, sizeof *shape * (size_t)rank) == 0)
        return QN_OK;
    return qn_fail(env, QN_ERROR_USAGE, "%s of '%s': wanted %s %s, given %s %s%s", what,
                   value->name != NULL ? value->name : "a value", qn_dtype_name(value->dtype),
                   qn_shape_print(&value->shape, wanted, sizeof wanted), qn_dtype_name(dtype),
                   qn_shape_text(rank, shape, given, sizeof given),
                   data == NULL ? " without data" : "");
}

static qn_status feed(qn_function *function, int count, const qn_feed *feeds)
{
    for (int k = 0; k < function->input_count; k++) {
        const qn_value *input = function->input[k];
        const qn_feed *found = NULL;
        for (int i = 0; i < count && found == NULL; i++)
            if (feeds[i].value == input)
                found = &feeds[i];
        if (found == NULL)
            return qn_fail(function->env, QN_ERROR_USAGE,
                           "function: input '%s' is not fed; every input that is read must be",
                           input->name != NULL ? input->name : "");
        const qn_array *array = &found->array;
        QN_TRY(check_array(function->env, "feed", input, array->dtype, array->rank, array->shape,
                           array->data));
        if (array->scale != 0 && array->scale != 1)
            return qn_fail(function->env, QN_ERROR_USAGE,
                           "feed of '%s': a scale is not supported here; multiply in the graph",
                           input->name != NULL ? input->name : "a value");
        QN_TRY(qn_buffer_write(qn_plan_buffer(function->plan, input), 0, qn_value_bytes(input, 1),
                               array->data));
    }
    return QN_OK;
}

static bool can_fetch(const qn_function *function, const qn_value *value)
{
    if (value == NULL)
        return false;
    if (value->kind == QN_VALUE_VARIABLE)
        return value->variable->buffer != NULL;
    for (int i = 0; i < function->output_count; i++)
        if (function->output[i] == value)
            return true;
    return false;
}

static qn_status fetch(qn_function *function, const qn_fetch *wanted)
{
    const qn_value *value = wanted->value;
    if (!can_fetch(function, value))
        return qn_fail(function->env, QN_ERROR_USAGE,
                       "function: a fetched value is neither an output of this function nor a "
                       "variable");
    QN_TRY(check_array(function->env, "fetch", value, wanted->out.dtype, wanted->out.rank,
                       wanted->out.shape, wanted->out.data));
    qn_buffer *buffer = value->kind == QN_VALUE_VARIABLE ? value->variable->buffer
                                                         : qn_plan_buffer(function->plan, value);
    return qn_buffer_read(buffer, 0, qn_value_bytes(value, 1), wanted->out.data);
}

qn_status qn_function_run(qn_function *function, int feed_count, const qn_feed *feeds,
                          int fetch_count, const qn_fetch *fetches)
{
    QN_TRY(feed(function, feed_count, feeds));
    if (function->reads_table)
        QN_TRY(qn_buffer_fill(qn_plan_table(function->plan), 0, sizeof(uint32_t), function->runs));
    QN_TRY(qn_steps_replay(qn_plan_steps(function->plan), 0));
    function->runs++;
    for (int i = 0; i < fetch_count; i++)
        QN_TRY(fetch(function, &fetches[i]));
    return fetch_count > 0 ? QN_OK : qn_device_flush(qn_plan_steps(function->plan)->device);
}
