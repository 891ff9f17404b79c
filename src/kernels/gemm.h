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

/* Self-tests of gemm_cpu, gemm_gpu and sgemm; ended by a NULL kernel. */
extern const qn_selftest_case qn_selftest_gemm[];

#endif
