/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the matrix products share: how Quern's own kernels cut up a product, and what a
 * candidate is. */
#ifndef KERNELS_GEMM_H
#define KERNELS_GEMM_H

#include "kernels/kernels.h"
#include "kernels/selftest.h"

/* How a product is cut up; the macros of cl/gemm_cpu.cl and cl/gemm_gpu.cl. */
typedef struct qn_gemm_tiles {
    bool cpu; /* which of the two */
    /* CPU: register tile of mr rows by at most nv vectors of `width` floats */
    int width, mr, nv;
    bool pack; /* op(b) goes through local memory, kc values of k at a time */
    int kc;
    int64_t block_rows; /* rows of c a work-group makes, */
    int64_t shares;     /* and into how many work-groups a row is split */
    /* GPU: items_m x items_n work-items, each rm x rn elements of c; kt values of k at a time */
    int items_m, items_n, rm, rn, kt;
} qn_gemm_tiles;

/* Chooses by device and shape alone, so that a plan always has the same bits. */
void qn_gemm_tiles_choose(const qn_device *device, bool cpu, const qn_gemm *gemm,
                          qn_gemm_tiles *tiles);
/* Records the product so cut up; for tests as well. */
qn_status qn_gemm_quern_tiled(qn_steps *steps, const qn_gemm *gemm, const qn_gemm_tiles *tiles);

/* Work that the cost of a product counts. */
double qn_gemm_flops(const qn_gemm *gemm);
double qn_gemm_elements(const qn_gemm *gemm);

/* One way to compute a product. */
typedef struct qn_gemm_candidate {
    const char *title;                            /* for messages */
    const char *(*kernel)(const qn_steps *steps); /* what its self-test vouches for */
    bool (*suits)(const qn_gemm *gemm);
    qn_status (*record)(qn_steps *steps, const qn_gemm *gemm);
} qn_gemm_candidate;
extern const qn_gemm_candidate qn_gemm_candidate_quern;
extern const qn_gemm_candidate qn_gemm_candidate_clblast;

/* Operands of small integers, for which every order of the sums gives the same bits, and what tells
 * whether a result is that product: c r = a (b r) for random r, modulo 2^64 (Freivalds 1977). */
typedef struct qn_gemm_exact {
    int64_t m, n, k;
    bool trans_a, trans_b;
    float *a, *b;      /* as the product takes them */
    uint64_t *weights; /* r */
    uint64_t *sums;    /* a (b r) */
} qn_gemm_exact;

#define QN_GEMM_EXACT_K ((int64_t)1 << 20) /* a longer sum could need more than 24 bits */
/* Draws the operands; takes m, n, k and the transpositions of `gemm`. To free, also on failure. */
qn_status qn_gemm_exact_init(qn_env *env, const qn_gemm *gemm, qn_gemm_exact *exact);
void qn_gemm_exact_free(qn_env *env, qn_gemm_exact *exact);
/* When c is wrong, says in `detail` where. */
bool qn_gemm_exact_check(const qn_gemm_exact *exact, const float *c, char *detail, size_t size);

/* Self-tests of gemm_cpu, gemm_gpu and sgemm; ended by a NULL kernel. */
extern const qn_selftest_case qn_selftest_gemm[];

#endif
