/* SPDX-License-Identifier: Apache-2.0 */
/* A context with a device that was never opened: whatever a model does before it runs needs no
 * more. */
#ifndef TESTS_NN_HOST_H
#define TESTS_NN_HOST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "device/internal.h"
#include "nn/model.h"
#include <quern/quern.h>

typedef struct host {
    qn_context context;
    qn_device device;
} host;

static inline qn_context *host_open(host *h, const qn_allocator *allocator)
{
    memset(h, 0, sizeof *h);
    qn_env_init(&h->context.env, allocator);
    h->context.seed = 7;
    h->context.device[0] = &h->device;
    h->context.device_count = 1;
    h->device.context = &h->context;
    h->device.env = &h->context.env;
    return &h->context;
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

static inline qn_model *model_of(qn_context *ctx, const char *layers)
{
    qn_model *model = NULL;
    must(ctx, qn_sequential(ctx, &model));
    must(ctx, qn_add_text(model, layers));
    return model;
}

/* All weights, one after the other: their number. */
#define MOST_WEIGHTS 4096
static inline int64_t read_weights(qn_model *model, float values[MOST_WEIGHTS])
{
    int64_t total = 0;
    for (int i = 0; i < qn_weight_count(model); i++) {
        qn_weight_info info = {.size = sizeof info};
        must(qn_model_context(model), qn_weight_describe(model, i, &info));
        qn_out out = {.data = values + total, .dtype = QN_F32, .rank = info.rank};
        int64_t count = 1;
        for (int d = 0; d < info.rank; d++)
            count *= out.shape[d] = info.shape[d];
        assert_true(total + count <= MOST_WEIGHTS);
        must(qn_model_context(model), qn_get_weight(model, i, out));
        total += count;
    }
    return total;
}

static inline void must_have_same_weights(qn_model *a, qn_model *b)
{
    static float in_a[MOST_WEIGHTS], in_b[MOST_WEIGHTS];
    int64_t count = read_weights(a, in_a);
    assert_int_equal(count, read_weights(b, in_b));
    assert_memory_equal(in_a, in_b, (size_t)count * sizeof(float));
}

#endif
