/* SPDX-License-Identifier: Apache-2.0 */
/* Histograms as TensorBoard shows them. */
#ifndef IO_HISTOGRAM_H
#define IO_HISTOGRAM_H

#include <stddef.h>

/* As many as tf.summary.histogram makes. */
#define QN_BUCKETS 30

/* The left edge belongs to the bucket, the right one to the next, but for the last bucket's. */
typedef struct qn_bucket {
    double left, right, count;
} qn_bucket;

/* Buckets of one width from the least to the greatest value. Of values that are all the same, all
 * edges are that value and the last bucket counts them; of none, all is zero. A value that is not
 * finite is in no bucket, and edges between which it should be are not finite either. */
void qn_histogram(const float *values, size_t count, qn_bucket buckets[QN_BUCKETS]);

#endif
