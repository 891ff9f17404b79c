/* SPDX-License-Identifier: Apache-2.0 */
/* Every name one can write, by kind. */
#include "nn/names.h"
#include "train/callback.h"
#include <quern/unstable.h>

static const qn_kind *const kinds[] = {
    &qn_kind_layer,     &qn_kind_activation,  &qn_kind_loss,        &qn_kind_metric,
    &qn_kind_optimizer, &qn_kind_initializer, &qn_kind_regularizer, &qn_kind_constraint,
    &qn_kind_schedule,  &qn_kind_callback,
};

static const qn_kind *find_kind(const char *name)
{
    for (int i = 0; name != NULL && i < QN_COUNT(kinds); i++)
        if (strcmp(kinds[i]->name, name) == 0)
            return kinds[i];
    return NULL;
}

const char *qn_names(const char *kind, int index)
{
    const qn_kind *found = find_kind(kind);
    if (found == NULL || index < 0)
        return NULL;
    for (int i = 0; i < index; i++)
        if (qn_kind_at(found, i) == NULL)
            return NULL;
    return qn_kind_at(found, index);
}

const char *qn_nearest_name(const char *kind, const char *word)
{
    const qn_kind *found = find_kind(kind);
    return found != NULL && word != NULL ? qn_kind_nearest(found, word) : NULL;
}
