/* SPDX-License-Identifier: Apache-2.0 */
/* Event files, which TensorBoard reads: records of scalars, histograms and graphs by tag and step.
 * They need protobuf-c; without it each function fails and says so. */
#ifndef IO_EVENT_FILE_H
#define IO_EVENT_FILE_H

#include "graph/graph.h"

typedef struct qn_event_file qn_event_file;

/* QN_OK, or QN_ERROR_IO that says what to install in a build without protobuf-c. */
qn_status qn_event_file_supported(qn_env *env);

/* Creates a file of a name of its own in the folder, which must be there. */
qn_status qn_event_file_create(qn_env *env, const char *folder, qn_event_file **file);
/* Each writes one record; it may stay in memory until the next flush. A failed one fails all that
 * follow. Values are float32 to TensorBoard. */
qn_status qn_event_file_scalar(qn_event_file *file, const char *tag, int64_t step, double value);
/* The weights' distribution in buckets, as io/histogram.h makes them. */
qn_status qn_event_file_histogram(qn_event_file *file, const char *tag, int64_t step,
                                  const float *values, size_t count);
/* The model by its layers, for the page's conceptual graph: Keras's description as JSON. */
qn_status qn_event_file_layers(qn_event_file *file, const char *tag, const char *json);
/* The graph of ops. Nodes are named by layer and op; those of the backward pass begin with
 * "gradients/". */
qn_status qn_event_file_graph(qn_event_file *file, const qn_graph *graph);

/* Makes what was written visible to readers. A file that was removed in the meantime is an error.
 */
qn_status qn_event_file_flush(qn_event_file *file);
/* Flushes and frees; frees after a failure as well. NULL is fine. */
qn_status qn_event_file_close(qn_event_file **file);
/* The same, and fails silently: for a run that has failed or was stopped. */
void qn_event_file_abandon(qn_event_file **file);

#endif
