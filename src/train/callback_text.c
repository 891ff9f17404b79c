/* SPDX-License-Identifier: Apache-2.0 */
/* A callback that is given beside a list of them instead of in it. */
#include "train/callback.h"

/* The list without those of the type; `found`: there was one. */
static void write_others(qn_text *text, const qn_spec_node *root, const qn_schema *schema,
                         bool *found)
{
    for (int i = 0; root && i < root->count; i++) {
        const qn_spec_node *node = &root->items[i];

        if (node->word && qn_kind_find(&qn_kind_callback, node->word) == schema) {
            *found = true;
            continue;
        }
        qn_spec_write(text, node);
        qn_text_add(text, ", ");
    }
}

static qn_status join(qn_env *env, const char *callbacks, const qn_part *part, bool replace,
                      qn_text *text)
{
    qn_text added = {.env = env};
    qn_spec_node *root = NULL;
    qn_status status = QN_OK;
    bool found = false;

    if (callbacks)
        QN_TRY(qn_spec_parse(env, callbacks, &root));
    write_others(text, root, part->schema, &found);
    qn_params_write(&added, part->schema, part->params);
    if (found && !replace)
        status = qn_fail(env, QN_ERROR_USAGE,
                         "both the callbacks \"%s\" and \"%s\" have a %s: leave one out", callbacks,
                         qn_text_get(&added), part->schema->name);
    qn_text_add(text, "%s", qn_text_get(&added));
    if (status == QN_OK && (text->failed || added.failed))
        status = QN_ERROR_MEMORY; /* the message is there */
    qn_text_free(&added);
    qn_spec_free(env, &root);
    return status;
}

qn_status qn_callbacks_with(qn_context *ctx, const char *callbacks, const qn_spec *callback,
                            bool replace, qn_write_fn write, void *user)
{
    qn_env *env = &ctx->env;
    qn_text text = {.env = env};
    qn_status status;
    qn_part part;

    QN_TRY(qn_part_read(env, &qn_kind_callback, NULL, callback, &part));
    status = join(env, callbacks, &part, replace, &text);
    if (status == QN_OK)
        write(user, qn_text_get(&text));
    qn_text_free(&text);
    qn_part_free(env, &part);
    return status;
}
