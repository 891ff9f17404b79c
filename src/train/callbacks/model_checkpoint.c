/* SPDX-License-Identifier: Apache-2.0 */
/* The model as a file after each epoch, or after the best ones. */
#include "base/file.h"
#include "train/callbacks/list.h"
#include "train/callbacks/monitor.h"
#include "train/callbacks/path.h"

typedef qn_model_checkpoint_params params_t;

static const params_t defaults = {.spec = {sizeof(params_t), "ModelCheckpoint"},
                                  QN_MODEL_CHECKPOINT_DEFAULTS(QN_DEFAULT_)};

#define MEMBER(member, type)                                                                       \
    .name = #member, .kind = type, .offset = offsetof(params_t, member), .positional = true

static const qn_field fields[] = {
    {MEMBER(filepath, QN_FIELD_TEXT), .required = true},
    {MEMBER(monitor, QN_FIELD_TEXT)},
    {MEMBER(verbose, QN_FIELD_INT), .minimum = 0, .maximum = 1},
    {MEMBER(save_best_only, QN_FIELD_BOOL)},
    {MEMBER(mode, QN_FIELD_TEXT)},
    {MEMBER(save_freq, QN_FIELD_TEXT)},
    {MEMBER(initial_value_threshold, QN_FIELD_DOUBLE)},
};

enum { HAS_BEST, BEST }; /* numbers of the state */

typedef struct own {
    bool due; /* the epoch that ended is to be saved */
} own;

static qn_status check_params(qn_env *env, const void *params)
{
    const params_t *p = params;

    if (p->filepath[0] == '\0')
        return qn_fail(env, QN_ERROR_USAGE, "filepath is empty: name a file");
    if (!p->monitor)
        return qn_fail(env, QN_ERROR_USAGE, "monitor is none: name a result, such as val_loss");
    if (!p->save_freq || strcmp(p->save_freq, "epoch") != 0)
        return qn_fail(env, QN_ERROR_USAGE, "save_freq is '%s': models are saved after epochs only",
                       p->save_freq ? p->save_freq : "none");
    return qn_monitor_check_mode(env, p->mode);
}

static qn_monitor monitor_of(const qn_callback *c)
{
    const params_t *p = c->part.params;

    return (qn_monitor){.result = p->monitor, .mode = p->mode};
}

/* Makes the folders of a file. */
static qn_status make_folders(qn_env *env, const char *path)
{
    const char *end = strrchr(path, '/');
    qn_status status;
    char *folder;

    if (!end || end == path)
        return QN_OK;
    folder = qn_strndup(env, path, (size_t)(end - path));
    if (!folder)
        return QN_ERROR_MEMORY;
    status = qn_make_folders(env, folder);
    qn_free(env, folder);
    return status;
}

/* Whether the files can be written, where the first one's folder is known. */
static qn_status check_writable(qn_env *env, const char *pattern, const char *path)
{
    const char *brace = strchr(pattern, '{'), *slash = strrchr(pattern, '/');

    if (brace && slash && brace < slash)
        return QN_OK;
    QN_TRY(make_folders(env, path));
    return qn_file_check_writable(env, path);
}

static qn_status check(qn_callback *c, qn_results *results)
{
    const params_t *p = c->part.params;
    qn_monitor monitor = monitor_of(c);
    qn_env *env = c->model->env;
    qn_status status;
    char *path;

    if (p->save_best_only)
        QN_TRY(qn_monitor_check(c, &monitor, results));
    QN_TRY(qn_path_fill(env, p->filepath, 0, &results->names, results->open, &path));
    status = check_writable(env, p->filepath, path);
    qn_free(env, path);
    return status;
}

/* Several checkpoints: those of the best come first, so that a file of every epoch, from which
 * training goes on, never knows of a best that was not saved. */
static int rank(const void *params)
{
    return ((const params_t *)params)->save_best_only ? 1 : 2;
}

static qn_status on_epoch_end(qn_callback *c, int64_t epoch, qn_logs *logs)
{
    const params_t *p = c->part.params;
    qn_monitor monitor = monitor_of(c);
    double *number = c->state.number, value;
    own *o = c->own;

    o->due = true;
    if (!p->save_best_only)
        return QN_OK;
    QN_TRY(qn_monitor_value(c, &monitor, logs, &value));
    o->due = qn_monitor_improved(c, &monitor, value,
                                 number[HAS_BEST] ? number[BEST] : p->initial_value_threshold);
    if (o->due) {
        number[HAS_BEST] = 1;
        number[BEST] = value;
    } else if (p->verbose) {
        qn_log(c->model->env, QN_LOG_INFO, "Epoch %lld: %s did not improve from %.5f",
               (long long)epoch + 1, p->monitor,
               number[HAS_BEST] ? number[BEST] : p->initial_value_threshold);
    }
    return QN_OK;
}

static qn_status save(qn_callback *c, int64_t epoch, qn_logs *logs)
{
    const params_t *p = c->part.params;
    own *o = c->own;
    qn_status status;
    char *path;

    if (!o->due)
        return QN_OK;
    QN_TRY(qn_path_fill(c->model->env, p->filepath, epoch, logs, false, &path));
    status = make_folders(c->model->env, path);
    if (status == QN_OK)
        status = qn_save(c->model, path);
    if (status == QN_OK && p->verbose)
        qn_log(c->model->env, QN_LOG_INFO, "Epoch %lld: saved the model to %s",
               (long long)epoch + 1, path);
    qn_free(c->model->env, path);
    return status;
}

const qn_callback_type qn_callback_model_checkpoint = {
    .schema = {.type = "ModelCheckpoint",
               .name = "model_checkpoint",
               .defaults = &defaults,
               .size = sizeof defaults,
               .fields = fields,
               .field_count = QN_COUNT(fields),
               .check = check_params},
    .own_size = sizeof(own),
    .check = check,
    .on = {[QN_EPOCH_END] = on_epoch_end},
    .save = save,
    .rank = rank,
    .stateful = true,
};
