/* SPDX-License-Identifier: Apache-2.0 */
/* Losses and metrics by name. */
#ifndef NN_LOSS_H
#define NN_LOSS_H

#include "nn/part.h"
#include "ops/ops.h"

/* The params of every loss; each loss's table lists those that it takes. */
typedef struct qn_loss_params {
    qn_spec spec;
    double label_smoothing; /* part of each target that is spread evenly over the classes */
} qn_loss_params;

typedef struct qn_loss_type {
    qn_schema schema; /* first: "categorical_crossentropy" */
    qn_loss_kind kind;
    bool sparse; /* targets are integers, one per row */
} qn_loss_type;

/* Losses of rows [B, ..] by a part that was read as qn_kind_loss. */
qn_value *qn_loss_rows(const qn_part *loss, qn_value *y_true, qn_value *y_pred);

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

#endif
