/* SPDX-License-Identifier: Apache-2.0 */
/* Activations by their text: "relu", "leaky_relu(negative_slope=0.1)". */
#include "base/spec.h"
#include "ops/internal.h"

typedef struct activation_params {
    qn_spec spec;
    double alpha;
    bool approximate;
} activation_params;

typedef struct activation {
    qn_schema schema;
    qn_value *(*plain)(qn_value *x); /* takes no arguments; else NULL, and the next one */
    qn_value *(*with)(qn_value *x, const activation_params *params);
} activation;

static qn_value *linear(qn_value *x)
{
    return x;
}

static qn_value *leaky_relu(qn_value *x, const activation_params *params)
{
    return qn_ops_leaky_relu(x, params->alpha);
}

static qn_value *elu(qn_value *x, const activation_params *params)
{
    return qn_ops_elu(x, params->alpha);
}

static qn_value *gelu(qn_value *x, const activation_params *params)
{
    return qn_ops_gelu(x, params->approximate);
}

/* A parameter by its name in Keras; all are the first positional argument. */
#define ALPHA(text)                                                                                \
    {                                                                                              \
        .name = text, .kind = QN_FIELD_DOUBLE, .offset = offsetof(activation_params, alpha),       \
        .positional = true, .minimum = 0, .maximum = QN_MAX_ALPHA                                  \
    }
static const qn_field negative_slope = ALPHA("negative_slope"), alpha = ALPHA("alpha");
static const qn_field approximate = {.name = "approximate",
                                     .kind = QN_FIELD_BOOL,
                                     .offset = offsetof(activation_params, approximate),
                                     .positional = true};

static const activation_params none, fifth = {.alpha = 0.2}, one = {.alpha = 1};

#define PLAIN(text, alias_text, function)                                                          \
    {                                                                                              \
        .schema = {.type = text,                                                                   \
                   .name = text,                                                                   \
                   .alias = alias_text,                                                            \
                   .defaults = &none,                                                              \
                   .size = sizeof none},                                                           \
        .plain = function                                                                          \
    }
#define WITH(function, field, usual)                                                               \
    {                                                                                              \
        .schema = {.type = #function,                                                              \
                   .name = #function,                                                              \
                   .defaults = &usual,                                                             \
                   .size = sizeof usual,                                                           \
                   .fields = &field,                                                               \
                   .field_count = 1},                                                              \
        .with = function                                                                           \
    }

static const activation activations[] = {
    PLAIN("linear", NULL, linear),
    PLAIN("sigmoid", NULL, qn_ops_sigmoid),
    PLAIN("tanh", NULL, qn_ops_tanh),
    PLAIN("relu", NULL, qn_ops_relu),
    PLAIN("softmax", NULL, qn_ops_softmax),
    WITH(leaky_relu, negative_slope, fifth),
    WITH(elu, alpha, one),
    PLAIN("selu", NULL, qn_ops_selu),
    WITH(gelu, approximate, none),
    PLAIN("silu", "swish", qn_ops_silu),
    PLAIN("softplus", NULL, qn_ops_softplus),
    PLAIN("softsign", NULL, qn_ops_softsign),
    PLAIN("relu6", NULL, qn_ops_relu6),
    PLAIN("hard_sigmoid", NULL, qn_ops_hard_sigmoid),
    PLAIN("exponential", NULL, qn_ops_exp),
};

const char *qn_activation_name(int index)
{
    return index < QN_COUNT(activations) ? activations[index].schema.name : NULL;
}

/* ---- reading ---- */

static const activation *find(const char *name)
{
    for (int i = 0; i < QN_COUNT(activations); i++) {
        const qn_schema *schema = &activations[i].schema;
        if (qn_equal_nocase(name, schema->name) ||
            (schema->alias && qn_equal_nocase(name, schema->alias)))
            return &activations[i];
    }
    return NULL;
}

static qn_status unknown(qn_env *env, const char *name)
{
    const char *known[QN_COUNT(activations)];
    for (int i = 0; i < QN_COUNT(activations); i++)
        known[i] = qn_activation_name(i);
    return qn_fail_word(env, "activation", "activations", name, known, QN_COUNT(activations));
}

static qn_status read_node(qn_env *env, const qn_spec_node *node, const activation **found,
                           activation_params *params)
{
    *found = find(node->word);
    if (!*found)
        return unknown(env, node->word);
    if ((*found)->plain && node->count > 0)
        return qn_fail(env, QN_ERROR_USAGE, "the activation %s takes no arguments: write '%s'",
                       (*found)->schema.name, (*found)->schema.name);
    return qn_params_from_spec(env, &(*found)->schema, node, params);
}

static qn_status read_text(qn_env *env, const char *text, const activation **found,
                           activation_params *params)
{
    qn_spec_node *root;
    QN_TRY(qn_spec_parse(env, text, &root));
    const qn_spec_node *node = root->items;
    qn_status status;
    if (root->count == 1 && !node->key && !node->tuple)
        status = read_node(env, node, found, params);
    else
        status = qn_fail(env, QN_ERROR_USAGE,
                         "\"%s\" is not one activation: write a name such as 'relu' or "
                         "'leaky_relu(negative_slope=0.1)'",
                         text);
    qn_spec_free(env, &root);
    return status;
}

qn_status qn_activation_check(qn_env *env, const char *text)
{
    const activation *found = NULL;
    activation_params params;
    return text ? read_text(env, text, &found, &params) : QN_OK;
}

qn_value *qn_op_activation(qn_value *x, const char *text)
{
    const activation *found = NULL;
    activation_params params;
    if (!x || !text)
        return x;
    qn_status status = read_text(x->graph->env, text, &found, &params);
    if (status != QN_OK)
        return qn_graph_mistake(x->graph, status, "%s", x->graph->env->message);
    return found->plain ? found->plain(x) : found->with(x, &params);
}
