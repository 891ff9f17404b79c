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

/** Of `rows` samples those that fit trains on: the first ones; the tail validates. */
QN_API int64_t qn_training_rows(int64_t rows, double validation_split);

/** Whether qn_adapt has a Normalization layer to give a mean and a variance. */
QN_API bool qn_model_adapts(const qn_model *model);

/** Writes an optimizer's text with a learning rate schedule in it: "adam" and
 * "cosine_decay(0.01, 1000)" give "adam(learning_rate=cosine_decay(0.01, 1000))".
 * @return QN_ERROR_USAGE when the optimizer names a learning rate of its own, or there is no such
 * schedule. */
QN_API QN_MUST_USE qn_status qn_optimizer_with_schedule(qn_context *ctx, const char *optimizer,
                                                        const char *schedule, qn_write_fn write,
                                                        void *user);

/** Writes a list of callbacks, or NULL, with one more at its end: "csv_logger(log.csv)" and
 * qn_tensorboard(.log_dir = "logs") give "csv_logger(log.csv), tensorboard(logs)".
 * @return QN_ERROR_USAGE when the list has one of that type, unless it is to `replace` that one. */
QN_API QN_MUST_USE qn_status qn_callbacks_with(qn_context *ctx, const char *callbacks,
                                               const qn_spec *callback, bool replace,
                                               qn_write_fn write, void *user);

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

/** What qn_bench_device measures; an item's parameter. */
typedef enum qn_bench_kind {
    QN_BENCH_FMA,           /**< multiply-adds in float; lanes of a vector */
    QN_BENCH_LEVEL,         /**< reads over and over; bytes of the working set */
    QN_BENCH_READ,          /**< reads of global memory, far above the caches; bytes */
    QN_BENCH_WRITE,         /**< writes; bytes */
    QN_BENCH_COPY,          /**< copies, read and written bytes counted; bytes of each */
    QN_BENCH_LOCAL,         /**< reads of local memory, on GPUs */
    QN_BENCH_LAUNCH_QUEUED, /**< an empty launch, many in the queue */
    QN_BENCH_LAUNCH_WAITED, /**< an empty launch, waited for before the next */
    QN_BENCH_UPLOAD,        /**< from ordinary host memory to the device; bytes */
    QN_BENCH_UPLOAD_STAGED, /**< from pinned host memory; bytes */
    QN_BENCH_DOWNLOAD,
    QN_BENCH_DOWNLOAD_STAGED
} qn_bench_kind;

typedef struct qn_bench_item {
    qn_bench_kind kind;
    const char *name;  /**< "fma", "level", "launch_queued", ... */
    const char *unit;  /**< "FLOP/s", "B/s" or "s" */
    int64_t parameter; /**< 0: none */
    double median;     /**< of several samples */
    double best;       /**< the highest rate or the shortest time */
    double spread;     /**< (largest - smallest) / median */
} qn_bench_item;

#define QN_BENCH_MAX 32

/** A device's limits. Rates are in bytes a second unless named otherwise; 0: not measured, because
 * the device is no GPU (local memory) or too slow or too small for the working set. */
typedef struct qn_bench_results {
    size_t size;
    double peak_gflops;           /**< the best of every vector width */
    double memory_bandwidth;      /**< of global memory: the best of read, write and copy */
    double local_bandwidth;       /**< of local memory, on GPUs */
    double launch_seconds_queued; /**< medians, as those that follow */
    double launch_seconds_waited;
    double upload, upload_staged, download, download_staged;
    int count;
    qn_bench_item item[QN_BENCH_MAX];
} qn_bench_results;

/** Called after each item, `done` of about `total`. */
typedef void (*qn_bench_fn)(void *user, const qn_bench_item *item, int done, int total);
/** Measures the context's device, in a few seconds, and keeps the results in the cache folder.
 * `report` may be NULL. */
QN_API QN_MUST_USE qn_status qn_bench_device(qn_context *ctx, qn_bench_results *results,
                                             qn_bench_fn report, void *user);
/** Whether an earlier one measured this device with this driver, and what it found. */
QN_API bool qn_bench_known(qn_context *ctx, qn_bench_results *results);

/** What came of one way to compute a product. */
typedef enum qn_bench_verdict {
    QN_BENCH_MEASURED,
    QN_BENCH_FAILED, /**< its result was wrong, or the driver failed */
    QN_BENCH_SKIPPED /**< it would take minutes, or does not take such a product */
} qn_bench_verdict;

typedef struct qn_bench_rate {
    qn_bench_verdict verdict;
    int samples;   /**< 0 unless measured, as what follows */
    double median; /**< GFLOP/s */
    double best;
    double spread; /**< (largest - smallest) / median */
    char why[256]; /**< it was not measured; "": it was */
} qn_bench_rate;

/** c = op(a) op(b) in float32: op(a) is [m, k], op(b) [k, n], c [m, n], all row-major. */
typedef struct qn_bench_product {
    size_t size;
    int64_t m, n, k;
    bool trans_a, trans_b; /**< the operand is stored transposed */
    double most_seconds;   /**< a candidate that would take longer for one is skipped; 0: none is */
    qn_bench_rate quern;   /**< Quern's own kernels */
    qn_bench_rate clblast;
} qn_bench_product;

/** Measures one product on the context's device, by Quern's own kernels and by CLBlast in turn:
 * some samples of each, of many products with one wait. Before and after, the result is compared
 * with the exact one of small integers. `product` says which one, its size set by the caller, and
 * takes what came of it; that a candidate failed is no error of the function.
 * @return QN_ERROR_USAGE for m or n out of [1, 2^24], k out of [1, 2^20], and a context of several
 * devices; QN_ERROR_MEMORY. */
QN_API QN_MUST_USE qn_status qn_bench_gemm(qn_context *ctx, qn_bench_product *product);

/** What a device such as the context's should reach, by what its driver says of it and rules of
 * thumb; 0: nothing is known. A busy machine stays below. */
typedef struct qn_expectation {
    size_t size;
    double least_gflops, most_gflops; /**< of multiply-adds in float */
    double least_bandwidth;           /**< of global memory, bytes a second */
    double most_launch_seconds;       /**< of an empty launch and the wait for it */
    bool simulated;                   /**< not made for speed: measuring says nothing */
    bool software;                    /**< a renderer that computes on the CPU */
    char basis[120];                  /**< "2 units x 2.60 GHz x ..."; "": gflops are not known */
} qn_expectation;
/** `expectation->size` is set by the caller. The context has one device. */
QN_API QN_MUST_USE qn_status qn_expect_device(qn_context *ctx, qn_expectation *expectation);

/** The OpenCL loader as it names itself ("OpenCL ICD Loader 2.3.1, OpenCL 3.0"), in `text`. @return
 * false when it does not tell. */
QN_API bool qn_opencl_loader(char *text, size_t size);
/** The index-th thing known of the driver of the list's `device` beyond what it says itself, in
 * one clause without a subject; NULL past the end. `advice` (may be NULL): what to do about it, one
 * sentence, or NULL where Quern works around it. */
QN_API const char *qn_device_list_quirk(const qn_device_list *list, int device, int index,
                                        const char **advice);
/** The folder that a context without `cache_dir` keeps things in. @return false when it keeps
 * nothing on disk, or the path is longer than `size`. */
QN_API bool qn_cache_folder(char *path, size_t size);

/** Fails now, and not after training, when `path` could not be written by qn_save. */
QN_API QN_MUST_USE qn_status qn_check_writable(qn_context *ctx, const char *path);
/** Writes a file: a temporary one beside `path`, synced, then renamed, so that whoever watches
 * `path` never sees half of it. */
QN_API QN_MUST_USE qn_status qn_replace_file(qn_context *ctx, const char *path, const void *data,
                                             size_t bytes);

/** Nearest name among those of qn_names(kind), or NULL when none is near. */
QN_API const char *qn_nearest_name(const char *kind, const char *word);
/** Nearest of `count` words, without case, or NULL when none is near. */
QN_API const char *qn_nearest_word(const char *word, const char *const *words, int count);

QN_HEADER_END

#endif
