/* SPDX-License-Identifier: Apache-2.0 */
/* The graph of one step: gathered samples, layers, loss, metrics, gradients, update. */
#include "nn/model.h"

static qn_status forward(qn_model *model, qn_graph *graph, bool training, qn_value **x)
{
    for (int i = 0; *x != NULL && i < model->layer_count; i++) {
        QN_TRY(qn_graph_scope(graph, model->layer[i]->name));
        *x = model->layer[i]->type->call(model->layer[i], *x, training);
    }
    QN_TRY(qn_graph_scope(graph, NULL));
    return qn_graph_check(graph);
}

/* Loss and metrics of every row, and the node that adds them up. */
static qn_status compare(qn_model *model, qn_model_graph *made, qn_value *y_true, qn_value *y_pred,
                         qn_value **loss_rows)
{
    qn_graph *graph = made->graph;
    qn_value *rows[1 + QN_MAX_METRICS];
    int count = 1 + model->metric_count;
    qn_shape results = {.rank = 2, .dim = {QN_BATCH, count}};
    QN_TRY(qn_graph_scope(graph, "loss"));
    *loss_rows = rows[0] = qn_op_loss(model->loss->kind, y_true, y_pred);
    QN_TRY(qn_graph_scope(graph, "metrics"));
    for (int i = 1; i < count; i++)
        rows[i] = qn_metric_rows(&model->metric[i - 1], y_true, y_pred);
    made->results = qn_graph_add_data(graph, "results", QN_F32, results);
    made->result_columns = count;
    made->update[made->update_count++] = qn_op_record(count, rows, made->results, made->latch);
    return qn_graph_check(graph);
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
    QN_TRY(qn_graph_check(graph));
    QN_TRY(qn_gradients(loss, count, variables, gradients));
    QN_TRY(qn_graph_scope(graph, "optimizer"));
    made->update[made->update_count++] =
        model->optimizer->update(model->optimizer_params, storage, count, gradients, made->latch);
    return qn_graph_check(graph);
}

static qn_status build_training(qn_model *model, qn_model_graph *made, qn_value *y_true,
                                qn_value *y_pred)
{
    qn_env *env = model->env;
    size_t count = model->storage->count;
    qn_shape latch = {.rank = 1, .dim = {2}};
    qn_value *loss_rows = NULL;
    made->latch = qn_graph_add_data(made->graph, "latch", QN_I32, latch);
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

static void build_prediction(qn_model_graph *made, qn_value *y_pred)
{
    qn_shape shape = y_pred->shape;
    made->results = qn_graph_add_data(made->graph, "predictions", QN_F32, shape);
    made->result_columns = (int)qn_shape_count(&shape, 1);
    made->update[made->update_count++] = qn_op_store_rows(y_pred, made->results);
}

static qn_status build(qn_model *model, qn_task task, qn_dtype x_dtype, float x_scale,
                       qn_dtype y_dtype, qn_model_graph *made)
{
    qn_graph *graph = made->graph;
    qn_shape ring = {.rank = 1, .dim = {QN_BATCH}};
    qn_shape target = model->output_shape;
    qn_value *loss_rows = NULL;
    made->x = qn_graph_add_data(graph, "x", x_dtype, model->input_shape);
    made->index = qn_graph_add_data(graph, "index", QN_I32, ring);
    qn_value *y_pred = qn_op_gather(made->x, made->index, QN_F32, x_scale);
    QN_TRY(forward(model, graph, task == QN_TASK_TRAIN, &y_pred));
    if (task == QN_TASK_PREDICT) {
        build_prediction(made, y_pred);
        return qn_graph_check(graph);
    }
    if (model->loss->sparse)
        target.rank--;
    made->y = qn_graph_add_data(graph, "y", y_dtype, target);
    qn_value *y_true = qn_op_gather(made->y, made->index, qn_model_target_dtype(model), 1.0f);
    QN_TRY(qn_graph_check(graph));
    if (task == QN_TASK_TRAIN)
        return build_training(model, made, y_true, y_pred);
    return compare(model, made, y_true, y_pred, &loss_rows);
}

/* What the task needs of the model: compiled, something to train, optimizer slots. */
static qn_status prepare(qn_model *model, qn_task task)
{
    QN_TRY(qn_model_ensure_built(model, NULL));
    if (task == QN_TASK_PREDICT)
        return QN_OK;
    if (model->loss == NULL)
        return qn_fail(model->env, QN_ERROR_USAGE,
                       "the model is not compiled: call qn_compile with an optimizer and a loss");
    if (task == QN_TASK_EVALUATE)
        return QN_OK;
    if (model->storage->bytes[QN_ROLE_PARAMETER] == 0)
        return qn_fail(model->env, QN_ERROR_USAGE,
                       "the model has no trainable weights: add a dense layer");
    if (model->storage->slot_count == model->optimizer->slots)
        return QN_OK;
    return qn_storage_slots(model->storage, model->optimizer->slots);
}

qn_status qn_model_graph_build(qn_model *model, qn_task task, qn_dtype x_dtype, float x_scale,
                               qn_dtype y_dtype, qn_model_graph *made)
{
    memset(made, 0, sizeof *made);
    QN_TRY(prepare(model, task));
    QN_TRY(qn_graph_create(model->context, &made->graph));
    qn_status status = build(model, task, x_dtype, x_scale, y_dtype, made);
    if (status != QN_OK)
        qn_model_graph_free(made);
    return status;
}

void qn_model_graph_free(qn_model_graph *made)
{
    qn_graph_destroy(&made->graph);
    memset(made, 0, sizeof *made);
}
