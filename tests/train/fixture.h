/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of training share: a context on the device under test, a small problem, models. */
#ifndef TESTS_TRAIN_FIXTURE_H
#define TESTS_TRAIN_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/util.h"
#include "nn/model.h"
#include <quern/quern.h>

#define SEED 7
#define FEATURES 6
#define CLASSES 3
#define ROWS 203 /* no multiple of any batch used */

/* Three clouds of points around the corners of a simplex; deterministic. */
typedef struct problem {
    float x[ROWS][FEATURES];
    float y[ROWS][CLASSES]; /* one-hot */
    int32_t label[ROWS];
} problem;

static inline float noise(uint32_t stream, uint64_t element)
{
    return qn_random_uniform(qn_random_word(SEED, QN_RANDOM_OPS, stream, 0, element)) - 0.5f;
}

static inline void problem_make(problem *p)
{
    for (int r = 0; r < ROWS; r++) {
        p->label[r] = (int32_t)(qn_random_word(SEED, QN_RANDOM_OPS, 1, 0, (uint64_t)r) % CLASSES);
        for (int c = 0; c < FEATURES; c++)
            p->x[r][c] = (c % CLASSES == p->label[r] ? 1.0f : 0.0f) +
                         1.2f * noise(2, (uint64_t)(r * FEATURES + c));
        for (int c = 0; c < CLASSES; c++)
            p->y[r][c] = c == p->label[r];
    }
}

static inline qn_array problem_x(const problem *p, int64_t rows)
{
    return qn_f32(p->x, rows, FEATURES);
}

static inline qn_array problem_y(const problem *p, int64_t rows)
{
    return qn_f32(p->y, rows, CLASSES);
}

/* Fails the test with the context's sentence. */
#define must(ctx, call)                                                                            \
    do {                                                                                           \
        qn_status must_status_ = (call);                                                           \
        if (must_status_ != QN_OK)                                                                 \
            fail_msg("%s: %s: %s", #call, qn_status_name(must_status_), qn_error(ctx));            \
    } while (0)

/* The call fails with `status` and a sentence that contains `words`. */
#define must_fail(ctx, status, words, call)                                                        \
    do {                                                                                           \
        qn_status must_status_ = (call);                                                           \
        if (must_status_ != (status) || !strstr(qn_error(ctx), words))                             \
            fail_msg("%s: %s: %s", #call, qn_status_name(must_status_), qn_error(ctx));            \
    } while (0)

static inline qn_context *context_open(void)
{
    qn_context *ctx = NULL;

    must(ctx, qn_context_create(&ctx, .seed = SEED));
    return ctx;
}

/* The same weights every time: they depend on the context's seed. */
static inline qn_model *model_make(qn_context *ctx, const char *layers, const char *optimizer,
                                   const char *loss)
{
    qn_model *model = NULL;
    int64_t shape[] = {FEATURES};

    must(ctx, qn_sequential(ctx, &model));
    must(ctx, qn_add_text(model, layers));
    must(ctx, qn_build(model, 1, shape));
    if (optimizer)
        must(ctx, qn_compile(model, .optimizer = optimizer, .loss = loss, .metrics = "accuracy"));
    return model;
}

/* All weights, one after the other. Returns how many floats; the array is static. */
#define MAX_WEIGHTS 4096
static inline size_t weights_read(qn_model *model, float *values)
{
    size_t count = 0;

    for (int i = 0; i < qn_weight_count(model); i++) {
        qn_weight_info info = {.size = sizeof info};
        qn_out out = {.dtype = QN_F32};
        size_t size = 1;

        must(qn_model_context(model), qn_weight_describe(model, i, &info));
        out.rank = info.rank;
        for (int d = 0; d < info.rank; d++) {
            out.shape[d] = info.shape[d];
            size *= (size_t)info.shape[d];
        }
        assert_true(count + size <= MAX_WEIGHTS);
        out.data = values + count;
        must(qn_model_context(model), qn_get_weight(model, i, out));
        count += size;
    }
    return count;
}

static inline void assert_same_weights(qn_model *a, qn_model *b)
{
    static float in_a[MAX_WEIGHTS], in_b[MAX_WEIGHTS];
    size_t count = weights_read(a, in_a);

    assert_int_equal(count, weights_read(b, in_b));
    assert_memory_equal(in_a, in_b, count * sizeof(float));
}

#endif
