/* SPDX-License-Identifier: Apache-2.0 */
/* One source for two flavours. On a CPU a work-group is one work-item that walks a contiguous part
 * in float16 steps; on a GPU it is 64 work-items that walk interleaved single floats. qn_v is what a
 * work-item holds of a row or an array: float16 or float. */
#ifndef QN_LIB_VECTOR_H
#define QN_LIB_VECTOR_H

#ifndef QN_CPU
#define QN_CPU 1
#endif

#if QN_CPU
#define QN_LOCAL 1
#define QN_WIDTH 16
typedef float16 qn_v;
#else
#define QN_LOCAL 64
#define QN_WIDTH 1
typedef float qn_v;
#endif

/* For functions that take local memory. PoCL gives each thread its own copy of a kernel's local
 * arrays, but one that an optimizer has propagated into a called function stays shared by all. */
#define QN_INLINE static inline __attribute__((always_inline, unused))

/* The local size is a constant of the flavour: a driver that compiles for each size compiles once. */
#define QN_KERNEL kernel __attribute__((reqd_work_group_size(QN_LOCAL, 1, 1)))

/* for (i, in steps of what a work-item holds) over this work-item's part of [0, count). */
#if QN_CPU
#define QN_EACH(i, end, count, chunk)                                                              \
    for (int i = (int)get_global_id(0) * (chunk), end = min(i + (chunk), (count)); i < end;        \
         i += QN_WIDTH)
#else
#define QN_EACH(i, end, count, chunk)                                                              \
    for (int i = (int)get_global_id(0), end = (count); i < end; i += (int)get_global_size(0))
#endif

/* for (r) over the rows of this work-group, and for (c) over this work-item's part of a row. */
#define QN_ROWS(r, rows, chunk)                                                                    \
    for (int r = (int)get_group_id(0) * (chunk), last_##r = min(r + (chunk), (rows));              \
         r < last_##r; ++r)
#define QN_LANES(c, columns)                                                                       \
    for (int c = (int)get_local_id(0) * QN_WIDTH; c < (columns); c += QN_LOCAL * QN_WIDTH)

/* Loads and stores of what is there: n elements are left from p on; `fill` stands for the rest. */
#if QN_CPU
static inline qn_v qn_load(global const float *p, int n, float fill)
{
    if (n >= QN_WIDTH)
        return vload16(0, p);
    float part[QN_WIDTH];
    vstore16((float16)(fill), 0, part);
    for (int k = 0; k < n; ++k)
        part[k] = p[k];
    return vload16(0, part);
}

static inline void qn_store(qn_v v, global float *p, int n)
{
    if (n >= QN_WIDTH) {
        vstore16(v, 0, p);
        return;
    }
    float part[QN_WIDTH];
    vstore16(v, 0, part);
    for (int k = 0; k < n; ++k)
        p[k] = part[k];
}

static inline float qn_sum_of(qn_v v)
{
    float part[QN_WIDTH];
    vstore16(v, 0, part);
    for (int half_width = QN_WIDTH / 2; half_width > 0; half_width /= 2)
        for (int k = 0; k < half_width; ++k)
            part[k] += part[k + half_width];
    return part[0];
}

static inline float qn_max_of(qn_v v)
{
    float part[QN_WIDTH];
    vstore16(v, 0, part);
    for (int half_width = QN_WIDTH / 2; half_width > 0; half_width /= 2)
        for (int k = 0; k < half_width; ++k)
            part[k] = fmax(part[k], part[k + half_width]);
    return part[0];
}
#else
static inline qn_v qn_load(global const float *p, int n, float fill)
{
    return *p;
}

static inline void qn_store(qn_v v, global float *p, int n)
{
    *p = v;
}

static inline float qn_sum_of(qn_v v)
{
    return v;
}

static inline float qn_max_of(qn_v v)
{
    return v;
}
#endif

#endif
