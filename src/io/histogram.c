/* SPDX-License-Identifier: Apache-2.0 */
/* Counting values in buckets. The edges and the bucket of a value are computed as TensorFlow does
 * it, in double, so that the counts are the same. */
#include "io/histogram.h"

#include <math.h>
#include <string.h>

/* NaN if any value is. */
static void find_range(const float *values, size_t count, double *least, double *greatest)
{
    *least = *greatest = (double)values[0];
    for (size_t i = 1; i < count && !isnan(*least); i++) {
        double value = (double)values[i];
        if (isnan(value))
            *least = *greatest = value;
        else if (value < *least)
            *least = value;
        else if (value > *greatest)
            *greatest = value;
    }
}

static void set_edges(double least, double greatest, qn_bucket buckets[QN_BUCKETS])
{
    double width = (greatest - least) / QN_BUCKETS;
    buckets[0].left = least;
    for (int i = 1; i < QN_BUCKETS; i++)
        buckets[i].left = buckets[i - 1].right = least + width * i;
    buckets[QN_BUCKETS - 1].right = greatest;
}

void qn_histogram(const float *values, size_t count, qn_bucket buckets[QN_BUCKETS])
{
    double least, greatest;
    memset(buckets, 0, QN_BUCKETS * sizeof *buckets);
    if (count == 0)
        return;
    find_range(values, count, &least, &greatest);
    if (greatest - least == 0) {
        for (int i = 0; i < QN_BUCKETS; i++)
            buckets[i].left = buckets[i].right = least;
        buckets[QN_BUCKETS - 1].count = (double)count;
        return;
    }
    set_edges(least, greatest, buckets);
    double width = (greatest - least) / QN_BUCKETS;
    for (size_t i = 0; i < count; i++) {
        double at = floor(((double)values[i] - least) / width);
        if (at >= 0) /* not NaN */
            buckets[at < QN_BUCKETS ? (int)at : QN_BUCKETS - 1].count++;
    }
}
