/* SPDX-License-Identifier: Apache-2.0 */
/* Plans and graphs as text. */
#include "base/text.h"
#include "train/fixture.h"
#include <jansson.h>

#define LAYERS "dense(16, relu), dense(3, softmax)"
#define LOSS "categorical_crossentropy"

static void collect(void *user, const char *text)
{
    qn_text_add(user, "%s", text);
}

static void prints_every_task(void **in)
{
    static const char *const tasks[] = {"train", "evaluate", "predict"};
    qn_context *ctx = context_open();
    qn_model *model = model_make(ctx, LAYERS, "adam", LOSS);
    size_t length[3];

    (void)in;
    for (int i = 0; i < 3; i++) {
        qn_text table = {.env = model->env}, json = {.env = model->env}, dot = {.env = model->env};
        qn_plan_params p = qn_plan_defaults();
        json_t *read;

        p.task = tasks[i];
        p.x_dtype = i == 1 ? QN_U8 : QN_F32;
        must(ctx, qn_plan_print(model, &p, collect, &table));
        p.json = true;
        must(ctx, qn_plan_print(model, &p, collect, &json));
        p.json = false;
        p.dot = true;
        must(ctx, qn_plan_print(model, &p, collect, &dot));
        length[i] = table.length;
        assert_non_null(strstr(qn_text_get(&table), "gather"));
        assert_int_equal(strncmp(qn_text_get(&dot), "digraph", 7), 0);
        read = json_loads(qn_text_get(&json), 0, NULL);
        assert_non_null(read);
        json_decref(read);
        qn_text_free(&table);
        qn_text_free(&json);
        qn_text_free(&dot);
    }
    assert_true(length[0] > length[1] && length[1] > length[2]);
    qn_model_destroy(&model);
    qn_context_destroy(&ctx);
}

static void prints_the_graph_after_a_pass(void **in)
{
    static const char *const passes[] = {"build", "prune", "fuse", "schedule"};
    qn_context *ctx = context_open();
    qn_model *model = model_make(ctx, LAYERS, "adam", LOSS);
    qn_text text[4];

    (void)in;
    for (int i = 0; i < 4; i++) {
        qn_plan_params p = qn_plan_defaults();

        text[i] = (qn_text){.env = model->env};
        p.dot = true;
        p.after = passes[i];
        must(ctx, qn_plan_print(model, &p, collect, &text[i]));
    }
    assert_true(text[0].length > text[2].length); /* fused nodes are fewer */
    for (int i = 0; i < 4; i++)
        qn_text_free(&text[i]);
    qn_model_destroy(&model);
    qn_context_destroy(&ctx);
}

static void refuses_bad_requests(void **in)
{
    static const struct {
        qn_plan_params p;
        const char *words;
    } cases[] = {
        {{.task = "training"}, "'training' is unknown"},
        {{.task = "train", .dot = true, .after = "fusion"}, "build, prune, fuse"},
        {{.task = "train", .after = "fuse"}, "Graphviz"},
        {{.task = "train", .batch_size = -1}, "batch_size is -1"},
        {{.task = "train", .x_dtype = QN_F64}, "float64"},
    };
    qn_context *ctx = context_open();
    qn_model *model = model_make(ctx, LAYERS, "adam", LOSS);
    qn_model *raw = model_make(ctx, LAYERS, NULL, NULL), *empty = NULL;
    qn_plan_params p = qn_plan_defaults();
    qn_text text = {.env = model->env};

    (void)in;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        p = cases[i].p;
        p.size = sizeof p;
        p.batch_size = p.batch_size ? p.batch_size : 32;
        must_fail(ctx, QN_ERROR_USAGE, cases[i].words, qn_plan_print(model, &p, collect, &text));
    }
    p = qn_plan_defaults();
    must_fail(ctx, QN_ERROR_USAGE, "not compiled", qn_plan_print(raw, &p, collect, &text));
    p.task = "predict";
    must(ctx, qn_sequential(ctx, &empty));
    must_fail(ctx, QN_ERROR_USAGE, "input shape", qn_plan_print(empty, &p, collect, &text));
    assert_int_equal(text.length, 0);
    must(ctx, qn_plan_print(raw, &p, collect, &text));
    assert_true(text.length > 0);
    qn_text_free(&text);
    qn_model_destroy(&raw);
    qn_model_destroy(&empty);
    qn_model_destroy(&model);
    qn_context_destroy(&ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prints_every_task),
        cmocka_unit_test(prints_the_graph_after_a_pass),
        cmocka_unit_test(refuses_bad_requests),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
