/* SPDX-License-Identifier: Apache-2.0 */
/* One matrix product, computed and compared with a reference in double. */
#ifndef TESTS_KERNELS_GEMM_CASE_H
#define TESTS_KERNELS_GEMM_CASE_H

#include "kernels/fixture.h"
#include "kernels/gemm.h"

typedef struct gemm_case {
    int m, n, k;
    bool trans_a, trans_b, bias;
    bool sums;              /* of b's columns as well */
    bool gradient;          /* the product times the activation's gradient */
    const char *activation; /* NULL, "linear", "sigmoid", "tanh", "relu", "leaky_relu", "gelu" */
    double alpha;
} gemm_case;

typedef qn_status (*gemm_record)(qn_steps *steps, const qn_gemm *gemm, const void *user);

/* Small integers: sums must be exact, whatever their order. Otherwise random numbers, b on
 * the scale of a layer's weights, and 1e-5 of max|reference|. The operands' buffers are tight, so
 * that a simulator sees a read past their end. Computed twice: the bits must be the same. */
void check_product(fixture *f, const gemm_case *one, bool integers, gemm_record record,
                   const void *user);

/* Shapes that are ragged, skinny, or those of a dense network; ended by m = 0. */
typedef struct gemm_shape {
    int m, n, k;
} gemm_shape;
const gemm_shape *gemm_shapes(void);

/* Records by the chosen tiles, or by those that `user` points at. */
qn_status record_own(qn_steps *steps, const qn_gemm *gemm, const void *user);
qn_status record_tiled(qn_steps *steps, const qn_gemm *gemm, const void *user);

/* What both flavours of our own kernels must do: f->steps.flavour tells which is checked. */
void check_all_shapes(fixture *f);
void check_order(fixture *f);
void check_epilogues(fixture *f);

#endif
