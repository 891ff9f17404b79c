/* SPDX-License-Identifier: Apache-2.0 */
/* The model behind the public handle, and what src/io and src/train need of it. */
#ifndef NN_MODEL_H
#define NN_MODEL_H

#include "graph/storage.h"
#include "nn/layer.h"
#include "nn/loss.h"
#include "nn/optimizer.h"
#include <quern/model.h>
#include <quern/unstable.h>
#include <signal.h>

#define QN_MAX_METRICS 15

struct qn_model {
    qn_context *context;
    qn_env *env;
    qn_device *device;
    qn_layer **layer; /* owned */
    int layer_count;
    size_t layer_capacity;
    bool built;                         /* every layer has its shapes and variables */
    qn_shape input_shape, output_shape; /* begin with QN_BATCH; input: rank 0 until known */
    qn_storage *storage; /* variables of all layers; on the host until qn_model_ensure_built */
    bool stale;          /* storage holds what no layer uses any more: to be laid out anew */
    bool deferred;       /* added layers wait for qn_model_build_from */
    uint32_t stream;     /* next stream of random weights */
    qn_text text;        /* for qn_model_text */
    /* stored with the model */
    uint64_t seed;
    float input_scale;
    uint32_t iterations; /* optimizer steps done since compile */
    /* compile */
    const qn_optimizer_type *optimizer; /* NULL: not compiled */
    void *optimizer_params;
    const qn_loss_type *loss;
    qn_metric metric[QN_MAX_METRICS];
    int metric_count;
    char *metrics_text; /* as given, for saving */
    /* training */
    volatile sig_atomic_t stop;
    struct qn_history *history; /* src/train; freed through qn_model_hooks */
    struct qn_plans *plans;     /* src/train: plans kept between calls; must be dropped when layers,
                                   compile or storage change: call qn_model_changed */
    qn_run_stats stats;
    uint64_t sample_limit; /* tests: device bytes that samples may take as a whole; 0: automatic */
    size_t chunk_limit;    /* tests: most steps in a chunk; 0: automatic */
    void (*drop_plans)(qn_model *model); /* set by src/train when it stores something above */
    void (*drop_history)(qn_model *model);
};

/* Plans made for the model are no longer valid. */
void qn_model_changed(qn_model *model);
/* Builds from a data array's shape when no layer gave one, and puts the weights on the device. */
qn_status qn_model_ensure_built(qn_model *model, const qn_array *x);
/* Builds for `shape` (of one sample), weights from `source` (NULL: initializers), on the host. */
qn_status qn_model_build_from(qn_model *model, int rank, const int64_t *shape,
                              const qn_value_source *source);
/* The index-th weight: layer by layer, kernel before bias. NULL past the end. */
qn_variable *qn_model_weight(const qn_model *model, int index);

typedef enum qn_task { QN_TASK_TRAIN, QN_TASK_EVALUATE, QN_TASK_PREDICT } qn_task;

/* What one sample of x and y must look like; checked against arrays before the first launch:
 * QN_ERROR_USAGE with both shapes. Labels outside the classes are QN_ERROR_DATA with the row. */
qn_status qn_model_check_x(qn_model *model, const qn_array *x);
qn_status qn_model_check_y(qn_model *model, const qn_array *x, const qn_array *y);
/* Target's type in the graph (QN_F32, or QN_I32 for sparse losses) and elements per sample. */
qn_dtype qn_model_target_dtype(const qn_model *model);
int64_t qn_model_target_columns(const qn_model *model);

/* The whole graph of one step of a task, from gathered samples to updates or outputs. */
typedef struct qn_model_graph {
    qn_graph *graph;
    /* DATA values to bind: samples, targets (NULL for predict), sample numbers, results
     * [ring, 1 + metrics] (train, evaluate) or predictions [ring, ...] (predict), latch (train). */
    qn_value *x, *y, *index, *results, *latch;
    int update_count;
    qn_value *update[4]; /* for the plan's updates */
    int result_columns;  /* floats per step (train, evaluate) or per sample (predict) */
} qn_model_graph;
/* x_dtype, y_dtype: types on the device (QN_U8, QN_I32, QN_F32); x_scale multiplies x. */
qn_status qn_model_graph_build(qn_model *model, qn_task task, qn_dtype x_dtype, float x_scale,
                               qn_dtype y_dtype, qn_model_graph *made);
void qn_model_graph_free(qn_model_graph *made);

/* The step row's `rate` at a step (from 0). */
float qn_model_rate(const qn_model *model, uint32_t iteration);
/* Optimizer slots exist and are zero after compile; names of results: "loss", metric names. */
const char *qn_model_result_name(const qn_model *model, int index);
/* Replaces the metrics (fit's, where it has some). */
qn_status qn_model_set_metrics(qn_model *model, const char *metrics);

#endif
