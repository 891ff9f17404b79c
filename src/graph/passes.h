/* SPDX-License-Identifier: Apache-2.0 */
/* Running the passes over a request. */
#ifndef GRAPH_PASSES_H
#define GRAPH_PASSES_H

#include "graph/plan.h"

/* Fills `work` from the request and runs the passes up to request->stop_after (NULL: all). Free it
 * with qn_work_free, also after a failure. */
qn_status qn_work_run(const qn_plan_request *request, qn_work *work);

#endif
