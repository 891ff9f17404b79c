/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * Sequential models: add, compile, fit, evaluate, predict, weights, summary, files. */
#ifndef QUERN_MODEL_H
#define QUERN_MODEL_H

#include <quern/context.h>
#include <quern/layers.h>
#include <quern/optimizers.h>

QN_HEADER_BEGIN

typedef struct qn_model qn_model;

/** An empty model. It must be destroyed before its context. */
QN_API QN_MUST_USE qn_status qn_sequential(qn_context *ctx, qn_model **model);
QN_API void qn_model_destroy(qn_model **model);
/** The context it was made in. */
QN_API qn_context *qn_model_context(const qn_model *model);

/** Adds a layer: `qn_add(model, qn_dense(10, .activation = "softmax"))`. The spec is copied. */
QN_API QN_MUST_USE qn_status qn_add(qn_model *model, const qn_spec *layer);
/** Adds layers written as text: "flatten, dense(100, sigmoid), dense(10, softmax)". */
QN_API QN_MUST_USE qn_status qn_add_text(qn_model *model, const char *layers);
/** Removes the last layer. */
QN_API QN_MUST_USE qn_status qn_pop(qn_model *model);
/** Freezes a layer (its weights stay as they are; normalization uses its moving statistics) or
 * thaws it. The optimizer's state starts anew when the model trains next. */
QN_API QN_MUST_USE qn_status qn_set_trainable(qn_model *model, const char *layer, bool trainable);
/** Gives the model its input shape (of one sample) when no layer did, and creates the weights. */
QN_API QN_MUST_USE qn_status qn_build(qn_model *model, int rank, const int64_t *shape);

/** Gives the Normalization layers at the model's beginning the mean and variance of x, as the model
 * takes it (its scale counts): those without given ones that come before the first other layer with
 * weights. Input, flatten and rescaling layers may stand before them, each other, and nothing else.
 * Builds the model from x when no layer gave an input shape.
 * @return QN_ERROR_DATA when a mean or variance would not be finite; that layer keeps its own. */
QN_API QN_MUST_USE qn_status qn_adapt(qn_model *model, qn_array x);

typedef struct qn_compile_params {
    size_t size;
    const char *optimizer;         /**< text: "adam", "sgd(learning_rate=0.1)" */
    const qn_spec *optimizer_spec; /**< or a struct: qn_adam(...); both are an error, neither is
                                        "rmsprop" as in Keras */
    const char *loss;              /**< "categorical_crossentropy", ...; qn_names lists them */
    const char *metrics;           /**< text list: "accuracy, mean_absolute_error" */
} qn_compile_params;
#define QN_COMPILE_DEFAULTS(set)
QN_PARAMS_DEFAULTS_FUNCTION_(qn_compile, QN_COMPILE_DEFAULTS)
/** Sets optimizer, loss and metrics. Weights stay; optimizer state starts anew. */
QN_API QN_MUST_USE qn_status qn_compile_with(qn_model *model, const qn_compile_params *params);
#define qn_compile(model, ...)                                                                     \
    qn_compile_with(model, QN_PARAMS_(qn_compile_params, QN_COMPILE_DEFAULTS, __VA_ARGS__))

typedef enum qn_progress_event {
    QN_PROGRESS_BEGIN,
    QN_PROGRESS_EPOCH_BEGIN,
    QN_PROGRESS_STEP, /**< at most every 50 ms */
    QN_PROGRESS_EPOCH_END,
    QN_PROGRESS_END
} qn_progress_event;

typedef struct qn_progress {
    size_t size;
    qn_progress_event event;
    const char *task; /**< "fit", "evaluate", "predict" */
    int verbose;      /**< as given to fit: 0, 1 (bar) or 2 (one line an epoch) */
    int64_t epoch;    /**< from 0 */
    int64_t epochs;
    int64_t step; /**< steps done in this epoch */
    int64_t steps;
    double seconds;      /**< since the epoch began */
    const qn_logs *logs; /**< running means, or the epoch's results */
} qn_progress;

typedef void (*qn_progress_fn)(void *user, const qn_progress *progress);
/** A renderer that reads as Keras's: counter, bar, time per step, metrics. `user` is a FILE
 * pointer, NULL for stderr. Not a terminal: one line an epoch. Honours NO_COLOR. */
QN_API void qn_progress_bar(void *user, const qn_progress *progress);

typedef struct qn_fit_params {
    size_t size;
    qn_array x, y;
    int64_t batch_size;
    int64_t epochs;
    int verbose;             /**< 0 silent, 1 bar, 2 one line an epoch; needs `progress` */
    double validation_split; /**< tail of the data, taken before shuffling, in [0, 1) */
    qn_array validation_x, validation_y; /**< instead of a split */
    bool shuffle;
    int64_t initial_epoch;
    const char *metrics; /**< replaces compile's when given */
    qn_progress_fn progress;
    void *progress_user;
    const char *callbacks; /**< text list: "early_stopping(patience=3), csv_logger(log.csv)" */
    const qn_spec *const *callback_specs; /**< more of them, of quern/callbacks.h; ends with NULL */
    /** [n], 0 or more: each row's loss is multiplied by its weight, the sum divided by the number
     * of rows. Metrics are not weighted. */
    qn_array sample_weight;
    qn_array validation_sample_weight; /**< of validation_x; a split's are those of its rows */
    const char *class_weight; /**< text: "0=1, 3=2.5"; a class that is not named has weight 1; not
                                   with sample_weight, and not for validation */
} qn_fit_params;
#define QN_FIT_DEFAULTS(set) set(batch_size, 32) set(epochs, 1) set(verbose, 1) set(shuffle, true)
QN_PARAMS_DEFAULTS_FUNCTION_(qn_fit, QN_FIT_DEFAULTS)
/** Trains. x: [n, ...] as the first layer takes it, any dtype; y: as the loss takes it.
 *
 * Training goes on where it was, in another process as well, with `.initial_epoch =
 * qn_model_epochs(model)` and the same arguments as before: callbacks that are written as they were
 * take their state over. initial_epoch may then equal epochs, which only ends the training that was
 * (EarlyStopping restores its weights, hooks on training are called).
 * @return QN_STOPPED after qn_stop (weights as after the last finished chunk), QN_ERROR_DIVERGED
 * when a step's loss was not finite (weights as before that step; the step is named). */
QN_API QN_MUST_USE qn_status qn_fit_with(qn_model *model, const qn_fit_params *params);
#define qn_fit(model, ...)                                                                         \
    qn_fit_with(model, QN_PARAMS_(qn_fit_params, QN_FIT_DEFAULTS, __VA_ARGS__))

typedef struct qn_evaluate_params {
    size_t size;
    qn_array x, y;
    int64_t batch_size;
    int verbose;
    qn_progress_fn progress;
    void *progress_user;
    qn_logs *logs;                        /**< receives loss and metrics; may be NULL */
    const qn_spec *const *callback_specs; /**< qn_callback(...) with hooks on tests */
    qn_array sample_weight;               /**< as fit's */
} qn_evaluate_params;
#define QN_EVALUATE_DEFAULTS(set) set(batch_size, 32) set(verbose, 1)
QN_PARAMS_DEFAULTS_FUNCTION_(qn_evaluate, QN_EVALUATE_DEFAULTS)
QN_API QN_MUST_USE qn_status qn_evaluate_with(qn_model *model, const qn_evaluate_params *params);
#define qn_evaluate(model, ...)                                                                    \
    qn_evaluate_with(model, QN_PARAMS_(qn_evaluate_params, QN_EVALUATE_DEFAULTS, __VA_ARGS__))

typedef struct qn_predict_params {
    size_t size;
    qn_out out; /**< float32, [n, ...output shape] */
    int64_t batch_size;
    int verbose;
    qn_progress_fn progress;
    void *progress_user;
    const qn_spec *const *callback_specs; /**< qn_callback(...) with hooks on predictions */
} qn_predict_params;
#define QN_PREDICT_DEFAULTS(set) set(batch_size, 32) set(verbose, 1)
QN_PARAMS_DEFAULTS_FUNCTION_(qn_predict, QN_PREDICT_DEFAULTS)
QN_API QN_MUST_USE qn_status qn_predict_with(qn_model *model, qn_array x,
                                             const qn_predict_params *params);
/** `qn_predict(model, qn_f32(x, 10, 28, 28), qn_f32_out(out, 10, 10))` */
#define qn_predict(model, x, ...)                                                                  \
    qn_predict_with(model, x,                                                                      \
                    QN_PARAMS_(qn_predict_params, QN_PREDICT_DEFAULTS, .out = __VA_ARGS__))

typedef struct qn_train_on_batch_params {
    size_t size;
    qn_array x, y;
    qn_array sample_weight;   /**< as fit's */
    const char *class_weight; /**< as fit's */
    qn_logs *logs;            /**< receives the batch's own loss and metrics; may be NULL */
} qn_train_on_batch_params;
#define QN_TRAIN_ON_BATCH_DEFAULTS(set)
QN_PARAMS_DEFAULTS_FUNCTION_(qn_train_on_batch, QN_TRAIN_ON_BATCH_DEFAULTS)
/** One step of the optimizer on all rows given. Calls with as many rows share what they run on. It
 * counts as no epoch, and leaves the history.
 * @return QN_ERROR_DIVERGED when the loss was not finite: the weights are as before. */
QN_API QN_MUST_USE qn_status qn_train_on_batch_with(qn_model *model,
                                                    const qn_train_on_batch_params *params);
#define qn_train_on_batch(model, ...)                                                              \
    qn_train_on_batch_with(                                                                        \
        model, QN_PARAMS_(qn_train_on_batch_params, QN_TRAIN_ON_BATCH_DEFAULTS, __VA_ARGS__))

typedef struct qn_test_on_batch_params {
    size_t size;
    qn_array x, y;
    qn_array sample_weight;
    qn_logs *logs;
} qn_test_on_batch_params;
#define QN_TEST_ON_BATCH_DEFAULTS(set)
QN_PARAMS_DEFAULTS_FUNCTION_(qn_test_on_batch, QN_TEST_ON_BATCH_DEFAULTS)
/** Loss and metrics of all rows given, in one batch. */
QN_API QN_MUST_USE qn_status qn_test_on_batch_with(qn_model *model,
                                                   const qn_test_on_batch_params *params);
#define qn_test_on_batch(model, ...)                                                               \
    qn_test_on_batch_with(                                                                         \
        model, QN_PARAMS_(qn_test_on_batch_params, QN_TEST_ON_BATCH_DEFAULTS, __VA_ARGS__))

/** Keras's `model.stop_training = True`: a running fit ends after the current epoch (called from a
 * hook on batches: after the batch, which ends the epoch) with QN_OK. For hooks and progress
 * callbacks; another thread calls qn_stop. */
QN_API void qn_stop_training(qn_model *model);

/** Epochs that were trained, as the last fit counted them: where another one goes on as
 * `.initial_epoch`. Saved with the model; compiling leaves it, as the weights stay. An epoch that
 * was interrupted does not count. */
QN_API int64_t qn_model_epochs(const qn_model *model);

/** Asks a running fit, evaluate or predict to stop after the current chunk; when none runs, the
 * next one stops before its first. Async-signal-safe: the one function that may be called from a
 * signal handler or another thread. */
QN_API void qn_stop(qn_model *model);

/** Epochs trained by the last fit, and a result of one of them ("loss", "val_accuracy").
 * @return false when there is no such epoch or result. */
QN_API int64_t qn_history_epochs(const qn_model *model);
QN_API bool qn_history_get(const qn_model *model, const char *name, int64_t epoch, double *value);
/** The learning rate of the next step; what a schedule says where there is one. */
QN_API QN_MUST_USE qn_status qn_get_learning_rate(const qn_model *model, double *rate);
/** Sets it for all further steps. @return QN_ERROR_USAGE when a schedule rules it. */
QN_API QN_MUST_USE qn_status qn_set_learning_rate(qn_model *model, double rate);

/** All results of one epoch (0 is the first of the last fit), and the seconds it took. */
QN_API bool qn_history_logs(const qn_model *model, int64_t epoch, qn_logs *logs, double *seconds);

/** One weight of the model, in Keras's order (layer by layer, kernel before bias). */
typedef struct qn_weight_info {
    size_t size;
    const char *name; /**< "dense/kernel"; borrowed from the model */
    int rank;
    int64_t shape[QN_MAX_RANK];
    bool trainable;
} qn_weight_info;
QN_API int qn_weight_count(const qn_model *model);
QN_API QN_MUST_USE qn_status qn_weight_describe(const qn_model *model, int index,
                                                qn_weight_info *info);
QN_API QN_MUST_USE qn_status qn_get_weight(qn_model *model, int index, qn_out out);
QN_API QN_MUST_USE qn_status qn_set_weight(qn_model *model, int index, qn_array value);

/** Shape of one input or output sample, without the batch; rank returned, 0 when not built. */
QN_API int qn_model_input_shape(const qn_model *model, int64_t shape[QN_MAX_RANK]);
QN_API int qn_model_output_shape(const qn_model *model, int64_t shape[QN_MAX_RANK]);
/** Scale of the data the model was trained on (1/255 for images), stored with it; 1 at first. */
QN_API float qn_model_input_scale(const qn_model *model);
/** The compiled loss's name, or NULL. */
QN_API const char *qn_model_loss(const qn_model *model);

/** Keras's table of layers, output shapes and parameters. */
QN_API QN_MUST_USE qn_status qn_summary(const qn_model *model, qn_write_fn write, void *user);
/** The model's layers in the text form, as qn_add_text takes it. Borrowed until the next call. */
QN_API const char *qn_model_text(qn_model *model);

/** Saves the model as safetensors: weights, architecture, compile arguments, input scale and seed,
 * and where training stands: the optimizer's state and steps, the learning rate, the order of the
 * next epoch, epochs, the state of callbacks. It is written to a temporary file beside `path`,
 * synced, renamed: `path` is replaced whole or not at all. In a fit it may be called at the end of
 * an epoch. */
QN_API QN_MUST_USE qn_status qn_save(qn_model *model, const char *path);
/** Loads what qn_save wrote; compiled if it was. Training goes on as it would have without the file
 * in between, bit for bit: call qn_fit as before, with .initial_epoch = qn_model_epochs(model).
 * What the first version of Quern saved has no training in it: it goes on with a fresh optimizer.
 * Every offset, shape and count is checked.
 * @return QN_ERROR_DATA when something is missing, left over, or not as the architecture and the
 * optimizer want it. */
QN_API QN_MUST_USE qn_status qn_load(qn_context *ctx, const char *path, qn_model **model);

/** Lists the names one can write: kind is "layer", "activation", "loss", "metric", "optimizer",
 * "initializer", "regularizer", "constraint", "schedule" or "callback". @return the index-th name,
 * NULL past the end or for an unknown kind. */
QN_API const char *qn_names(const char *kind, int index);

QN_HEADER_END

#endif
