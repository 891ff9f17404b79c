/* SPDX-License-Identifier: Apache-2.0 */
/* What the writers of event files share. */
#ifndef IO_EVENT_RECORD_H
#define IO_EVENT_RECORD_H

#include "io/event_file.h"
#include "io/tensorboard/event.pb-c.h"

qn_env *qn_event_file_env(const qn_event_file *file);
/* Appends the event as a record: its length, the length's checksum, the event, its checksum. Sets
 * the event's time. */
qn_status qn_event_file_add(qn_event_file *file, QnTb__Event *event);

#endif
