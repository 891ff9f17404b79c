/* SPDX-License-Identifier: Apache-2.0 */
/* Reading Keras's values from JSON, and comparing tensors with them. */
#ifndef GOLDEN_H
#define GOLDEN_H

#include <jansson.h>
#include <quern/quern.h>

#define ONE_OP 1e-5       /* of max|wanted| */
#define TRAINING_RUN 1e-4 /* more than one step */

/* A tensor of a JSON object {"shape": [...], "values": [...]}, with "dtype": "int32" for labels, or
 * {"shape": [...], "noise": stream, "scale": s, "offset": o}. */
typedef struct golden_tensor {
    qn_array array; /* float32, or int32 for labels */
    size_t count;
    void *values; /* owned */
} golden_tensor;

json_t *golden_load(const char *path);
/* The object's member; the test fails when it is not there. */
json_t *golden_get(const json_t *object, const char *key);
bool golden_is(const json_t *object, const char *key); /* has it the member? */
const char *golden_text(const json_t *object, const char *key);
double golden_number(const json_t *object, const char *key);
golden_tensor golden_read(const json_t *tensor);
/* A plain list of numbers. */
golden_tensor golden_list(const json_t *list);
void golden_free(golden_tensor *tensor);

/* max|got - want| must be at most `tolerance` * max|want|; otherwise the test fails and says where
 * the largest difference is. */
void golden_compare(const char *what, const float *got, const float *want, size_t count,
                    double tolerance);
/* The test fails with the context's sentence unless `status` is QN_OK. */
void golden_ok(const qn_context *ctx, qn_status status, const char *what);

/* Number `i` of stream `stream`: what hashed() in keras_case.py computes. */
float golden_noise(uint64_t i, uint64_t stream, float scale);

#endif
