/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * Graphs of differentiable expressions: values, ops in keras.ops' words, gradients, functions.
 *
 * Ops return a value that the graph owns. After a mistake (shapes that do not fit, ...) they
 * return NULL; ops given NULL return NULL, and the graph keeps the first error, which
 * qn_gradients and qn_function_create then return. So an expression is written without a check
 * per op.
 */
#ifndef QUERN_GRAPH_H
#define QUERN_GRAPH_H

#include <quern/context.h>

QN_HEADER_BEGIN

typedef struct qn_graph qn_graph;
/** A tensor of the graph. Owned by its graph; lives as long. */
typedef struct qn_value qn_value;
/** A compiled set of outputs and assignments. */
typedef struct qn_function qn_function;

QN_API QN_MUST_USE qn_status qn_graph_create(qn_context *ctx, qn_graph **graph);
/** Functions made from the graph must be destroyed before. */
QN_API void qn_graph_destroy(qn_graph **graph);

/** A value that is given anew at every run. Shape: `rank` dimensions of 1 or above. */
QN_API qn_value *qn_graph_input(qn_graph *graph, const char *name, qn_dtype dtype, int rank,
                                const int64_t *shape);
/** A value that stays between runs, starts as `initial` (copied; float32) and changes by
 * qn_ops_assign. */
QN_API qn_value *qn_graph_variable(qn_graph *graph, const char *name, qn_array initial);
/** A value that never changes (copied; float32 or int32). */
QN_API qn_value *qn_graph_constant(qn_graph *graph, qn_array data);

/* Elementwise, of two: equal shapes, or the shape of `b` is a tail of `a`'s (a scalar of rank 0
 * or one element, a bias row); the gradient of `b` is then summed over what was repeated. */
QN_API qn_value *qn_ops_add(qn_value *a, qn_value *b);
QN_API qn_value *qn_ops_subtract(qn_value *a, qn_value *b);
QN_API qn_value *qn_ops_multiply(qn_value *a, qn_value *b);
QN_API qn_value *qn_ops_divide(qn_value *a, qn_value *b);

/** `a * factor + offset`, with numbers. */
QN_API qn_value *qn_ops_affine(qn_value *a, double factor, double offset);

/* Elementwise, of one. relu's gradient at 0 is 0; absolute's is 0. */
QN_API qn_value *qn_ops_negative(qn_value *a);
QN_API qn_value *qn_ops_square(qn_value *a);
QN_API qn_value *qn_ops_sqrt(qn_value *a);
QN_API qn_value *qn_ops_exp(qn_value *a);
QN_API qn_value *qn_ops_log(qn_value *a);
QN_API qn_value *qn_ops_absolute(qn_value *a);
QN_API qn_value *qn_ops_sigmoid(qn_value *a);
QN_API qn_value *qn_ops_tanh(qn_value *a);
QN_API qn_value *qn_ops_relu(qn_value *a);
/** a where a >= 0, else negative_slope * a (0 or above). */
QN_API qn_value *qn_ops_leaky_relu(qn_value *a, double negative_slope);
/** a where a > 0, else alpha * (exp(a) - 1); alpha is 0 or above. */
QN_API qn_value *qn_ops_elu(qn_value *a, double alpha);
/** 1.0507 * elu(a, 1.67326) (Klambauer et al. 2017). */
QN_API qn_value *qn_ops_selu(qn_value *a);
/** a * P(X <= a), X standard normal; approximate: by tanh (Hendrycks and Gimpel 2016). */
QN_API qn_value *qn_ops_gelu(qn_value *a, bool approximate);
/** a * sigmoid(a), also called swish. */
QN_API qn_value *qn_ops_silu(qn_value *a);
/** log(1 + exp(a)), without overflow. */
QN_API qn_value *qn_ops_softplus(qn_value *a);
/** a / (1 + |a|). */
QN_API qn_value *qn_ops_softsign(qn_value *a);
/** relu(a), at most 6. */
QN_API qn_value *qn_ops_relu6(qn_value *a);
/** a / 6 + 1 / 2, held between 0 and 1. */
QN_API qn_value *qn_ops_hard_sigmoid(qn_value *a);

/** Softmax over the last axis. */
QN_API qn_value *qn_ops_softmax(qn_value *a);

/** Product of matrices: a is [m, k] ([k, m] when `transpose_a`), b is [k, n] ([n, k]). */
QN_API qn_value *qn_ops_matmul(qn_value *a, qn_value *b, bool transpose_a, bool transpose_b);

/** Sum and mean of all elements: rank 0. */
QN_API qn_value *qn_ops_sum(qn_value *a);
QN_API qn_value *qn_ops_mean(qn_value *a);

/** Same elements, other shape; no copy. One dimension may be -1. */
QN_API qn_value *qn_ops_reshape(qn_value *a, int rank, const int64_t *shape);

/** Random numbers by Philox4x32-10, new at every run, keyed by (seed, `purpose`, run, element). */
QN_API qn_value *qn_ops_random_uniform(qn_graph *graph, int rank, const int64_t *shape, double low,
                                       double high, uint32_t purpose);
QN_API qn_value *qn_ops_random_normal(qn_graph *graph, int rank, const int64_t *shape, double mean,
                                      double stddev, uint32_t purpose);

/** At the end of a run of a function that includes it, `variable` takes `value`'s elements. Every
 * op that reads the variable reads the old elements. Returns the variable's new value. */
QN_API qn_value *qn_ops_assign(qn_value *variable, qn_value *value);

/** Adds the nodes of d(y)/d(x[i]) to the graph; y has one element. dx[i] has x[i]'s shape.
 * @return QN_ERROR_USAGE when y has more elements, does not depend on an x, or passes through
 * an op without gradient. */
QN_API QN_MUST_USE qn_status qn_gradients(qn_value *y, int count, qn_value *const *x,
                                          qn_value **dx);

/** One input or output of a run. */
typedef struct qn_feed {
    qn_value *value;
    qn_array array;
} qn_feed;
typedef struct qn_fetch {
    qn_value *value;
    qn_out out;
} qn_fetch;

/** Compiles what is needed for `outputs` and the assignments of `updates` (both may be empty,
 * not at once). The graph may grow afterwards without affecting the function. */
QN_API QN_MUST_USE qn_status qn_function_create(qn_graph *graph, int output_count,
                                                qn_value *const *outputs, int update_count,
                                                qn_value *const *updates, qn_function **function);
QN_API void qn_function_destroy(qn_function **function);

/** One run: every input that the function needs must be fed; fetches are outputs or variables.
 * Waits for the device when something is fed or fetched. */
QN_API QN_MUST_USE qn_status qn_function_run(qn_function *function, int feed_count,
                                             const qn_feed *feeds, int fetch_count,
                                             const qn_fetch *fetches);

/** The value's shape; dimensions into `shape`, number of them returned. */
QN_API int qn_value_shape(const qn_value *value, int64_t shape[QN_MAX_RANK]);

/** Writes the graph in Graphviz's language. */
QN_API QN_MUST_USE qn_status qn_graph_dot(const qn_graph *graph, qn_write_fn write, void *user);

QN_HEADER_END

#endif
