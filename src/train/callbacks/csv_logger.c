/* SPDX-License-Identifier: Apache-2.0 */
/* Results of each epoch as a line of a file. As Keras does it, the results of the first epoch make
 * the columns; without validation those of validation are there all the same, as NA. A fit that
 * goes on where a saved one was goes on in its file, behind the last epoch that was saved. */
#include "base/file.h"
#include "base/numbers.h"
#include "train/callbacks/list.h"
#include <stdio.h>
#include <stdlib.h>

typedef qn_csv_logger_params params_t;

static const params_t defaults = {.spec = {sizeof(params_t), "CSVLogger"},
                                  QN_CSV_LOGGER_DEFAULTS(QN_DEFAULT_)};

static const qn_field fields[] = {
    {.name = "filename",
     .kind = QN_FIELD_TEXT,
     .offset = offsetof(params_t, filename),
     .positional = true,
     .required = true},
    {.name = "separator",
     .kind = QN_FIELD_TEXT,
     .offset = offsetof(params_t, separator),
     .positional = true},
    {.name = "append",
     .kind = QN_FIELD_BOOL,
     .offset = offsetof(params_t, append),
     .positional = true},
};

typedef char column[sizeof(((qn_logs *)0)->item[0].name) + 4];

enum { LENGTH }; /* of the file after the last line, in state.number; 0: none was written */

typedef struct own {
    size_t length; /* of the file; what is there begins with the columns' names */
    int count;     /* 0: no epoch was written yet */
    column name[2 * QN_MAX_LOGS];
} own;

static qn_status check_params(qn_env *env, const void *params)
{
    const params_t *p = params;
    const char *s = p->separator;

    if (p->filename[0] == '\0')
        return qn_fail(env, QN_ERROR_USAGE, "filename is empty: name a file, such as log.csv");
    if (s && strlen(s) == 1 && !strchr("\"\r\n", s[0]))
        return QN_OK;
    return qn_fail(env, QN_ERROR_USAGE,
                   "separator is \"%s\": it must be one character, no quote and no newline",
                   s ? s : "");
}

static qn_status on_train_begin(qn_callback *c, int64_t index, qn_logs *logs)
{
    const params_t *p = c->part.params;
    qn_env *env = c->model->env;
    own *o = c->own;
    size_t bytes = 0, length = (size_t)c->state.number[LENGTH];
    qn_status status = QN_OK;
    char *text = NULL;

    (void)index, (void)logs;
    if ((!p->append && length == 0) || !qn_file_exists(p->filename))
        return qn_file_append(env, p->filename, "", true);
    QN_TRY(qn_file_read(env, p->filename, 0, &text, &bytes));
    if (length > 0 && bytes > length) /* epochs that were not saved come again */
        status = qn_file_replace(env, p->filename, text, bytes = length);
    qn_free(env, text);
    o->length = bytes;
    return status;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

static void choose_columns(own *o, const qn_logs *logs)
{
    bool validation = false;

    for (int i = 0; i < logs->count; i++) {
        snprintf(o->name[o->count++], sizeof(column), "%s", logs->item[i].name);
        validation = validation || strncmp(logs->item[i].name, "val_", 4) == 0;
    }
    qsort(o->name, (size_t)o->count, sizeof(column), by_name);
    for (int i = 0; !validation && i < logs->count; i++) {
        column plain;

        memcpy(plain, o->name[i], sizeof plain);
        snprintf(o->name[o->count++], sizeof(column), "val_%.*s", (int)sizeof(column) - 5, plain);
    }
}

static void write_head(qn_text *line, const own *o, const char *separator)
{
    qn_text_add(line, "epoch");
    for (int i = 0; i < o->count; i++)
        qn_text_add(line, "%s%s", separator, o->name[i]);
    qn_text_add(line, "\n");
}

static qn_status on_epoch_end(qn_callback *c, int64_t epoch, qn_logs *logs)
{
    const params_t *p = c->part.params;
    own *o = c->own;
    qn_text line = {.env = c->model->env};
    qn_status status = QN_ERROR_MEMORY;
    double value;

    if (o->count == 0) {
        choose_columns(o, logs);
        if (o->length == 0)
            write_head(&line, o, p->separator);
    }
    qn_text_add(&line, "%lld", (long long)epoch);
    for (int i = 0; i < o->count; i++) {
        qn_text_add(&line, "%s", p->separator);
        if (qn_logs_get(logs, o->name[i], &value))
            qn_number_write(&line, value);
        else
            qn_text_add(&line, "NA");
    }
    qn_text_add(&line, "\n");
    if (!line.failed)
        status = qn_file_append(c->model->env, p->filename, qn_text_get(&line), false);
    o->length += line.length;
    c->state.number[LENGTH] = (double)o->length;
    qn_text_free(&line);
    return status;
}

const qn_callback_type qn_callback_csv_logger = {
    .schema = {.type = "CSVLogger",
               .name = "csv_logger",
               .defaults = &defaults,
               .size = sizeof defaults,
               .fields = fields,
               .field_count = QN_COUNT(fields),
               .check = check_params},
    .own_size = sizeof(own),
    .stateful = true,
    .on = {[QN_TRAIN_BEGIN] = on_train_begin, [QN_EPOCH_END] = on_epoch_end},
};
