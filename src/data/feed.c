/* SPDX-License-Identifier: Apache-2.0 */
/* A set of samples on the device: whole, or as a ring through which they stream. */
#include "data/feed.h"
#include "data/convert.h"

/* One of the arrays. */
typedef struct column {
    qn_array array; /* borrowed while loaded; data NULL otherwise */
    qn_dtype dtype; /* on the device */
    size_t row_bytes;
    qn_buffer *buffer; /* NULL: there is no such array */
    qn_staging *staging;
    qn_event *uploaded[2]; /* resident: of the pieces; streaming: of each half */
} column;

struct qn_samples {
    qn_device *device;
    qn_env *env;
    bool resident;
    int64_t capacity; /* rows: of the arrays, or of the ring */
    column column[QN_SAMPLE_ARRAYS];
};

/* Arrays that are converted on their way to the device go through staging in pieces. */
#define PIECE_BYTES ((size_t)1 << 20)
/* Resident samples take multiples of this. */
#define ROUND_BYTES ((uint64_t)64 << 10)

static size_t row_bytes_of(const qn_array *array)
{
    return (size_t)qn_array_row_elements(array) * qn_dtype_size(qn_array_device_dtype(array));
}

uint64_t qn_samples_row_bytes(const qn_array array[QN_SAMPLE_ARRAYS])
{
    uint64_t bytes = 0;

    for (int i = 0; i < QN_SAMPLE_ARRAYS; i++)
        bytes += array[i].data ? row_bytes_of(&array[i]) : 0;
    return bytes;
}

/* The whole of all arrays may take half of the free memory: the plan needs the rest. Sample
 * numbers are int32 on the device. */
static bool fits_whole(const qn_samples_request *request)
{
    const qn_device_info *info = qn_device_description(request->device);
    uint64_t held = qn_device_count_of(request->device)->bytes;
    uint64_t free_bytes = info->memory > held ? info->memory - held : 0;
    uint64_t limit = request->limit ? request->limit : free_bytes / 2;
    uint64_t rows = (uint64_t)request->array[QN_SAMPLE_X].shape[0];

    for (int i = 0; i < QN_SAMPLE_ARRAYS; i++)
        if (request->array[i].data &&
            rows * row_bytes_of(&request->array[i]) > info->max_allocation)
            return false;
    return rows * qn_samples_row_bytes(request->array) <= limit && rows <= INT32_MAX;
}

/* A few rows more than asked for, so that calls with about as many find room in what is kept. */
static int64_t resident_rows(const qn_samples_request *request)
{
    uint64_t row = qn_samples_row_bytes(request->array);
    uint64_t step = row < ROUND_BYTES ? ROUND_BYTES / row : 1;
    uint64_t rows = (uint64_t)request->array[QN_SAMPLE_X].shape[0];
    uint64_t rounded = (rows + step - 1) / step * step;
    uint64_t most = qn_device_description(request->device)->max_allocation;

    return (int64_t)(rounded * row <= most && rounded <= INT32_MAX ? rounded : rows);
}

static qn_status create_column(qn_samples *samples, column *c, const qn_array *array)
{
    if (!array->data)
        return QN_OK;
    c->dtype = qn_array_device_dtype(array);
    c->row_bytes = row_bytes_of(array);
    if (!samples->resident)
        QN_TRY(qn_staging_create(samples->device, (size_t)samples->capacity * c->row_bytes,
                                 &c->staging));
    return qn_buffer_create_for(samples->device, QN_USE_SAMPLES,
                                (size_t)samples->capacity * c->row_bytes, &c->buffer);
}

qn_status qn_samples_create(const qn_samples_request *request, qn_samples **samples)
{
    qn_env *env = qn_device_env(request->device);
    qn_samples *made = qn_alloc(env, sizeof *made);
    qn_status status = QN_OK;

    *samples = NULL;
    if (!made)
        return QN_ERROR_MEMORY;
    made->device = request->device;
    made->env = env;
    made->resident = fits_whole(request);
    made->capacity = made->resident ? resident_rows(request) : request->ring_rows;
    for (int i = 0; status == QN_OK && i < QN_SAMPLE_ARRAYS; i++)
        status = create_column(made, &made->column[i], &request->array[i]);
    if (status != QN_OK)
        qn_samples_destroy(&made);
    *samples = made;
    return status;
}

void qn_samples_destroy(qn_samples **samples)
{
    qn_samples *old = *samples;

    *samples = NULL;
    if (!old)
        return;
    /* A failed upload was the business of the call that began it. */
    (void)qn_samples_release(old);
    for (int i = 0; i < QN_SAMPLE_ARRAYS; i++) {
        qn_buffer_destroy(&old->column[i].buffer);
        qn_staging_destroy(&old->column[i].staging);
    }
    qn_free(old->env, old);
}

static bool column_suits(const column *c, const qn_array *array)
{
    if (!c->buffer || !array->data)
        return !c->buffer == !array->data;
    return c->dtype == qn_array_device_dtype(array) && c->row_bytes == row_bytes_of(array);
}

bool qn_samples_suit(const qn_samples *samples, const qn_samples_request *request)
{
    int64_t rows = request->array[QN_SAMPLE_X].shape[0];
    int64_t needed = samples->resident ? rows : request->ring_rows;

    if (samples->device != request->device || samples->capacity < needed)
        return false;
    for (int i = 0; i < QN_SAMPLE_ARRAYS; i++)
        if (!column_suits(&samples->column[i], &request->array[i]))
            return false;
    /* What a limit asked for must stay as asked. */
    return samples->resident ? request->limit == 0 || fits_whole(request) : !fits_whole(request);
}

static qn_status wait_upload(qn_event **event)
{
    qn_status status = *event ? qn_event_wait(*event) : QN_OK;

    qn_event_destroy(event);
    return status;
}

/* Uploads through staging, in pieces: one is converted while the other is on its way. */
static qn_status upload_converted(qn_samples *samples, column *c)
{
    int64_t rows = c->array.shape[0];
    int64_t piece = c->row_bytes < PIECE_BYTES ? (int64_t)(PIECE_BYTES / c->row_bytes) : 1;
    int half = 0;

    if (!c->staging)
        QN_TRY(qn_staging_create(samples->device, 2 * (size_t)piece * c->row_bytes, &c->staging));
    for (int64_t row = 0; row < rows; row += piece, half = !half) {
        int64_t count = rows - row < piece ? rows - row : piece;
        char *at = (char *)qn_staging_data(c->staging) + (size_t)(half * piece) * c->row_bytes;

        QN_TRY(wait_upload(&c->uploaded[half]));
        QN_TRY(qn_array_convert(samples->env, &c->array, row, count, at));
        QN_TRY(qn_transfer_write(c->buffer, (size_t)row * c->row_bytes,
                                 (size_t)count * c->row_bytes, at, NULL, &c->uploaded[half]));
    }
    return QN_OK;
}

static qn_status upload(qn_samples *samples, column *c)
{
    if (c->dtype != c->array.dtype)
        return upload_converted(samples, c);
    return qn_transfer_write(c->buffer, 0, (size_t)c->array.shape[0] * c->row_bytes, c->array.data,
                             NULL, &c->uploaded[0]);
}

qn_status qn_samples_load(qn_samples *samples, const qn_samples_request *request)
{
    for (int i = 0; i < QN_SAMPLE_ARRAYS; i++)
        samples->column[i].array = request->array[i];
    for (int i = 0; samples->resident && i < QN_SAMPLE_ARRAYS; i++) {
        if (samples->column[i].buffer)
            QN_TRY(upload(samples, &samples->column[i]));
    }
    return QN_OK;
}

qn_status qn_samples_ready(qn_samples *samples)
{
    for (int i = 0; samples->resident && i < QN_SAMPLE_ARRAYS; i++) {
        for (int half = 0; half < 2; half++)
            QN_TRY(qn_compute_after(samples->device, samples->column[i].uploaded[half]));
    }
    return QN_OK;
}

/* Collects the chunk's rows of one array in staging and sends them to the ring. */
static qn_status stage_column(qn_samples *samples, column *c, int half, const uint32_t *order,
                              int64_t first, int64_t count)
{
    size_t begin = (size_t)half * (size_t)(samples->capacity / 2) * c->row_bytes;
    char *out = (char *)qn_staging_data(c->staging) + begin;
    const char *in = c->array.data;

    /* The chunk that used this half has finished, and so has its upload. */
    qn_event_destroy(&c->uploaded[half]);
    if (c->dtype != c->array.dtype && !order) {
        QN_TRY(qn_array_convert(samples->env, &c->array, first, count, out));
    } else {
        for (int64_t i = 0; i < count; i++) {
            int64_t row = order ? order[i] : first + i;
            char *to = out + (size_t)i * c->row_bytes;

            if (c->dtype == c->array.dtype)
                memcpy(to, in + (size_t)row * c->row_bytes, c->row_bytes);
            else
                QN_TRY(qn_array_convert(samples->env, &c->array, row, 1, to));
        }
    }
    QN_TRY(qn_transfer_write(c->buffer, begin, (size_t)count * c->row_bytes, out, NULL,
                             &c->uploaded[half]));
    return qn_compute_after(samples->device, c->uploaded[half]);
}

qn_status qn_samples_stage(qn_samples *samples, int half, const uint32_t *order, int64_t first,
                           int64_t count, uint32_t *index)
{
    int64_t ring = half * (samples->capacity / 2);

    if (samples->resident) {
        if (order)
            memcpy(index, order, (size_t)count * sizeof *index);
        for (int64_t i = 0; !order && i < count; i++)
            index[i] = (uint32_t)(first + i);
        return QN_OK;
    }
    if (count > samples->capacity / 2)
        return qn_fail(samples->env, QN_ERROR_INTERNAL,
                       "a chunk of %lld samples was staged in a ring of two times %lld",
                       (long long)count, (long long)(samples->capacity / 2));
    for (int64_t i = 0; i < count; i++)
        index[i] = (uint32_t)(ring + i);
    for (int i = 0; i < QN_SAMPLE_ARRAYS; i++) {
        if (samples->column[i].buffer)
            QN_TRY(stage_column(samples, &samples->column[i], half, order, first, count));
    }
    return QN_OK;
}

qn_status qn_samples_release(qn_samples *samples)
{
    qn_status result = QN_OK;

    for (int i = 0; i < QN_SAMPLE_ARRAYS; i++) {
        for (int half = 0; half < 2; half++) {
            qn_status status = wait_upload(&samples->column[i].uploaded[half]);

            if (result == QN_OK)
                result = status;
        }
        samples->column[i].array.data = NULL;
    }
    return result;
}

qn_buffer *qn_samples_buffer(const qn_samples *samples, int which)
{
    return samples->column[which].buffer;
}

bool qn_samples_resident(const qn_samples *samples)
{
    return samples->resident;
}

int64_t qn_samples_ring_rows(const qn_samples *samples)
{
    return samples->resident ? 0 : samples->capacity;
}

uint64_t qn_samples_bytes(const qn_samples *samples)
{
    uint64_t bytes = 0;

    for (int i = 0; i < QN_SAMPLE_ARRAYS; i++) {
        if (samples->column[i].buffer)
            bytes += qn_buffer_bytes(samples->column[i].buffer);
    }
    return bytes;
}
