/* SPDX-License-Identifier: Apache-2.0 */
/* Orthogonal (Saxe, McClelland, Ganguli 2014): the orthogonal factor of a matrix of normal numbers,
 * by Householder reflections in double. */
#include "nn/initializers/list.h"

#include <math.h>

typedef struct orthogonal_params {
    double gain;
    int64_t seed;
} orthogonal_params;

static const orthogonal_params defaults = {.gain = 1, .seed = -1};

static const qn_field fields[] = {
    {.name = "gain",
     .kind = QN_FIELD_DOUBLE,
     .offset = offsetof(orthogonal_params, gain),
     .positional = true,
     .minimum = -QN_LARGEST,
     .maximum = QN_LARGEST},
    QN_SEED_FIELD(orthogonal_params),
};

/* A matrix [m, n], m >= n, row by row. While it is factored, column k holds the reflection
 * I - tau v v^T below its diagonal; v[k] is 1. */
typedef struct factors {
    int64_t m, n;
    double *a, *tau, *sign; /* sign of R's diagonal */
    double *row;            /* room for n numbers */
} factors;

/* The k-th reflection of the columns after k. Row by row, as memory lies. */
static void reflect(const factors *f, int64_t k)
{
    int64_t n = f->n;
    for (int64_t j = k + 1; j < n; j++)
        f->row[j] = f->a[k * n + j];
    for (int64_t i = k + 1; i < f->m; i++) {
        const double *a = f->a + i * n, v = a[k];
        for (int64_t j = k + 1; j < n; j++)
            f->row[j] += v * a[j];
    }
    for (int64_t i = k; i < f->m; i++) {
        double *a = f->a + i * n, v = f->tau[k] * (i == k ? 1 : a[k]);
        for (int64_t j = k + 1; j < n; j++)
            a[j] -= v * f->row[j];
    }
}

/* A = Q R; R is not kept but for the signs of its diagonal. */
static void factor(const factors *f)
{
    for (int64_t k = 0; k < f->n; k++) {
        double *column = f->a + k, squares = 0;
        for (int64_t i = k; i < f->m; i++)
            squares += column[i * f->n] * column[i * f->n];
        double head = column[k * f->n], diagonal = head > 0 ? -sqrt(squares) : sqrt(squares);
        f->sign[k] = diagonal < 0 ? -1 : 1;
        f->tau[k] = squares > 0 ? (diagonal - head) / diagonal : 0;
        for (int64_t i = k + 1; squares > 0 && i < f->m; i++)
            column[i * f->n] /= head - diagonal;
        reflect(f, k);
    }
}

/* Puts the first n columns of Q, the product of the reflections, in their place. */
static void form(const factors *f)
{
    for (int64_t k = f->n - 1; k >= 0; k--) {
        double *column = f->a + k;
        reflect(f, k);
        for (int64_t i = 0; i < f->m; i++)
            column[i * f->n] = i < k ? 0 : i == k ? 1 - f->tau[k] : -f->tau[k] * column[i * f->n];
    }
}

/* Positive signs on R's diagonal make Q uniform among the orthogonal matrices (Mezzadri 2007). */
static void draw_orthogonal(const factors *f, double gain, bool transposed, const qn_draw *draw)
{
    qn_words words = {.seed = draw->seed, .stream = draw->stream};
    for (int64_t i = 0; i < draw->count; i++)
        f->a[i] = qn_next_normal(&words);
    factor(f);
    form(f);
    for (int64_t i = 0; i < f->m; i++)
        for (int64_t k = 0; k < f->n; k++)
            draw->values[transposed ? k * f->m + i : i * f->n + k] =
                (float)(gain * f->sign[k] * f->a[i * f->n + k]);
}

static qn_status fill(qn_env *env, const void *params, const qn_draw *draw)
{
    const qn_shape *shape = draw->shape;
    char text[128];
    if (shape->rank < 2)
        return qn_fail(env, QN_ERROR_USAGE,
                       "the initializer orthogonal makes matrices, and not the shape %s: use "
                       "another one",
                       qn_shape_print(shape, text, sizeof text));
    int64_t columns = shape->dim[shape->rank - 1], rows = draw->count / columns;
    factors f = {.m = rows > columns ? rows : columns, .n = rows > columns ? columns : rows};
    f.a = qn_alloc_array(env, (size_t)(draw->count + 3 * f.n), sizeof(double));
    if (f.a == NULL)
        return QN_ERROR_MEMORY;
    f.tau = f.a + draw->count;
    f.sign = f.tau + f.n;
    f.row = f.sign + f.n;
    draw_orthogonal(&f, ((const orthogonal_params *)params)->gain, rows < columns, draw);
    qn_free(env, f.a);
    return QN_OK;
}

const qn_initializer_type qn_initializer_orthogonal = {
    .schema = {.type = "Orthogonal",
               .name = "orthogonal",
               .alias = "OrthogonalInitializer",
               .defaults = &defaults,
               .size = sizeof defaults,
               .fields = fields,
               .field_count = QN_COUNT(fields)},
    .fill = fill,
    .seed = offsetof(orthogonal_params, seed) + 1,
};
