/* SPDX-License-Identifier: Apache-2.0 */
/* A schedule that is written beside its optimizer instead of in it. */
#include "nn/model.h"

/* The first argument without a keyword is the learning rate. */
static bool names_rate(const qn_spec_node *optimizer)
{
    bool found = optimizer->count > 0 && optimizer->items[0].key == NULL;
    for (int i = 0; i < optimizer->count; i++)
        if (optimizer->items[i].key != NULL)
            found = found || strcmp(optimizer->items[i].key, "learning_rate") == 0;
    return found;
}

static qn_status join(qn_env *env, const qn_spec_node *optimizer, const char *schedule,
                      qn_text *text)
{
    qn_text_add(text, "%s(learning_rate=%s", optimizer->word, schedule);
    for (int i = 0; i < optimizer->count; i++) {
        qn_text_add(text, ", ");
        qn_spec_write(text, &optimizer->items[i]);
    }
    qn_text_add(text, ")");
    return text->failed ? qn_fail_memory(env, text->length) : QN_OK;
}

qn_status qn_optimizer_with_schedule(qn_context *ctx, const char *optimizer, const char *schedule,
                                     qn_write_fn write, void *user)
{
    qn_env *env = &ctx->env;
    qn_text text = {.env = env};
    qn_spec_node *root = NULL;
    QN_TRY(qn_part_check(env, &qn_kind_schedule, schedule));
    QN_TRY(qn_parse_name(env, &qn_kind_optimizer, optimizer, &root));
    qn_status status;
    if (names_rate(&root->items[0]))
        status = qn_fail(env, QN_ERROR_USAGE,
                         "both the optimizer \"%s\" and the schedule \"%s\" say what the learning "
                         "rate is: leave one out",
                         optimizer, schedule);
    else
        status = join(env, &root->items[0], schedule, &text);
    if (status == QN_OK)
        write(user, qn_text_get(&text));
    qn_text_free(&text);
    qn_spec_free(env, &root);
    return status;
}
