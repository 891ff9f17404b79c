/* SPDX-License-Identifier: Apache-2.0 */
/* Quern's own matrix products: flavour, tiles and work sizes of cl/gemm_cpu.cl and gemm_gpu.cl. */
#include "base/util.h"
#include "kernels/gemm.h"
#include "kernels/launch.h"
#include <stdio.h>

#define MAX_DIMENSION ((int64_t)1 << 27) /* eight rows still fit an int */

/* Of the CPU cost model, in the time of one multiply-add of vectors. */
#define PACK_COST 3     /* to bring one vector of b from memory for the first time, or to pack it */
#define GROUP_COST 2000 /* to start a work-group */
#define PACKED_STRIP 262144 /* bytes of a strip of b from which on it is packed by slices */

static int64_t compute_units(const qn_device *device)
{
    uint32_t units = qn_device_description(device)->compute_units;

    return units ? units : 1;
}

/* Estimated time when work-groups make t register tiles of rows by one of `shares` of the columns.
 * All groups are equal to it, and the last to end is on average half a group late. */
static double cpu_time(const qn_gemm *gemm, const qn_gemm_tiles *tiles, int64_t t, int64_t shares,
                       int64_t units)
{
    int64_t vectors = qn_divide_up(gemm->n, tiles->width);
    int64_t groups = qn_divide_up(qn_divide_up(gemm->m, tiles->mr), t) * shares;
    double columns = (double)qn_divide_up(vectors, shares);
    double group = (double)(t * tiles->mr + PACK_COST) * columns * (double)gemm->k + GROUP_COST;

    return group * ((double)qn_divide_up(groups, units) + 0.5);
}

static void choose_blocks(const qn_device *device, const qn_gemm *gemm, qn_gemm_tiles *tiles)
{
    int64_t row_tiles = qn_divide_up(gemm->m, tiles->mr), units = compute_units(device);
    int64_t most_shares = qn_divide_up(gemm->n, tiles->width) / 2;
    double best = 0;

    /* Fewer than two vectors a share would have neighbours write the same elements. */
    for (int64_t shares = 1; shares <= (most_shares > 1 ? most_shares : 1); shares++)
        for (int64_t blocks = 1; blocks <= row_tiles && blocks <= 16 * units; blocks++) {
            int64_t t = qn_divide_up(row_tiles, blocks);
            double time = cpu_time(gemm, tiles, t, shares, units);

            if (best == 0 || time < best) {
                best = time;
                tiles->block_rows = t * tiles->mr;
                tiles->shares = shares;
            }
            if (shares * blocks > 16 * units)
                break;
        }
}

static void choose_cpu(const qn_device *device, const qn_gemm *gemm, qn_gemm_tiles *tiles)
{
    int width = qn_device_vector_width(device);
    uint64_t local = qn_device_description(device)->local_memory;

    tiles->width = width >= 16 ? 16 : width >= 8 ? 8 : 4;
    /* AVX-512 has 32 vector registers, narrower vectors come with 16 or more. */
    tiles->mr = tiles->width == 16 ? 8 : 4;
    tiles->nv = 3;
    tiles->kc = 256;
    while (tiles->kc > 16 && (uint64_t)(tiles->kc * tiles->nv * tiles->width) * 4 > local)
        tiles->kc /= 2;
    tiles->pack = gemm->trans_b || (gemm->n >= tiles->width && gemm->m >= 4 * tiles->mr &&
                                    gemm->k * tiles->nv * tiles->width * 4 > PACKED_STRIP);
    choose_blocks(device, gemm, tiles);
}

/* Large tiles where they keep every compute unit busy, small ones elsewhere. */
static void choose_gpu(const qn_device *device, const qn_gemm *gemm, qn_gemm_tiles *tiles)
{
    const qn_device_info *info = qn_device_description(device);
    int items = info->max_work_group >= 256 ? 16 : info->max_work_group >= 64 ? 8 : 1;
    int64_t large = qn_divide_up(gemm->m, 4 * items) * qn_divide_up(gemm->n, 4 * items);

    tiles->items_m = tiles->items_n = items;
    tiles->rm = tiles->rn = large >= 2 * compute_units(device) ? 4 : 2;
    tiles->kt = 16; /* at most 8.1 KiB of local memory; OpenCL promises 32 */
}

void qn_gemm_tiles_choose(const qn_device *device, bool cpu, const qn_gemm *gemm,
                          qn_gemm_tiles *tiles)
{
    *tiles = (qn_gemm_tiles){.cpu = cpu};
    if (cpu)
        choose_cpu(device, gemm, tiles);
    else
        choose_gpu(device, gemm, tiles);
}

double qn_gemm_flops(const qn_gemm *gemm)
{
    return 2.0 * (double)gemm->m * (double)gemm->n * (double)gemm->k;
}

double qn_gemm_elements(const qn_gemm *gemm)
{
    return (double)gemm->m * (double)gemm->k + (double)gemm->k * (double)gemm->n +
           (double)gemm->m * (double)gemm->n * (gemm->y ? 2.0 : 1.0) +
           (gemm->bias ? (double)gemm->n : 0.0) + (gemm->sums ? (double)gemm->n : 0.0);
}

static void begin(qn_launch *launch, qn_steps *steps, const qn_gemm *gemm,
                  const qn_gemm_tiles *tiles)
{
    char shape[128], activation[96], options[320];

    if (tiles->cpu)
        snprintf(
            shape, sizeof shape,
            "-DQN_W=%d -DQN_MR=%d -DQN_NV=%d -DQN_PACK=%d -DQN_KC=%d -DQN_NARROW=%d -DQN_SUMS=%d",
            tiles->width, tiles->mr, tiles->nv, tiles->pack, tiles->kc, gemm->n < tiles->width,
            gemm->sums != NULL);
    else
        snprintf(shape, sizeof shape, "-DQN_IM=%d -DQN_IN=%d -DQN_RM=%d -DQN_RN=%d -DQN_KT=%d",
                 tiles->items_m, tiles->items_n, tiles->rm, tiles->rn, tiles->kt);
    qn_elementwise_options(gemm->activation, "QN_ACTIVATION", activation, sizeof activation);
    snprintf(options, sizeof options,
             "-DQN_TRANS_A=%d -DQN_TRANS_B=%d %s -DQN_BIAS=%d -DQN_GRADIENT=%d %s", gemm->trans_a,
             gemm->trans_b, shape, gemm->bias != NULL, gemm->y != NULL, activation);
    qn_launch_begin(launch, steps, tiles->cpu ? "gemm_cpu.cl" : "gemm_gpu.cl", options,
                    tiles->cpu ? "gemm_cpu" : "gemm_gpu");
}

static qn_range work_sizes(const qn_gemm *gemm, const qn_gemm_tiles *tiles)
{
    size_t items_m = (size_t)tiles->items_m, items_n = (size_t)tiles->items_n;

    if (tiles->cpu)
        return (qn_range){
            .dims = 2,
            .global = {(size_t)qn_divide_up(gemm->m, tiles->block_rows), (size_t)tiles->shares},
            .local = {1, 1}};
    return (qn_range){
        .dims = 2,
        .global = {(size_t)qn_divide_up(gemm->n, tiles->items_n * tiles->rn) * items_n,
                   (size_t)qn_divide_up(gemm->m, tiles->items_m * tiles->rm) * items_m},
        .local = {items_n, items_m}};
}

qn_status qn_gemm_quern_tiled(qn_steps *steps, const qn_gemm *gemm, const qn_gemm_tiles *tiles)
{
    qn_launch launch;

    begin(&launch, steps, gemm, tiles);
    launch.range = work_sizes(gemm, tiles);
    qn_launch_buffer(&launch, gemm->a);
    qn_launch_buffer(&launch, gemm->b);
    qn_launch_buffer(&launch, gemm->bias ? gemm->bias : gemm->b); /* unread without QN_BIAS */
    qn_launch_buffer(&launch, gemm->y ? gemm->y : gemm->b);       /* and without QN_GRADIENT */
    qn_launch_buffer(&launch, gemm->c);
    if (tiles->cpu)
        qn_launch_buffer(&launch,
                         gemm->sums ? gemm->sums : gemm->c); /* untouched without QN_SUMS */
    qn_launch_i32(&launch, gemm->m);
    qn_launch_i32(&launch, gemm->n);
    qn_launch_i32(&launch, gemm->k);
    if (tiles->cpu)
        qn_launch_i32(&launch, tiles->block_rows);
    QN_TRY(qn_launch_end(&launch, qn_gemm_flops(gemm), qn_gemm_elements(gemm)));
    if (gemm->sums && !tiles->cpu)
        return qn_kernel_column_sum(steps, gemm->b, gemm->sums, gemm->k, gemm->n);
    return QN_OK;
}

static bool suits(const qn_gemm *gemm)
{
    return gemm->m <= MAX_DIMENSION && gemm->n <= MAX_DIMENSION && gemm->k <= MAX_DIMENSION;
}

qn_status qn_gemm_quern(qn_steps *steps, const qn_gemm *gemm)
{
    qn_gemm_tiles tiles;

    if (!suits(gemm))
        return qn_fail(qn_device_env(steps->device), QN_ERROR_USAGE,
                       "a matrix product of [%lld, %lld] by [%lld, %lld]: own kernels take at most "
                       "%lld rows or columns; split it",
                       (long long)gemm->m, (long long)gemm->k, (long long)gemm->k,
                       (long long)gemm->n, (long long)MAX_DIMENSION);
    qn_gemm_tiles_choose(steps->device, qn_flavour_cpu(steps), gemm, &tiles);
    return qn_gemm_quern_tiled(steps, gemm, &tiles);
}

static const char *kernel(const qn_steps *steps)
{
    return qn_flavour_cpu(steps) ? "gemm_cpu" : "gemm_gpu";
}

const qn_gemm_candidate qn_gemm_candidate_quern = {
    .title = "Quern's own kernels", .kernel = kernel, .suits = suits, .record = qn_gemm_quern};
