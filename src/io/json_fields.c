/* SPDX-License-Identifier: Apache-2.0 */
/* Fields of a model's description. */
#include "io/json_fields.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

qn_status qn_json_wrong(const qn_model *model, const char *key, const char *expected)
{
    return qn_fail(model->env, QN_ERROR_DATA,
                   "the model's description is damaged: '%s' should be %s", key, expected);
}

qn_status qn_json_read_count(const qn_model *model, const json_t *object, const char *key,
                             int64_t most, int64_t *value)
{
    const json_t *found = json_object_get(object, key);
    char expected[64];
    *value = json_integer_value(found);
    if (json_is_integer(found) && *value >= 0 && *value <= most)
        return QN_OK;
    snprintf(expected, sizeof expected, "a whole number from 0 to %" PRId64, most);
    return qn_json_wrong(model, key, expected);
}

qn_status qn_json_read_u32(const qn_model *model, const json_t *object, const char *key,
                           uint32_t *value)
{
    int64_t count;
    QN_TRY(qn_json_read_count(model, object, key, UINT32_MAX, &count));
    *value = (uint32_t)count;
    return QN_OK;
}

json_t *qn_json_double(double value)
{
    if (isnan(value))
        return json_string("nan");
    if (isinf(value))
        return json_string(value > 0 ? "inf" : "-inf");
    return json_real(value); /* written with 17 digits */
}

bool qn_json_get_double(const json_t *json, double *value)
{
    static const struct {
        const char *word;
        double value;
    } words[] = {{"nan", NAN}, {"inf", INFINITY}, {"-inf", -INFINITY}};
    const char *word = json_string_value(json);
    for (int i = 0; word != NULL && i < QN_COUNT(words); i++)
        if (strcmp(word, words[i].word) == 0) {
            *value = words[i].value;
            return true;
        }
    *value = json_number_value(json);
    return json_is_number(json);
}
