/* SPDX-License-Identifier: Apache-2.0 */
/* Small files in the cache folder: what was measured or tested once, by a key of all it depends on.
 * None of it is needed: what cannot be read or written is found out again. */
#ifndef DEVICE_KEEP_H
#define DEVICE_KEEP_H

#include "device/context.h"

/* The text kept as `kind` ("scores", a folder) under `key`, to be freed; NULL: none, or none that
 * could be read, which is logged and leaves no message. */
char *qn_recall(qn_context *ctx, const char *kind, uint64_t key);
/* Keeps it, replacing an older one; a failure is logged and leaves no message. */
void qn_keep(qn_context *ctx, const char *kind, uint64_t key, const char *text);

#endif
