/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * Callbacks, with Keras's names and defaults: what happens around the epochs and batches of fit,
 * evaluate and predict. qn_fit takes them as text, `.callbacks = "early_stopping(patience=3)"`, as
 * a list of structs that ends with NULL,
 * `.callback_specs = (const qn_spec *const[]){qn_early_stopping(.patience = 3), NULL}`, or both;
 * those of the text come first. They are called in their order, but ModelCheckpoint comes last:
 * what it saves holds the state of all others.
 *
 * The library prints nothing: what Keras prints with verbose=1 goes to the context's log at
 * QN_LOG_INFO. A result that a callback monitors and that there will not be is an error before the
 * first launch; one that is not finite is no improvement. */
#ifndef QUERN_CALLBACKS_H
#define QUERN_CALLBACKS_H

#include <math.h>
#include <quern/model.h>

QN_HEADER_BEGIN

/** A user's own function. `index` is the epoch or the batch, from 0; 0 where there is none. `logs`
 * are the results so far, empty at a beginning; what a hook adds at an epoch's end is seen by the
 * callbacks after it and by the history. A hook may read, evaluate, save and stop the model, set
 * weights and the learning rate; it may not add layers nor compile.
 * @return anything but QN_OK ends the run with that status. */
typedef qn_status (*qn_hook)(void *user, qn_model *model, int64_t index, qn_logs *logs);

/** The user's own hooks; each may be NULL. Hooks on batches make the steps they belong to run one
 * by one: each is finished before its on_..._batch_end, and the next begins after it. on_train_end,
 * on_test_end and on_predict_end are called when the run ends with QN_OK. */
typedef struct qn_callback_params {
    qn_spec spec;
    void *user; /**< given to each hook */
    qn_hook on_train_begin, on_train_end;
    qn_hook on_epoch_begin, on_epoch_end;
    qn_hook on_train_batch_begin, on_train_batch_end;
    qn_hook on_test_begin, on_test_end; /**< of evaluate, and of fit's validation */
    qn_hook on_test_batch_begin, on_test_batch_end;
    qn_hook on_predict_begin, on_predict_end;
    qn_hook on_predict_batch_begin, on_predict_batch_end;
} qn_callback_params;
#define QN_CALLBACK_DEFAULTS(set)
QN_SPEC_DEFAULTS_FUNCTION_(qn_callback, "Callback", QN_CALLBACK_DEFAULTS)
/** `qn_callback(.on_epoch_end = report, .user = file)` */
#define qn_callback(...) QN_SPEC_(qn_callback_params, "Callback", QN_CALLBACK_DEFAULTS, __VA_ARGS__)

/** Ends training when a result has not improved for `patience` epochs. */
typedef struct qn_early_stopping_params {
    qn_spec spec;
    const char *monitor;
    double min_delta; /**< less is no improvement; its sign does not matter */
    int64_t patience;
    int64_t verbose;  /**< 1: tells the log */
    const char *mode; /**< "min", "max", or "auto": by the result's name */
    double baseline;  /**< what an improvement must reach as well; NAN ("none" in text): nothing */
    bool restore_best_weights; /**< at the end, of the epoch with the best result */
    int64_t start_from_epoch;  /**< epochs before it are not looked at */
} qn_early_stopping_params;
#define QN_EARLY_STOPPING_DEFAULTS(set)                                                            \
    set(monitor, "val_loss") set(mode, "auto") set(baseline, NAN)
QN_SPEC_DEFAULTS_FUNCTION_(qn_early_stopping, "EarlyStopping", QN_EARLY_STOPPING_DEFAULTS)
#define qn_early_stopping(...)                                                                     \
    QN_SPEC_(qn_early_stopping_params, "EarlyStopping", QN_EARLY_STOPPING_DEFAULTS, __VA_ARGS__)

/** Multiplies the learning rate by `factor` when a result has not improved for `patience` epochs.
 * Adds "learning_rate" to the results. */
typedef struct qn_reduce_lr_on_plateau_params {
    qn_spec spec;
    const char *monitor;
    double factor; /**< between 0 and 1 */
    int64_t patience;
    int64_t verbose;
    const char *mode;
    double min_delta;
    int64_t cooldown; /**< epochs to wait after a reduction */
    double min_lr;    /**< the rate does not go below */
} qn_reduce_lr_on_plateau_params;
#define QN_REDUCE_LR_ON_PLATEAU_DEFAULTS(set)                                                      \
    set(monitor, "val_loss") set(factor, 0.1) set(patience, 10) set(mode, "auto")                  \
        set(min_delta, 1e-4)
QN_SPEC_DEFAULTS_FUNCTION_(qn_reduce_lr_on_plateau, "ReduceLROnPlateau",
                           QN_REDUCE_LR_ON_PLATEAU_DEFAULTS)
#define qn_reduce_lr_on_plateau(...)                                                               \
    QN_SPEC_(qn_reduce_lr_on_plateau_params, "ReduceLROnPlateau",                                  \
             QN_REDUCE_LR_ON_PLATEAU_DEFAULTS, __VA_ARGS__)

/** Saves the model with qn_save after each epoch: a file is replaced whole or not at all, and holds
 * all that training needs to go on. */
typedef struct qn_model_checkpoint_params {
    qn_spec spec;
    /** Where; `{epoch:02d}` (from 1) and `{val_loss:.2f}` are filled in as Python's str.format does
     * (types d, e, f, g); missing folders are made. */
    const char *filepath;
    const char *monitor; /**< of save_best_only */
    int64_t verbose;
    bool save_best_only; /**< only after an epoch whose result is the best so far */
    const char *mode;
    const char *save_freq;          /**< "epoch" */
    double initial_value_threshold; /**< what the first one saved must improve on; NAN: nothing */
} qn_model_checkpoint_params;
#define QN_MODEL_CHECKPOINT_DEFAULTS(set)                                                          \
    set(monitor, "val_loss") set(mode, "auto") set(save_freq, "epoch")                             \
        set(initial_value_threshold, NAN)
QN_SPEC_DEFAULTS_FUNCTION_(qn_model_checkpoint, "ModelCheckpoint", QN_MODEL_CHECKPOINT_DEFAULTS)
/** `qn_model_checkpoint("best.quern", .save_best_only = true)` */
#define qn_model_checkpoint(...)                                                                   \
    QN_SPEC_(qn_model_checkpoint_params, "ModelCheckpoint", QN_MODEL_CHECKPOINT_DEFAULTS,          \
             .filepath = __VA_ARGS__)

/** The learning rate of the epoch, from the one so far. */
typedef double (*qn_rate_fn)(void *user, int64_t epoch, double rate);

/** Sets the learning rate at the beginning of each epoch. Adds "learning_rate" to the results. One
 * of `schedule` and `schedule_text` is given. */
typedef struct qn_learning_rate_scheduler_params {
    qn_spec spec;
    qn_rate_fn schedule;
    void *user; /**< given to `schedule` */
    /** A schedule of qn_names("schedule", i), by epochs instead of steps:
     * "exponential_decay(0.1, 10, 0.5)". In text form the argument `schedule`. */
    const char *schedule_text;
    int64_t verbose;
} qn_learning_rate_scheduler_params;
#define QN_LEARNING_RATE_SCHEDULER_DEFAULTS(set)
QN_SPEC_DEFAULTS_FUNCTION_(qn_learning_rate_scheduler, "LearningRateScheduler",
                           QN_LEARNING_RATE_SCHEDULER_DEFAULTS)
#define qn_learning_rate_scheduler(...)                                                            \
    QN_SPEC_(qn_learning_rate_scheduler_params, "LearningRateScheduler",                           \
             QN_LEARNING_RATE_SCHEDULER_DEFAULTS, __VA_ARGS__)

/** Writes a line of results to a file after each epoch: the epoch, from 0, then the results in
 * alphabetical order. Lines end with a single newline. */
typedef struct qn_csv_logger_params {
    qn_spec spec;
    const char *filename;
    const char *separator; /**< one character */
    bool append;           /**< to what the file holds, without a second head */
} qn_csv_logger_params;
#define QN_CSV_LOGGER_DEFAULTS(set) set(separator, ",")
QN_SPEC_DEFAULTS_FUNCTION_(qn_csv_logger, "CSVLogger", QN_CSV_LOGGER_DEFAULTS)
/** `qn_csv_logger("log.csv", .append = true)` */
#define qn_csv_logger(...)                                                                         \
    QN_SPEC_(qn_csv_logger_params, "CSVLogger", QN_CSV_LOGGER_DEFAULTS, .filename = __VA_ARGS__)

/** Writes event files for TensorBoard, with Keras's tags: results after each epoch as
 * `epoch_loss`, `epoch_accuracy`, `epoch_learning_rate`, ... in the folder `train` of `log_dir`,
 * those of validation in its folder `validation`; histograms of weights as
 * `sequential/dense/kernel/histogram`; the model by its layers, and the graph of a training step.
 * Validation and qn_evaluate write `evaluation_loss_vs_iterations`, by optimizer steps, as well.
 * Folders are made. Files are new ones each time, readable at each epoch's end; training that goes
 * on in the same folder goes on in the curves. Keras's write_images, profile_batch and embeddings
 * are not there. In a build without protobuf-c it is refused with QN_ERROR_IO. */
typedef struct qn_tensorboard_params {
    qn_spec spec;
    const char *log_dir;
    int64_t histogram_freq; /**< epochs from one histogram of each weight to the next; 0: none */
    bool write_graph;
    /** "epoch"; or "batch" or a number N of optimizer steps: then the running means of the epoch
     * are written as `batch_loss`, ... after each N of them as well. Steps then run one by one. */
    const char *update_freq;
    bool write_steps_per_second; /**< `epoch_steps_per_second`, and `batch_steps_per_second` */
} qn_tensorboard_params;
#define QN_TENSORBOARD_DEFAULTS(set)                                                               \
    set(log_dir, "logs") set(write_graph, true) set(update_freq, "epoch")
QN_SPEC_DEFAULTS_FUNCTION_(qn_tensorboard, "TensorBoard", QN_TENSORBOARD_DEFAULTS)
/** `qn_tensorboard(.log_dir = "runs/1", .histogram_freq = 1)` */
#define qn_tensorboard(...)                                                                        \
    QN_SPEC_(qn_tensorboard_params, "TensorBoard", QN_TENSORBOARD_DEFAULTS, __VA_ARGS__)

/** Accepted, and the default: qn_fit ends with QN_ERROR_DIVERGED at a loss that is not finite. */
typedef struct qn_terminate_on_nan_params {
    qn_spec spec;
} qn_terminate_on_nan_params;
#define QN_TERMINATE_ON_NAN_DEFAULTS(set)
QN_SPEC_DEFAULTS_FUNCTION_(qn_terminate_on_nan, "TerminateOnNaN", QN_TERMINATE_ON_NAN_DEFAULTS)
#define qn_terminate_on_nan(...)                                                                   \
    QN_SPEC_(qn_terminate_on_nan_params, "TerminateOnNaN", QN_TERMINATE_ON_NAN_DEFAULTS,           \
             __VA_ARGS__)

QN_HEADER_END

#endif
