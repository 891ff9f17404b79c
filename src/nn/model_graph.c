/* SPDX-License-Identifier: Apache-2.0 */
/* The graph of one step: gathered samples, layers, loss with penalties, metrics, gradients, update,
 * constraints. */
#include "nn/constraints.h"
#include "nn/model.h"
#include "nn/regularizers.h"

/* ---- what layers add beside their output ---- */

static void add_update(qn_model_graph *made, qn_value *update)
{
    qn_env *env = made->graph->env;
    if (update == NULL)
        return; /* the graph keeps the mistake */
    if (qn_grow(env, &made->update, &made->update_capacity, made->update_count + 1,
                sizeof *made->update) != QN_OK)
        qn_graph_mistake(made->graph, QN_ERROR_MEMORY, "%s", env->message);
    else
        made->update[made->update_count++] = update;
}

static void add_penalty(qn_model_graph *made, qn_value *penalty)
{
    made->penalty = made->penalty == NULL ? penalty : qn_ops_add(made->penalty, penalty);
}

qn_value *qn_call_weight(qn_call_step *step, int index)
{
    return qn_graph_add_variable(step->graph, step->layer->weight[index].variable);
}

void qn_call_penalty(qn_call_step *step, qn_value *penalty)
{
    add_penalty(step->made, penalty);
}

qn_value *qn_call_activity(qn_call_step *step, qn_value *output)
{
    if (step->layer->activity.schema != NULL && output != NULL)
        add_penalty(step->made, qn_regularize(&step->layer->activity, output));
    return output;
}

void qn_call_update(qn_call_step *step, qn_value *update)
{
    add_update(step->made, update);
}

/* ---- forward ---- */

/* Each layer has its own stream of random numbers, by its place in the model. */
static qn_status forward(qn_model *model, qn_model_graph *made, bool training, qn_value **x)
{
    for (int i = 0; *x != NULL && i < model->layer_count; i++) {
        qn_call_step step = {.layer = model->layer[i],
                             .graph = made->graph,
                             .training = training,
                             .key = {model->seed, (uint32_t)i},
                             .latch = made->latch,
                             .made = made};
        QN_TRY(qn_graph_scope(made->graph, model->layer[i]->name));
        *x = model->layer[i]->type->call(&step, *x);
    }
    QN_TRY(qn_graph_scope(made->graph, NULL));
    return qn_graph_check(made->graph);
}

/* Penalties of the weights that train. */
static qn_status regularize(qn_model *model, qn_model_graph *made)
{
    for (int i = 0; i < model->layer_count; i++) {
        const qn_layer *layer = model->layer[i];
        QN_TRY(qn_graph_scope(made->graph, layer->name));
        for (int j = 0; j < layer->weight_count; j++) {
            const qn_weight *weight = &layer->weight[j];
            if (weight->regularizer.schema == NULL || weight->variable->role != QN_ROLE_PARAMETER)
                continue;
            add_penalty(made, qn_regularize(&weight->regularizer,
                                            qn_graph_add_variable(made->graph, weight->variable)));
        }
    }
    QN_TRY(qn_graph_scope(made->graph, NULL));
    return qn_graph_check(made->graph);
}

/* ---- loss and metrics ---- */

/* Losses of all rows, without the penalties. */
static qn_value *weighted_rows(qn_model *model, const qn_model_graph *made, qn_value *y_true,
                               qn_value *y_pred)
{
    qn_value *rows = qn_loss_rows(&model->loss, y_true, y_pred);
    if (made->weight == NULL || rows == NULL)
        return rows;
    qn_value *weight = qn_op_gather(made->weight, made->index, QN_F32, 1.0f);
    return qn_op_scale_rows(rows, weight);
}

/* Loss and metrics of every row, and the node that adds them up. As in Keras the penalties are part
 * of the loss that is shown. */
static qn_status compare(qn_model *model, qn_model_graph *made, qn_value *y_true, qn_value *y_pred,
                         qn_value **loss_rows)
{
    qn_graph *graph = made->graph;
    qn_value *rows[1 + QN_MAX_METRICS];
    int count = 1 + model->metric_count;
    qn_shape results = {.rank = 2, .dim = {QN_BATCH, count}};
    QN_TRY(regularize(model, made));
    QN_TRY(qn_graph_scope(graph, "loss"));
    *loss_rows = rows[0] = weighted_rows(model, made, y_true, y_pred);
    if (made->penalty != NULL)
        rows[0] = qn_ops_add(rows[0], made->penalty);
    QN_TRY(qn_graph_scope(graph, "metrics"));
    for (int i = 1; i < count; i++)
        rows[i] = qn_metric_rows(&model->metric[i - 1], y_true, y_pred);
    made->results = qn_graph_add_data(graph, "results", QN_F32, results);
    made->result_columns = count;
    add_update(made, qn_op_record(count, rows, made->results, made->latch));
    return qn_graph_check(graph);
}

/* ---- training ---- */

static qn_status constrain(qn_model *model, qn_model_graph *made, qn_value *updated)
{
    for (int i = 0; i < model->layer_count; i++) {
        const qn_layer *layer = model->layer[i];
        QN_TRY(qn_graph_scope(made->graph, layer->name));
        for (int j = 0; j < layer->weight_count; j++) {
            const qn_weight *weight = &layer->weight[j];
            if (weight->constraint.schema != NULL && weight->variable->role == QN_ROLE_PARAMETER)
                add_update(made, qn_constrain(&weight->constraint, updated, weight->variable,
                                              made->latch));
        }
    }
    QN_TRY(qn_graph_scope(made->graph, NULL));
    return qn_graph_check(made->graph);
}

/* Gradients of the mean loss, and the update, which gives each its place in the gradient
 * segment. */
static qn_status learn(qn_model *model, qn_model_graph *made, qn_value *loss_rows,
                       qn_value **variables, qn_value **gradients)
{
    qn_graph *graph = made->graph;
    qn_storage *storage = model->storage;
    int count = 0;
    for (size_t i = 0; i < storage->count; i++)
        if (storage->variable[i]->role == QN_ROLE_PARAMETER)
            variables[count++] = qn_graph_add_variable(graph, storage->variable[i]);
    QN_TRY(qn_graph_scope(graph, "loss"));
    qn_value *loss = qn_op_batch_mean(loss_rows);
    if (made->penalty != NULL)
        loss = qn_ops_add(loss, made->penalty);
    QN_TRY(qn_graph_check(graph));
    QN_TRY(qn_gradients(loss, count, variables, gradients));
    QN_TRY(qn_graph_scope(graph, "optimizer"));
    qn_value *updated = qn_model_optimizer_type(model)->update(model->optimizer.params, storage,
                                                               count, gradients, made->latch);
    add_update(made, updated);
    QN_TRY(qn_graph_check(graph));
    return constrain(model, made, updated);
}

static qn_status build_training(qn_model *model, qn_model_graph *made, qn_value *y_true,
                                qn_value *y_pred)
{
    qn_env *env = model->env;
    size_t count = model->storage->count;
    qn_value *loss_rows = NULL;
    QN_TRY(compare(model, made, y_true, y_pred, &loss_rows));
    qn_value **variables = qn_alloc_array(env, count, sizeof(qn_value *));
    qn_value **gradients = qn_alloc_array(env, count, sizeof(qn_value *));
    qn_status status = QN_ERROR_MEMORY;
    if (variables != NULL && gradients != NULL)
        status = learn(model, made, loss_rows, variables, gradients);
    qn_free(env, variables);
    qn_free(env, gradients);
    return status;
}

/* ---- the whole ---- */

static qn_status build_prediction(qn_model_graph *made, qn_value *y_pred)
{
    qn_shape shape = y_pred->shape;
    made->results = qn_graph_add_data(made->graph, "predictions", QN_F32, shape);
    made->result_columns = (int)qn_shape_count(&shape, 1);
    add_update(made, qn_op_store_rows(y_pred, made->results));
    return qn_graph_check(made->graph);
}

/* Data that the plan is bound to, beside x. */
static void add_data(const qn_model *model, const qn_model_graph_request *request,
                     qn_model_graph *made)
{
    qn_shape ring = {.rank = 1, .dim = {QN_BATCH}}, latch = {.rank = 1, .dim = {2}};
    qn_shape target = model->output_shape;
    made->index = qn_graph_add_data(made->graph, "index", QN_I32, ring);
    if (request->task == QN_TASK_PREDICT)
        return;
    if (qn_model_loss_type(model)->sparse)
        target.rank--;
    made->y = qn_graph_add_data(made->graph, "y", request->y_dtype, target);
    if (request->weighted)
        made->weight = qn_graph_add_data(made->graph, "sample_weight", QN_F32, ring);
    if (request->task == QN_TASK_TRAIN)
        made->latch = qn_graph_add_data(made->graph, "latch", QN_I32, latch);
}

static qn_status build(qn_model *model, const qn_model_graph_request *request, qn_model_graph *made)
{
    qn_graph *graph = made->graph;
    qn_value *loss_rows = NULL;
    made->x = qn_graph_add_data(graph, "x", request->x_dtype, model->input_shape);
    add_data(model, request, made);
    qn_value *y_pred = qn_op_gather(made->x, made->index, QN_F32, request->x_scale);
    QN_TRY(forward(model, made, request->task == QN_TASK_TRAIN, &y_pred));
    if (request->task == QN_TASK_PREDICT)
        return build_prediction(made, y_pred);
    qn_value *y_true = qn_op_gather(made->y, made->index, qn_model_target_dtype(model), 1.0f);
    QN_TRY(qn_graph_check(graph));
    if (request->task == QN_TASK_TRAIN)
        return build_training(model, made, y_true, y_pred);
    return compare(model, made, y_true, y_pred, &loss_rows);
}

/* What the task needs of the model: compiled, something to train, optimizer slots. */
const char *const qn_task_names[QN_TASKS] = {
    [QN_TASK_TRAIN] = "train", [QN_TASK_EVALUATE] = "evaluate", [QN_TASK_PREDICT] = "predict"};

static qn_status prepare(qn_model *model, qn_task task)
{
    QN_TRY(qn_model_ensure_built(model, NULL));
    if (task == QN_TASK_PREDICT)
        return QN_OK;
    if (model->loss.schema == NULL)
        return qn_fail(model->env, QN_ERROR_USAGE,
                       "the model is not compiled: call qn_compile with an optimizer and a loss");
    if (task == QN_TASK_EVALUATE)
        return QN_OK;
    if (model->storage->bytes[QN_ROLE_PARAMETER] == 0)
        return qn_fail(model->env, QN_ERROR_USAGE,
                       "the model has no trainable weights: add a dense layer");
    return qn_model_ensure_state(model);
}

qn_status qn_model_graph_build(qn_model *model, const qn_model_graph_request *request,
                               qn_model_graph *made)
{
    memset(made, 0, sizeof *made);
    QN_TRY(prepare(model, request->task));
    QN_TRY(qn_graph_create(model->context, &made->graph));
    qn_status status = build(model, request, made);
    if (status != QN_OK)
        qn_model_graph_free(made);
    return status;
}

void qn_model_graph_free(qn_model_graph *made)
{
    if (made->graph != NULL)
        qn_free(made->graph->env, made->update);
    qn_graph_destroy(&made->graph);
    memset(made, 0, sizeof *made);
}
