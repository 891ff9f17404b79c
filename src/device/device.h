/* SPDX-License-Identifier: Apache-2.0 */
/* One opened device: an OpenCL context, an in-order compute queue and a transfer queue. OpenCL's
 * own types stay inside src/device (device/opencl.h has them for this folder and gemm_clblast.c).
 */
#ifndef DEVICE_DEVICE_H
#define DEVICE_DEVICE_H

#include "device/context.h"

typedef struct qn_device qn_device;
typedef struct qn_buffer qn_buffer;
typedef struct qn_kernel qn_kernel;
typedef struct qn_event qn_event;

/* ---- devices ---- */

typedef enum qn_device_class { QN_CLASS_CPU, QN_CLASS_GPU } qn_device_class;

qn_env *qn_device_env(const qn_device *device);
qn_context *qn_device_context(const qn_device *device);
const qn_device_info *qn_device_description(const qn_device *device);
/* Which flavour of a kernel suits it: accelerators count as GPUs. */
qn_device_class qn_device_kind(const qn_device *device);
/* Alignment of a value inside a segment, bytes: the base address alignment, at least 128. */
size_t qn_device_alignment(const qn_device *device);
/* Floats in one of its vector registers: CL_DEVICE_NATIVE_VECTOR_WIDTH_FLOAT, at least 1. */
int qn_device_vector_width(const qn_device *device);
/* Text that names device, driver and its version: part of every cache key. */
const char *qn_device_fingerprint(const qn_device *device);

/* Counters since the device was opened, for statistics and tests. */
typedef struct qn_device_counters {
    uint64_t launches, calls, buffers, copies;
    uint64_t waits;                              /* but those for first launches */
    uint64_t bytes;                              /* device memory held now */
    uint64_t programs_compiled, programs_loaded; /* loaded: from a kept binary */
    double build_seconds;                        /* of both, failures included */
    /* Steps enqueued for the first time, each with a wait, and how long the host was in there: some
     * drivers compile a kernel for its work sizes then, and CLBlast its kernels at the first call.
     * One execution is in it. */
    uint64_t first_launches;
    double first_launch_seconds;
} qn_device_counters;
const qn_device_counters *qn_device_count_of(const qn_device *device);
void qn_device_count_call(qn_device *device);

/* ---- buffers (segments) ---- */

/* `bytes` of device memory, zero-filled, at most max_allocation. Out of memory is QN_ERROR_MEMORY
 * with how much was wanted and how much the device has. */
qn_status qn_buffer_create(qn_device *device, size_t bytes, qn_buffer **buffer);
/* A part of `parent` (a sub-buffer), offset aligned to qn_device_alignment. Destroy before it. */
qn_status qn_buffer_slice(qn_buffer *parent, size_t offset, size_t bytes, qn_buffer **buffer);
void qn_buffer_destroy(qn_buffer **buffer);
size_t qn_buffer_bytes(const qn_buffer *buffer);
qn_device *qn_buffer_device(const qn_buffer *buffer);

/* Blocking, on the compute queue, after everything enqueued there so far. Each is one wait. */
qn_status qn_buffer_write(qn_buffer *buffer, size_t offset, size_t bytes, const void *data);
qn_status qn_buffer_read(qn_buffer *buffer, size_t offset, size_t bytes, void *data);
/* Asynchronous fill with a 4-byte pattern and copy between buffers, on the compute queue. */
qn_status qn_buffer_fill(qn_buffer *buffer, size_t offset, size_t bytes, uint32_t pattern);
qn_status qn_buffer_copy(qn_buffer *from, size_t from_offset, qn_buffer *to, size_t to_offset,
                         size_t bytes);

/* Pinned host memory for transfers; mapped for its whole life. */
typedef struct qn_staging qn_staging;
qn_status qn_staging_create(qn_device *device, size_t bytes, qn_staging **staging);
void qn_staging_destroy(qn_staging **staging);
void *qn_staging_data(qn_staging *staging);

/* ---- queues and events ---- */

/* Transfers on the transfer queue that begin after `after` (NULL: at once) and are followed by
 * `*done` (NULL: not wanted). `data` must stay valid until then. No wait. */
qn_status qn_transfer_write(qn_buffer *buffer, size_t offset, size_t bytes, const void *data,
                            const qn_event *after, qn_event **done);
qn_status qn_transfer_read(qn_buffer *buffer, size_t offset, size_t bytes, void *data,
                           const qn_event *after, qn_event **done);
/* The same on the compute queue, after everything that is there: what comes later on the transfer
 * queue need not wait for it. No wait. */
qn_status qn_compute_read(qn_buffer *buffer, size_t offset, size_t bytes, void *data,
                          qn_event **done);
/* Everything enqueued on the compute queue from now on begins after `event`. */
qn_status qn_compute_after(qn_device *device, const qn_event *event);
/* An event that completes when everything on the compute queue so far has. */
qn_status qn_compute_mark(qn_device *device, qn_event **event);
qn_status qn_device_flush(qn_device *device); /* both queues; does not wait */
qn_status qn_event_wait(qn_event *event);     /* counts as a wait; a failed command is an error */
bool qn_event_done(const qn_event *event);
void qn_event_destroy(qn_event **event);
/* Device seconds at which the event's command began and ended; the context profiles, and the
 * command is done. */
qn_status qn_event_times(const qn_event *event, double *begin, double *end);
qn_status qn_device_finish(qn_device *device);

/* ---- kernels ---- */

/* Builds (or takes from memory or disk) the program `file` (as "gemm_cpu.cl", embedded from cl/)
 * with `options` ("-DQN_TM=8"), and creates kernel `name`. A build error is QN_ERROR_DEVICE with
 * the compiler's log and the source lines that it names. */
qn_status qn_kernel_create(qn_device *device, const char *file, const char *options,
                           const char *name, qn_kernel **kernel);
/* The same from source text made at run time; `title` names it in messages and cache. Includes of
 * cl/lib headers ("lib/philox.h") work. */
qn_status qn_kernel_create_source(qn_device *device, const char *title, const char *source,
                                  const char *options, const char *name, qn_kernel **kernel);
void qn_kernel_destroy(qn_kernel **kernel);
const char *qn_kernel_name(const qn_kernel *kernel);

/* Arguments; the kernel keeps no reference to a buffer. */
qn_status qn_kernel_set_buffer(qn_kernel *kernel, int index, const qn_buffer *buffer);
qn_status qn_kernel_set_i32(qn_kernel *kernel, int index, int32_t value);
qn_status qn_kernel_set_u32(qn_kernel *kernel, int index, uint32_t value);
qn_status qn_kernel_set_f32(qn_kernel *kernel, int index, float value);
qn_status qn_kernel_set_local(qn_kernel *kernel, int index, size_t bytes);

typedef struct qn_range {
    int dims;
    size_t global[3], local[3]; /* explicit; global is a multiple of local */
} qn_range;
qn_status qn_kernel_launch(qn_kernel *kernel, const qn_range *range); /* compute queue, no event */
/* The same with an event, for profiles. */
qn_status qn_kernel_launch_timed(qn_kernel *kernel, const qn_range *range, qn_event **done);

#endif
