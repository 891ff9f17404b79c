/* SPDX-License-Identifier: Apache-2.0 */
/* Prints the plan of a task, or its graph after a pass. */
#include "base/text.h"
#include "base/util.h"
#include "train/check.h"
#include "train/session.h"

static qn_status find_task(qn_model *model, const char *name, qn_task *task)
{
    for (int i = 0; i < QN_TASKS; i++) {
        if (name && strcmp(name, qn_task_names[i]) == 0) {
            *task = (qn_task)i;
            return QN_OK;
        }
    }
    return qn_fail(model->env, QN_ERROR_USAGE,
                   "plan: the task '%s' is unknown: train, evaluate or predict",
                   name ? name : "(none)");
}

static qn_status find_pass(qn_model *model, const char *name)
{
    qn_text list = {.env = model->env};
    qn_status status = QN_ERROR_USAGE;

    if (!name)
        return QN_OK;
    for (int i = 0; qn_pass_list[i].name; i++) {
        if (strcmp(name, qn_pass_list[i].name) == 0)
            status = QN_OK;
        qn_text_add(&list, "%s%s", i > 0 ? ", " : "", qn_pass_list[i].name);
    }
    if (status != QN_OK)
        status = qn_fail(model->env, status, "plan: the pass '%s' is unknown: %s", name,
                         qn_text_get(&list));
    qn_text_free(&list);
    return status;
}

static qn_dtype target_dtype(const qn_model *model, qn_task task)
{
    return task == QN_TASK_PREDICT ? QN_F32 : qn_model_target_dtype(model);
}

/* One row of each array: a plan does not depend on how many there are. */
static qn_status make_rows(qn_model *model, const qn_session *s, qn_dtype x_dtype, qn_buffer **data)
{
    size_t x_bytes = (size_t)qn_shape_count(&model->input_shape, 1) * qn_dtype_size(x_dtype);

    QN_TRY(qn_buffer_create(model->device, x_bytes, &data[QN_SAMPLE_X]));
    if (!s->graph.y)
        return QN_OK;
    return qn_buffer_create(model->device,
                            (size_t)qn_model_target_columns(model) *
                                qn_dtype_size(qn_model_target_dtype(model)),
                            &data[QN_SAMPLE_Y]);
}

static qn_status print_table(qn_model *model, const qn_plan_params *p, const qn_session *s,
                             qn_text *text)
{
    struct qn_bind bind[QN_MAX_BINDS];
    qn_buffer *data[QN_SAMPLE_ARRAYS] = {NULL};
    qn_plan *plan = NULL;
    qn_status status = make_rows(model, s, p->x_dtype, data);

    if (status == QN_OK) {
        int count = qn_session_binds(s, data, bind);
        qn_plan_request request = qn_session_plan(model, s, count, bind);

        status = qn_plan_create(&request, &plan);
    }
    if (status == QN_OK)
        status = qn_plan_table_print(plan, p->json, text);
    qn_plan_destroy(&plan);
    for (int i = 0; i < QN_SAMPLE_ARRAYS; i++)
        qn_buffer_destroy(&data[i]);
    return status;
}

static qn_status print_graph(qn_model *model, const qn_plan_params *p, const qn_session *s,
                             qn_text *text)
{
    qn_plan_request request = qn_session_plan(model, s, 0, NULL);

    request.stop_after = p->after;
    return qn_plan_dot(&request, text);
}

static qn_status check(qn_model *model, const qn_plan_params *p, qn_task *task)
{
    QN_TRY(qn_check_options(model, "plan", p->batch_size, 0));
    QN_TRY(find_task(model, p->task, task));
    QN_TRY(find_pass(model, p->after));
    if (*task != QN_TASK_PREDICT)
        QN_TRY(qn_check_compiled(model, "plan"));
    if (!model->built)
        return qn_fail(model->env, QN_ERROR_USAGE,
                       "plan: the model has no input shape yet: call qn_build, or give the first "
                       "layer an input_shape");
    if (p->x_dtype != QN_F32 && p->x_dtype != QN_U8 && p->x_dtype != QN_I32)
        return qn_fail(model->env, QN_ERROR_USAGE,
                       "plan: samples of %s are not what devices hold: float32, uint8 or int32",
                       qn_dtype_name(p->x_dtype));
    if (p->after && !p->dot)
        return qn_fail(model->env, QN_ERROR_USAGE,
                       "plan: the graph after '%s' is printed as Graphviz text: ask for dot",
                       p->after);
    return QN_OK;
}

qn_status qn_plan_print(qn_model *model, const qn_plan_params *params, qn_write_fn write,
                        void *user)
{
    qn_plan_params defaults = qn_plan_defaults(), p;
    qn_session session = {0};
    qn_text text = {0};
    qn_status status;

    if (!model || !params || !write)
        return QN_ERROR_USAGE;
    qn_params_take(&p, &defaults, sizeof p, params, params->size);
    QN_TRY(check(model, &p, &session.request.task));
    session.batch = p.batch_size;
    session.request.x_dtype = p.x_dtype;
    session.request.x_scale = p.x_scale == 0 ? 1 : p.x_scale;
    session.request.y_dtype = target_dtype(model, session.request.task);
    text.env = model->env;
    status = qn_session_prepare(model, &session, 1, 0);
    if (status == QN_OK)
        status = p.dot ? print_graph(model, &p, &session, &text)
                       : print_table(model, &p, &session, &text);
    if (status == QN_OK && text.failed)
        status = QN_ERROR_MEMORY;
    if (status == QN_OK)
        write(user, qn_text_get(&text));
    qn_session_clear(&session);
    qn_text_free(&text);
    return status;
}
