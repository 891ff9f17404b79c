/* SPDX-License-Identifier: Apache-2.0 */
/* Losses and metrics by name. */
#ifndef NN_LOSS_H
#define NN_LOSS_H

#include "base/spec.h"
#include "ops/ops.h"

typedef struct qn_loss_type {
    const char *name;  /* "categorical_crossentropy" */
    const char *alias; /* "mse", or NULL */
    qn_loss_kind kind;
    bool sparse; /* targets are integers, one per row */
} qn_loss_type;
extern const qn_loss_type qn_loss_types[]; /* ended by a NULL name */
const qn_loss_type *qn_loss_type_find(const char *name);

/* A metric: what it is called in logs and how it is computed for each row. */
typedef struct qn_metric {
    char name[48]; /* "accuracy" */
    bool is_accuracy;
    qn_accuracy_kind accuracy;
    double threshold;
    int k;
    qn_loss_kind loss; /* when not an accuracy */
} qn_metric;
/* Reads a list such as "accuracy, top_k_categorical_accuracy(k=3), mse". "accuracy" picks binary,
 * sparse or categorical by output columns and loss, as Keras does; columns 0: not known yet, to be
 * read again. A metric whose targets are not of the loss's kind is refused. */
qn_status qn_metrics_parse(qn_env *env, const char *text, const qn_loss_type *loss,
                           int64_t output_columns, qn_metric *metrics, int room, int *count);
qn_value *qn_metric_rows(const qn_metric *metric, qn_value *y_true, qn_value *y_pred);
extern const char *const qn_metric_names[]; /* ended by NULL */

#endif
