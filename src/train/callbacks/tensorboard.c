/* SPDX-License-Identifier: Apache-2.0 */
/* Event files for TensorBoard, with the folders and tags of Keras's callback. */
#include "base/file.h"
#include "base/util.h"
#include "io/event_file.h"
#include "io/model_json.h"
#include "train/callbacks/list.h"
#include "train/plans.h"
#include <stdio.h>
#include <stdlib.h>

#define FLUSH_SECONDS 1.0 /* batches are shown while an epoch runs */

typedef qn_tensorboard_params params_t;

static const params_t defaults = {.spec = {sizeof(params_t), "TensorBoard"},
                                  QN_TENSORBOARD_DEFAULTS(QN_DEFAULT_)};

#define MEMBER(member, type) .name = #member, .kind = type, .offset = offsetof(params_t, member)

/* Keras has write_images behind write_graph: what follows is named. */
static const qn_field fields[] = {
    {MEMBER(log_dir, QN_FIELD_TEXT), .positional = true, .required = true},
    {MEMBER(histogram_freq, QN_FIELD_INT), .positional = true, .minimum = 0, .maximum = INT32_MAX},
    {MEMBER(write_graph, QN_FIELD_BOOL), .positional = true},
    {MEMBER(update_freq, QN_FIELD_TEXT)},
    {MEMBER(write_steps_per_second, QN_FIELD_BOOL)},
};

enum { TRAIN, VALIDATION, FOLDERS };

static const char *const folders[FOLDERS] = {"train", "validation"};

typedef struct own {
    qn_event_file *file[FOLDERS]; /* NULL: nothing was written there yet */
    int64_t frequency;            /* optimizer steps; 0: epochs only */
    double flushed, epoch_begun, batch_begun;
    uint32_t iterations_before; /* the epoch */
} own;

/* ---- arguments ---- */

/* Steps from one record of a batch to the next: 0 for "epoch", -1 for what is wrong. */
static int64_t steps_of(const char *update_freq)
{
    char *end;
    long long steps;

    if (!update_freq)
        return -1;
    if (strcmp(update_freq, "epoch") == 0)
        return 0;
    if (strcmp(update_freq, "batch") == 0)
        return 1;
    if (update_freq[0] < '1' || update_freq[0] > '9')
        return -1;
    steps = strtoll(update_freq, &end, 10);
    return *end == '\0' && steps <= INT32_MAX ? steps : -1;
}

static qn_status check_params(qn_env *env, const void *params)
{
    const params_t *p = params;

    if (p->log_dir[0] == '\0')
        return qn_fail(env, QN_ERROR_USAGE, "log_dir is empty: name a folder, such as logs");
    if (steps_of(p->update_freq) < 0)
        return qn_fail(env, QN_ERROR_USAGE,
                       "update_freq is %s: it must be epoch, batch, or a number of batches from 1 "
                       "to %d",
                       p->update_freq ? p->update_freq : "none", INT32_MAX);
    return qn_event_file_supported(env);
}

/* Batches are looked at only when they are to be written: each would have to be waited for. */
static bool wants(const void *params, qn_moment moment)
{
    if (moment == QN_TRAIN_BATCH_BEGIN || moment == QN_TRAIN_BATCH_END)
        return steps_of(((const params_t *)params)->update_freq) > 0;
    return true;
}

/* ---- files ---- */

static qn_status make_folder(qn_callback *c, int which, char **folder)
{
    const params_t *p = c->part.params;
    qn_status status;

    *folder = qn_format(c->model->env, "%s/%s", p->log_dir, folders[which]);
    if (!*folder)
        return QN_ERROR_MEMORY;
    status = qn_make_folders(c->model->env, *folder);
    if (status != QN_OK) {
        qn_free(c->model->env, *folder);
        *folder = NULL;
    }
    return status;
}

static qn_status check_folder(qn_callback *c, int which)
{
    qn_env *env = c->model->env;
    qn_status status = QN_ERROR_MEMORY;
    char *folder, *probe;

    QN_TRY(make_folder(c, which, &folder));
    probe = qn_format(env, "%s/events.out.tfevents", folder);
    if (probe)
        status = qn_file_check_writable(env, probe);
    qn_free(env, probe);
    qn_free(env, folder);
    return status;
}

static qn_status check(qn_callback *c, qn_results *results)
{
    QN_TRY(check_folder(c, TRAIN));
    for (int i = 0; i < results->names.count; i++) {
        if (strncmp(results->names.item[i].name, "val_", 4) == 0)
            return check_folder(c, VALIDATION);
    }
    return QN_OK;
}

/* Files are created when they are first written to: without validation there is none of it. */
static qn_status open_file(qn_callback *c, int which, qn_event_file **file)
{
    own *o = c->own;
    qn_status status = QN_OK;
    char *folder;

    if (!o->file[which]) {
        QN_TRY(make_folder(c, which, &folder));
        status = qn_event_file_create(c->model->env, folder, &o->file[which]);
        qn_free(c->model->env, folder);
    }
    *file = o->file[which];
    return status;
}

static qn_status flush(own *o)
{
    o->flushed = qn_seconds();
    for (int i = 0; i < FOLDERS; i++) {
        if (o->file[i])
            QN_TRY(qn_event_file_flush(o->file[i]));
    }
    return QN_OK;
}

/* ---- records ---- */

static qn_status write_scalar(qn_callback *c, int which, const char *before, const char *name,
                              const char *after, int64_t step, double value)
{
    char tag[sizeof(((qn_logs *)0)->item[0].name) + 40];
    qn_event_file *file;

    QN_TRY(open_file(c, which, &file));
    snprintf(tag, sizeof tag, "%s%s%s", before, name, after);
    return qn_event_file_scalar(file, tag, step, value);
}

static qn_status write_graph(qn_callback *c, qn_event_file *file)
{
    const qn_graph *graph = qn_plans_training_graph(c->model);
    qn_status status;
    char *layers;

    QN_TRY(qn_model_to_keras_json(c->model, &layers));
    status = qn_event_file_layers(file, "keras", layers);
    qn_free(c->model->env, layers);
    if (status == QN_OK && graph)
        status = qn_event_file_graph(file, graph);
    return status;
}

static qn_status write_histogram(qn_callback *c, qn_event_file *file, int64_t epoch,
                                 qn_variable *weight)
{
    qn_env *env = c->model->env;
    char *tag = qn_format(env, "sequential/%s/histogram", weight->name);
    float *values = tag ? qn_alloc_array(env, (size_t)weight->count, sizeof *values) : NULL;
    qn_status status = values ? qn_variable_read(weight, values) : QN_ERROR_MEMORY;

    if (status == QN_OK)
        status = qn_event_file_histogram(file, tag, epoch, values, (size_t)weight->count);
    qn_free(env, values);
    qn_free(env, tag);
    return status;
}

static qn_status write_histograms(qn_callback *c, int64_t epoch)
{
    const params_t *p = c->part.params;
    qn_event_file *file;

    if (p->histogram_freq == 0 || epoch % p->histogram_freq != 0)
        return QN_OK;
    QN_TRY(open_file(c, TRAIN, &file));
    for (int i = 0; i < qn_weight_count(c->model); i++)
        QN_TRY(write_histogram(c, file, epoch, qn_model_weight(c->model, i)));
    return QN_OK;
}

/* Results of validation lose their prefix: the folder tells them apart. The learning rate is the
 * one that the next step takes, as Keras reads it from the optimizer. */
static qn_status write_results(qn_callback *c, int64_t epoch, const qn_logs *logs)
{
    double rate;

    for (int i = 0; i < logs->count; i++) {
        const char *name = logs->item[i].name;
        bool validation = strncmp(name, "val_", 4) == 0;

        if (strcmp(name, "learning_rate") != 0)
            QN_TRY(write_scalar(c, validation ? VALIDATION : TRAIN, "epoch_",
                                name + (validation ? 4 : 0), "", epoch, logs->item[i].value));
    }
    QN_TRY(qn_get_learning_rate(c->model, &rate));
    return write_scalar(c, TRAIN, "epoch_", "learning_rate", "", epoch, rate);
}

/* ---- hooks ---- */

static qn_status on_train_begin(qn_callback *c, int64_t index, qn_logs *logs)
{
    const params_t *p = c->part.params;
    qn_event_file *file;
    own *o = c->own;

    (void)index, (void)logs;
    o->frequency = steps_of(p->update_freq);
    QN_TRY(open_file(c, TRAIN, &file));
    if (p->write_graph)
        QN_TRY(write_graph(c, file));
    return flush(o);
}

static qn_status on_epoch_begin(qn_callback *c, int64_t epoch, qn_logs *logs)
{
    own *o = c->own;

    (void)epoch, (void)logs;
    o->epoch_begun = qn_seconds();
    o->iterations_before = c->model->iterations;
    return QN_OK;
}

static qn_status on_batch_begin(qn_callback *c, int64_t batch, qn_logs *logs)
{
    (void)batch, (void)logs;
    ((own *)c->own)->batch_begun = qn_seconds();
    return QN_OK;
}

/* Steps count from the optimizer's first one, so that training that goes on goes on here too. */
static qn_status on_batch_end(qn_callback *c, int64_t batch, qn_logs *logs)
{
    const params_t *p = c->part.params;
    int64_t step = c->model->iterations;
    double now = qn_seconds();
    own *o = c->own;

    (void)batch;
    if (step % o->frequency != 0)
        return QN_OK;
    if (p->write_steps_per_second && now > o->batch_begun)
        QN_TRY(write_scalar(c, TRAIN, "batch_", "steps_per_second", "", step,
                            1 / (now - o->batch_begun)));
    for (int i = 0; i < logs->count; i++)
        QN_TRY(write_scalar(c, TRAIN, "batch_", logs->item[i].name, "", step, logs->item[i].value));
    return now - o->flushed < FLUSH_SECONDS ? QN_OK : flush(o);
}

static qn_status on_test_end(qn_callback *c, int64_t index, qn_logs *logs)
{
    (void)index;
    for (int i = 0; i < logs->count; i++)
        QN_TRY(write_scalar(c, VALIDATION, "evaluation_", logs->item[i].name, "_vs_iterations",
                            c->model->iterations, logs->item[i].value));
    return flush(c->own);
}

static qn_status on_epoch_end(qn_callback *c, int64_t epoch, qn_logs *logs)
{
    const params_t *p = c->part.params;
    own *o = c->own;
    double seconds = qn_seconds() - o->epoch_begun;

    QN_TRY(write_results(c, epoch, logs));
    if (p->write_steps_per_second && seconds > 0)
        QN_TRY(write_scalar(c, TRAIN, "epoch_", "steps_per_second", "", epoch,
                            (double)(c->model->iterations - o->iterations_before) / seconds));
    QN_TRY(write_histograms(c, epoch));
    return flush(o);
}

static qn_status on_train_end(qn_callback *c, int64_t index, qn_logs *logs)
{
    own *o = c->own;

    (void)index, (void)logs;
    for (int i = 0; i < FOLDERS; i++)
        QN_TRY(qn_event_file_close(&o->file[i]));
    return QN_OK;
}

/* After a run that failed: what it said stays. */
static void clear(qn_callback *c)
{
    own *o = c->own;

    for (int i = 0; i < FOLDERS; i++)
        qn_event_file_abandon(&o->file[i]);
}

const qn_callback_type qn_callback_tensorboard = {
    .schema = {.type = "TensorBoard",
               .name = "tensorboard",
               .defaults = &defaults,
               .size = sizeof defaults,
               .fields = fields,
               .field_count = QN_COUNT(fields),
               .check = check_params},
    .own_size = sizeof(own),
    .clear = clear,
    .check = check,
    .on = {[QN_TRAIN_BEGIN] = on_train_begin,
           [QN_TRAIN_END] = on_train_end,
           [QN_EPOCH_BEGIN] = on_epoch_begin,
           [QN_EPOCH_END] = on_epoch_end,
           [QN_TRAIN_BATCH_BEGIN] = on_batch_begin,
           [QN_TRAIN_BATCH_END] = on_batch_end,
           [QN_TEST_END] = on_test_end},
    .wants = wants,
};
