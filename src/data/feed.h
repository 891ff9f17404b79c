/* SPDX-License-Identifier: Apache-2.0 */
/* A set of samples (inputs, targets, weights) on the device, for plans that gather rows by number.
 *
 * Resident: all arrays are uploaded once, in their compact types, and a row's number is the
 * sample's number. Streaming, when they do not fit: two halves of a ring on the device hold the
 * rows of one chunk of steps each, and the numbers point into the ring. The same plan runs either
 * way. */
#ifndef DATA_FEED_H
#define DATA_FEED_H

#include "device/device.h"

typedef struct qn_samples qn_samples;

/* What belongs to a sample. data NULL: there is none. */
enum { QN_SAMPLE_X, QN_SAMPLE_Y, QN_SAMPLE_WEIGHT, QN_SAMPLE_ARRAYS };

typedef struct qn_samples_request {
    qn_device *device;
    qn_array array[QN_SAMPLE_ARRAYS]; /* x is there; the others have as many rows or no data */
    int64_t ring_rows; /* rows of the ring if they stream; even: each half holds one chunk */
    uint64_t limit;    /* device bytes they may take as a whole; 0: half of what is free */
} qn_samples_request;

/* Device memory for the request's samples. Nothing is uploaded yet. */
qn_status qn_samples_create(const qn_samples_request *request, qn_samples **samples);
/* Waits for uploads under way. */
void qn_samples_destroy(qn_samples **samples);

/* Whether `samples`, made for other arrays, can hold those of the request just as well. */
bool qn_samples_suit(const qn_samples *samples, const qn_samples_request *request);
/* Takes the request's arrays, which stay borrowed until qn_samples_release. Resident samples begin
 * their upload, on the transfer queue. */
qn_status qn_samples_load(qn_samples *samples, const qn_samples_request *request);
/* Lets the compute queue go on only when the upload is done; before the first gather. No wait. */
qn_status qn_samples_ready(qn_samples *samples);
/* Puts the samples order[0..count), or first.. where `order` is NULL, where the gathers of one
 * chunk find them, and writes their numbers there to `index`. `half` (0 or 1) is the half of the
 * ring: the chunk that used it before has finished. */
qn_status qn_samples_stage(qn_samples *samples, int half, const uint32_t *order, int64_t first,
                           int64_t count, uint32_t *index);
/* Waits for uploads under way and forgets the arrays. */
qn_status qn_samples_release(qn_samples *samples);

qn_buffer *qn_samples_buffer(const qn_samples *samples, int which); /* NULL: no such array */
bool qn_samples_resident(const qn_samples *samples);
int64_t qn_samples_ring_rows(const qn_samples *samples); /* 0 when resident */
uint64_t qn_samples_bytes(const qn_samples *samples);    /* on the device */
/* Device bytes of one sample. */
uint64_t qn_samples_row_bytes(const qn_array array[QN_SAMPLE_ARRAYS]);

#endif
