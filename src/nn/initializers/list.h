/* SPDX-License-Identifier: Apache-2.0 */
/* What the initializers share. A type is one constant here and one line in src/nn/initializers.c.
 * First values are drawn on the host, in double, by the counter generator: they depend on seed,
 * stream and the element's number only, and are the same for every device. */
#ifndef NN_INITIALIZERS_LIST_H
#define NN_INITIALIZERS_LIST_H

#include "graph/graph.h"
#include "nn/part.h"

/* What is to be filled, and from which random numbers. */
typedef struct qn_draw {
    uint64_t seed;
    uint32_t stream;
    const qn_shape *shape;
    int64_t count;
    float *values;
} qn_draw;

typedef struct qn_initializer_type {
    qn_schema schema; /* first */
    qn_status (*fill)(qn_env *env, const void *params, const qn_draw *draw);
    size_t seed; /* offset of the params' seed (int64_t, -1: the model's) + 1; 0: draws nothing */
} qn_initializer_type;

extern const qn_initializer_type qn_initializer_zeros, qn_initializer_ones, qn_initializer_constant,
    qn_initializer_identity;
extern const qn_initializer_type qn_initializer_random_normal, qn_initializer_random_uniform,
    qn_initializer_truncated_normal;
extern const qn_initializer_type qn_initializer_variance_scaling, qn_initializer_glorot_normal,
    qn_initializer_glorot_uniform, qn_initializer_he_normal, qn_initializer_he_uniform,
    qn_initializer_lecun_normal, qn_initializer_lecun_uniform;
extern const qn_initializer_type qn_initializer_orthogonal;

/* The words of a stream, one after the other. */
typedef struct qn_words {
    uint64_t seed;
    uint32_t stream;
    uint64_t next; /* number of the next word */
    uint32_t word[4];
} qn_words;
uint32_t qn_next_word(qn_words *words);
/* Two words make one number of a standard normal distribution (Box & Muller 1958). */
double qn_next_normal(qn_words *words);

/* Fill all values. uniform: in [low, high), element i from word i; normal: words 2 i and 2 i + 1;
 * truncated: within two deviations of the mean, word i. */
void qn_draw_uniform(const qn_draw *draw, double low, double high);
void qn_draw_normal(const qn_draw *draw, double mean, double stddev);
void qn_draw_truncated(const qn_draw *draw, double mean, double stddev);

/* Fields that several types have. The largest number leaves room in float32. */
#define QN_LARGEST 1e30
#define QN_SEED_FIELD(type)                                                                        \
    {                                                                                              \
        .name = "seed", .kind = QN_FIELD_INT, .offset = offsetof(type, seed), .positional = true,  \
        .minimum = -1, .maximum = QN_MOST_SEED                                                     \
    }

#endif
