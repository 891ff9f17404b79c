/* SPDX-License-Identifier: Apache-2.0 */
/* One line on a terminal that says what takes long; nothing anywhere else. */
#ifndef QUERN_PROGRESS_H
#define QUERN_PROGRESS_H

#include "options.h"

#include <quern/context.h>

/* For a context's `activity`: NULL where nothing is to be shown. */
qn_activity_fn progress_activity(const arguments *a);
/* What the command itself takes long for; it may end without having begun. */
void progress_begin(const arguments *a, const char *what);
void progress_end(void);
/* Takes the line away until what takes long goes on: before anything else is written. */
void progress_hide(void);

#endif
