/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * What the command needs and is not yet promised to others: may change in any release. */
#ifndef QUERN_UNSTABLE_H
#define QUERN_UNSTABLE_H

#include <quern/device.h>
#include <quern/model.h>

QN_HEADER_BEGIN

/** What the last fit's training plan consists of, and what its steady state cost: all but the
 * first two chunks, which fill the pipeline (all of it when there were no more). */
typedef struct qn_run_stats {
    size_t size;
    int64_t steps;
    double launches_per_step;    /**< kernels that Quern enqueued itself */
    double calls_per_step;       /**< foreign routines (CLBlast) */
    double waits_per_step;       /**< Quern's own waits inside steps; those per chunk are apart */
    double allocations_per_step; /**< host and device allocations of Quern's own */
    double chunks;               /**< chunks of steps, one wait each */
    uint64_t device_bytes;       /**< device memory of the plan and its data */
} qn_run_stats;
QN_API QN_MUST_USE qn_status qn_model_stats(const qn_model *model, qn_run_stats *stats);

/** Where a model's training stands, and how its last fit was called: what going on needs. */
typedef struct qn_training_info {
    size_t size;
    uint64_t seed;      /**< of the model: of its weights, shuffling and random ops */
    int64_t steps;      /**< of the optimizer since the model was compiled */
    int64_t batch_size; /**< 0: there was no fit, and the rest is not known */
    int64_t epochs;     /**< that it was to reach */
    double validation_split;
    bool shuffle;
    const char *callbacks; /**< those given as text, or NULL; borrowed from the model */
} qn_training_info;
QN_API QN_MUST_USE qn_status qn_model_training(const qn_model *model, qn_training_info *info);

/** Whether qn_adapt has a Normalization layer to give a mean and a variance. */
QN_API bool qn_model_adapts(const qn_model *model);

/** Writes an optimizer's text with a learning rate schedule in it: "adam" and
 * "cosine_decay(0.01, 1000)" give "adam(learning_rate=cosine_decay(0.01, 1000))".
 * @return QN_ERROR_USAGE when the optimizer names a learning rate of its own, or there is no such
 * schedule. */
QN_API QN_MUST_USE qn_status qn_optimizer_with_schedule(qn_context *ctx, const char *optimizer,
                                                        const char *schedule, qn_write_fn write,
                                                        void *user);

typedef struct qn_plan_params {
    size_t size;
    int64_t batch_size;
    const char *task;  /**< "train", "evaluate" or "predict" */
    const char *after; /**< print the graph after this pass ("build", "prune", "fuse", ...); NULL:
                            the last */
    bool dot;          /**< Graphviz instead of the table of steps */
    bool json;
    qn_dtype x_dtype; /**< of the data; images are QN_U8 */
    float x_scale;    /**< of the data; 0 means 1 */
} qn_plan_params;
#define QN_PLAN_DEFAULTS(set) set(batch_size, 32) set(task, "train")
QN_PARAMS_DEFAULTS_FUNCTION_(qn_plan, QN_PLAN_DEFAULTS)
/** Plans a compiled, built model and prints the plan or its graph. */
QN_API QN_MUST_USE qn_status qn_plan_print(qn_model *model, const qn_plan_params *params,
                                           qn_write_fn write, void *user);

/** One self-test's outcome: `detail` says what was expected and found when it failed. */
typedef void (*qn_selftest_fn)(void *user, const char *test, bool passed, const char *detail);
/** Runs every self-test on the context's device, remembered or not.
 * @return QN_ERROR_DEVICE when one failed. */
QN_API QN_MUST_USE qn_status qn_selftest(qn_context *ctx, qn_selftest_fn report, void *user);

/** Fails now, and not after training, when `path` could not be written by qn_save. */
QN_API QN_MUST_USE qn_status qn_check_writable(qn_context *ctx, const char *path);

/** Nearest name among those of qn_names(kind), or NULL when none is near. */
QN_API const char *qn_nearest_name(const char *kind, const char *word);
/** Nearest of `count` words, without case, or NULL when none is near. */
QN_API const char *qn_nearest_word(const char *word, const char *const *words, int count);

QN_HEADER_END

#endif
