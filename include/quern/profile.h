/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * Where the time of a region goes: which kernel, for which layer, for how long.
 *
 * @code
 * qn_profile *profile = NULL;
 * if (qn_profile_begin(ctx) == QN_OK &&
 *     qn_fit(model, .x = x, .y = y) == QN_OK &&
 *     qn_profile_end(ctx, &profile) == QN_OK)
 *     (void)qn_profile_write(profile, QN_PROFILE_TABLE, show, stdout);
 * qn_profile_destroy(&profile);
 * @endcode
 *
 * Times are the device's own, from OpenCL's event timestamps. A kernel that was not used before is
 * compiled within the region, or at its first launch: run the work once before to have it apart. */
#ifndef QUERN_PROFILE_H
#define QUERN_PROFILE_H

#include <quern/context.h>

QN_HEADER_BEGIN

/** What a profiled region took. Independent of its context once it has ended, but for the
 * allocator: destroy it before the context. */
typedef struct qn_profile qn_profile;

/** How to write it. Times are in seconds but in the table. What the driver did not measure, or
 * measured impossibly (zero, backward), is "not measured", null or an empty field.
 * - TABLE: text of at most 110 columns; rows by their total.
 * - JSON: `wall_seconds`, `device_span_seconds` (first begin to last end of a command of the
 *   compute queue), `gaps_seconds` (within the span, when none of them ran),
 *   `enqueue_seconds` (the host, in OpenCL's enqueue functions), `kernels`: a list of `name`, `op`,
 *   `layer`, `phase` ("forward", "backward", "update", "transfer"), `product` (which candidate of a
 *   matrix product: "quern", "clblast" or null), `calls`, `measured_calls`, `total_seconds`,
 *   `mean_seconds`, `min_seconds`, `max_seconds`, `share` (of the span), `flops` and `bytes` (of a
 *   call, as its operands are: each read or written once), `gflops`, `gbytes_per_second`,
 *   `roofline_share` (the least time that the device could take, over the mean), `bound` (by what:
 *   "compute" or "memory"), `global`, `local`, `queue`; `roofline`, what the device can do as
 *   `quern bench device` measured it, or null: `peak_gflops`, `gbytes_per_second`, `levels` of
 *   memory (`working_set_bytes`, `gbytes_per_second`) and more; `build`, since the context was
 *   created: `programs_compiled`, `programs_loaded`, `build_seconds`, `first_launches`,
 *   `first_launch_seconds`; `advice`: `text` and whether it is `estimated`, or null.
 * - CSV: the same list of kernels, a line each after a head.
 * - TRACE: what happened when, in the Trace Event Format that Perfetto and chrome://tracing open:
 *   a track for each queue and for the host's thread, a counter for memory. The first 200,000
 *   commands of a region; `otherData.dropped` tells how many came after.
 * - HTML: a page of one file that loads nothing: tables, roofline, a timeline that zooms, memory
 *   over time, the plans that ran. */
typedef enum qn_profile_format {
    QN_PROFILE_TABLE,
    QN_PROFILE_JSON,
    QN_PROFILE_CSV,
    QN_PROFILE_TRACE,
    QN_PROFILE_HTML
} qn_profile_format;

/** Begins a region: waits for what is in flight and exchanges the device's queues for profiling
 * ones; a queue that qn_context_cl_queue gave before is not the device's until the end. Nothing
 * waits in between that would not without a profile. May be called from a callback or hook.
 * @return QN_ERROR_USAGE when a region is under way or the context has several devices. */
QN_API QN_MUST_USE qn_status qn_profile_begin(qn_context *ctx);
/** Ends it: waits, and brings the plain queues back, also after a failure (`*profile` is NULL
 * then).
 * @return QN_ERROR_USAGE when none is under way. */
QN_API QN_MUST_USE qn_status qn_profile_end(qn_context *ctx, qn_profile **profile);
QN_API void qn_profile_destroy(qn_profile **profile);

/** Writes it; `write` may be called several times with pieces of the text.
 * @return QN_ERROR_USAGE for an unknown format, QN_ERROR_MEMORY. */
QN_API QN_MUST_USE qn_status qn_profile_write(const qn_profile *profile, qn_profile_format format,
                                              qn_write_fn write, void *user);

QN_HEADER_END

#endif
