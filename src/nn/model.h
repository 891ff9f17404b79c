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

/* What a callback needs to go on where it was; saved with the model. */
#define QN_CALLBACK_NUMBERS 8
typedef struct qn_callback_state {
    char *text; /* the callback as text; a fit takes the state over when it has the same one */
    double number[QN_CALLBACK_NUMBERS];
    float *values; /* of weights, say; NULL: none */
    size_t count;
} qn_callback_state;

/* Where training stands: saved with the model, so that another process can go on exactly. */
typedef struct qn_training {
    int64_t epochs; /* done, as the last fit counted them: where another one goes on */
    qn_callback_state *callback;
    size_t callback_count;
    /* Of the last fit; batch_size 0: there was none. */
    int64_t batch_size, epochs_wanted;
    double validation_split;
    bool shuffle;
    char *callbacks; /* those given as text; NULL: none */
} qn_training;

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
    uint32_t shuffles;   /* key of the next shuffle: every epoch of a model's life has its own */
    qn_training training;
    /* compile */
    qn_part optimizer, loss;      /* empty: not compiled */
    struct qn_schedule *schedule; /* of the learning rate; NULL: learning_rate */
    double learning_rate;
    char *loss_text; /* for saving */
    qn_metric metric[QN_MAX_METRICS];
    int metric_count;
    char *metrics_text;  /* as given, for saving */
    float *loaded_state; /* the optimizer's, from a file, until the model trains: slot by slot, the
                            trainable weights in order; NULL: none */
    /* training */
    volatile sig_atomic_t stop;
    bool stop_training;         /* the fit ends after this epoch; in a hook on batches: after it */
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
/* Floats of all weights. */
int64_t qn_model_weight_floats(const qn_model *model);

typedef enum qn_task { QN_TASK_TRAIN, QN_TASK_EVALUATE, QN_TASK_PREDICT, QN_TASKS } qn_task;
extern const char *const qn_task_names[QN_TASKS];

/* What one sample of x and y must look like; checked against arrays before the first launch:
 * QN_ERROR_USAGE with both shapes. Labels outside the classes are QN_ERROR_DATA with the row. */
qn_status qn_model_check_x(qn_model *model, const qn_array *x);
qn_status qn_model_check_y(qn_model *model, const qn_array *x, const qn_array *y);
/* Target's type in the graph (QN_F32, or QN_I32 for sparse losses) and elements per sample. */
qn_dtype qn_model_target_dtype(const qn_model *model);
int64_t qn_model_target_columns(const qn_model *model);

/* The whole graph of one step of a task, from gathered samples to updates or outputs. */
struct qn_model_graph {
    qn_graph *graph;
    /* DATA values to bind: samples, targets (NULL for predict), sample weights (NULL: none), sample
     * numbers, results [ring, 1 + metrics] (train, evaluate) or predictions [ring, ...] (predict),
     * latch (train). */
    qn_value *x, *y, *weight, *index, *results, *latch;
    qn_value *penalty; /* the sum of the layers' own; rank 0; NULL: none */
    size_t update_count, update_capacity;
    qn_value **update;  /* for the plan's updates; owned */
    int result_columns; /* floats per step (train, evaluate) or per sample (predict) */
};
/* What is asked of it. Types are those on the device (QN_U8, QN_I32, QN_F32). */
typedef struct qn_model_graph_request {
    qn_task task;
    qn_dtype x_dtype, y_dtype;
    float x_scale; /* multiplies x */
    bool weighted; /* each row's loss is multiplied by its sample's weight */
} qn_model_graph_request;
qn_status qn_model_graph_build(qn_model *model, const qn_model_graph_request *request,
                               qn_model_graph *made);
void qn_model_graph_free(qn_model_graph *made);

/* ---- compile.c ---- */

/* "loss", then the metrics' names; NULL past the end. */
const char *qn_model_result_name(const qn_model *model, int index);
/* Replaces the metrics (fit's, where it has some). */
qn_status qn_model_set_metrics(qn_model *model, const char *metrics);
const qn_loss_type *qn_model_loss_type(const qn_model *model); /* NULL: not compiled */

/* ---- training.c ---- */

void qn_training_forget(qn_model *model);
/* A copy of `state` joins the list. */
qn_status qn_training_add_callback(qn_model *model, const qn_callback_state *state);
void qn_training_forget_callbacks(qn_model *model);

/* ---- optimizers.c ---- */

const qn_optimizer_type *qn_model_optimizer_type(const qn_model *model); /* NULL: not compiled */
/* Slots of state the optimizer keeps once it trains; 0: not compiled. */
int qn_model_slots(const qn_model *model);
/* Sets the row's `rate` and `decay` for its `step`. */
void qn_model_fill_row(const qn_model *model, qn_step_row *row);
/* The optimizer's segments exist: zeros, or what a file left. The weights are on the device. */
qn_status qn_model_ensure_state(qn_model *model);
/* No iterations, no state. */
qn_status qn_model_reset_optimizer(qn_model *model);
/* For saving: slots of state there are (0 before training began), and one weight's part of one. */
int qn_model_state_slots(const qn_model *model);
qn_status qn_model_read_state(qn_model *model, int slot, int index, float *values);
/* For loading: floats of one slot. */
int64_t qn_model_state_floats(const qn_model *model);

#endif
