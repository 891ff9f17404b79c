/* SPDX-License-Identifier: Apache-2.0 */
/* Checks an op from a description: its values on the device against a double-precision function of
 * the host, its gradients against central differences of that function. */
#ifndef TESTS_OPS_RIG_H
#define TESTS_OPS_RIG_H

#include "graph/plan.h"
#include "ops/internal.h"

/* The batch of every plan, and how many of its rows are valid: the rest holds numbers as well, that
 * must count for nothing. */
enum { RIG_BATCH = 5, RIG_ROWS = 3, RIG_INPUTS = 4 };

#define B QN_BATCH
#define SHAPE(...)                                                                                 \
    {                                                                                              \
        (int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)),                                 \
        {                                                                                          \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }

/* An input: numbers in [low, high], kept off zero where the range holds it (functions may have a
 * kink there). QN_I32: integers. A fixed one gets no gradient. */
typedef struct rig_input {
    qn_shape shape;
    double low, high;
    bool fixed;
    qn_dtype dtype;
} rig_input;

typedef struct rig_case rig_case;

/* What the host function sees: all inputs as doubles, and the output to fill. */
typedef struct rig_host {
    const rig_case *c;
    double *in[RIG_INPUTS];
    int64_t count[RIG_INPUTS];
    double *out;
    int64_t out_count;
    int64_t columns; /* last dimension of the output, 1 for rank 0 */
} rig_host;

struct rig_case {
    const char *name;
    rig_input in[RIG_INPUTS]; /* as many as `inputs` */
    int inputs;
    qn_value *(*build)(const rig_case *c, qn_value *const *in);
    void (*host)(const rig_host *h);
    /* What build and host may want: */
    qn_value *(*unary)(qn_value *);
    double (*unary_host)(double);
    qn_value *(*binary)(qn_value *, qn_value *);
    double (*binary_host)(double, double);
    int kind;
    double factor, offset;
    bool transpose_a, transpose_b;
    bool no_gradient;
};

/* cmocka assertions inside: forward values within 1e-5 of the largest reference, gradients too. */
void rig_check(qn_context *ctx, const rig_case *c);
/* Whether some case so far has run the op's gradient. */
bool rig_has_differentiated(const qn_op *op);

/* Tests of the files *_cases.c. */
void rig_functions_of_one(void **state);
void rig_functions_of_two(void **state);
void rig_other_functions(void **state);
void rig_products(void **state);
void rig_sums(void **state);
void rig_reshapes(void **state);
void rig_softmaxes(void **state);
void rig_losses(void **state);
void rig_accuracies(void **state);
void rig_batch_norms(void **state);
void rig_norms(void **state);
void rig_noises(void **state);
void rig_noise_amounts(void **state);
void rig_penalties(void **state);

/* Uniform numbers of the stream `stream`. */
void rig_fill(float *values, int64_t count, double low, double high, uint32_t stream);
/* max |a - b| <= tolerance * max |b|, else the test fails and names the element. */
void rig_assert_close(const char *what, const float *a, const double *b, int64_t count,
                      double tolerance);

/* A plan of one step-table row over `roots`, run once: inputs are filled from `feeds`. */
typedef struct rig_feed {
    qn_value *value;
    const void *data;
} rig_feed;
void rig_run(qn_plan_request *request, const qn_step_row *row, int feed_count,
             const rig_feed *feeds, float **out);

/* cmocka's group set-up and tear-down: *state is the context. */
int rig_open(void **state);
int rig_close(void **state);

#endif
