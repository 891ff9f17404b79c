/* SPDX-License-Identifier: Apache-2.0 */
/* Parts: found by name, filled from text or struct. */
#include "nn/part.h"

/* Finds the schema and makes room for its params. */
static qn_status begin(qn_env *env, const qn_kind *kind, const char *name, qn_part *part)
{
    const qn_schema *schema = name != NULL ? qn_kind_find(kind, name) : NULL;
    if (schema == NULL)
        return qn_fail_name(env, kind, name != NULL ? name : "");
    part->params = qn_alloc(env, schema->size);
    if (part->params == NULL)
        return QN_ERROR_MEMORY;
    part->schema = schema;
    return QN_OK;
}

/* After a failure nothing in the params is owned. */
static qn_status end(qn_env *env, qn_status status, qn_part *part)
{
    if (status == QN_OK)
        return QN_OK;
    qn_free(env, part->params);
    *part = (qn_part){0};
    return status;
}

qn_status qn_part_read_node(qn_env *env, const qn_kind *kind, const qn_spec_node *node,
                            qn_part *part)
{
    *part = (qn_part){0};
    QN_TRY(begin(env, kind, node->word, part));
    return end(env, qn_params_from_spec(env, part->schema, node, part->params), part);
}

qn_status qn_part_read(qn_env *env, const qn_kind *kind, const char *text, const qn_spec *spec,
                       qn_part *part)
{
    qn_spec_node *root = NULL;
    *part = (qn_part){0};
    if (spec != NULL) {
        QN_TRY(begin(env, kind, spec->type, part));
        return end(env, qn_params_from_struct(env, part->schema, spec, part->params), part);
    }
    QN_TRY(qn_parse_name(env, kind, text, &root));
    qn_status status = qn_part_read_node(env, kind, &root->items[0], part);
    qn_spec_free(env, &root);
    return status;
}

qn_status qn_part_check(qn_env *env, const qn_kind *kind, const char *text)
{
    qn_part part;
    if (text == NULL)
        return QN_OK;
    QN_TRY(qn_part_read(env, kind, text, NULL, &part));
    qn_part_free(env, &part);
    return QN_OK;
}

void qn_part_free(qn_env *env, qn_part *part)
{
    if (part->schema != NULL)
        qn_params_free(env, part->schema, part->params);
    qn_free(env, part->params);
    *part = (qn_part){0};
}
