/* SPDX-License-Identifier: Apache-2.0 */
/* The summary against what Keras 3.15 itself prints (JAX backend, COLUMNS=80, model.summary() after
 * keras.backend.clear_session()). */
#include "nn/host.h"

static const char lecture[] =
    "Model: \"sequential\"\n"
    "┏━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━┓\n"
    "┃ Layer (type)                    ┃ Output Shape           ┃       Param # ┃\n"
    "┡━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━┩\n"
    "│ flatten (Flatten)               │ (None, 784)            │             0 │\n"
    "├─────────────────────────────────┼────────────────────────┼───────────────┤\n"
    "│ dense (Dense)                   │ (None, 100)            │        78,500 │\n"
    "├─────────────────────────────────┼────────────────────────┼───────────────┤\n"
    "│ dense_1 (Dense)                 │ (None, 10)             │         1,010 │\n"
    "└─────────────────────────────────┴────────────────────────┴───────────────┘\n"
    " Total params: 79,510 (310.59 KB)\n"
    " Trainable params: 79,510 (310.59 KB)\n"
    " Non-trainable params: 0 (0.00 B)\n";

static const char unbuilt[] =
    "Model: \"sequential\"\n"
    "┏━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━┓\n"
    "┃ Layer (type)                    ┃ Output Shape           ┃       Param # ┃\n"
    "┡━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━┩\n"
    "│ flatten (Flatten)               │ ?                      │   0 (unbuilt) │\n"
    "├─────────────────────────────────┼────────────────────────┼───────────────┤\n"
    "│ dense (Dense)                   │ ?                      │   0 (unbuilt) │\n"
    "├─────────────────────────────────┼────────────────────────┼───────────────┤\n"
    "│ dense_1 (Dense)                 │ ?                      │   0 (unbuilt) │\n"
    "└─────────────────────────────────┴────────────────────────┴───────────────┘\n"
    " Total params: 0 (0.00 B)\n"
    " Trainable params: 0 (0.00 B)\n"
    " Non-trainable params: 0 (0.00 B)\n";

static const char empty[] =
    "Model: \"sequential\"\n"
    "┏━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━┓\n"
    "┃ Layer (type)                    ┃ Output Shape           ┃       Param # ┃\n"
    "┡━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━┩\n"
    "└─────────────────────────────────┴────────────────────────┴───────────────┘\n"
    " Total params: 0 (0.00 B)\n"
    " Trainable params: 0 (0.00 B)\n"
    " Non-trainable params: 0 (0.00 B)\n";

static const char wide[] =
    "Model: \"sequential\"\n"
    "┏━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━┓\n"
    "┃ Layer (type)                    ┃ Output Shape           ┃       Param # ┃\n"
    "┡━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━┩\n"
    "│ a_very_long_layer_name_that_do… │ (None, 2, 3, 4, 5,     │        86,415 │\n"
    "│ (Dense)                         │ 12345)                 │               │\n"
    "├─────────────────────────────────┼────────────────────────┼───────────────┤\n"
    "│ flatten (Flatten)               │ (None, 1481400)        │             0 │\n"
    "├─────────────────────────────────┼────────────────────────┼───────────────┤\n"
    "│ activation (Activation)         │ (None, 1481400)        │             0 │\n"
    "├─────────────────────────────────┼────────────────────────┼───────────────┤\n"
    "│ dense (Dense)                   │ (None, 1)              │     1,481,401 │\n"
    "└─────────────────────────────────┴────────────────────────┴───────────────┘\n"
    " Total params: 1,567,816 (5.98 MB)\n"
    " Trainable params: 1,567,816 (5.98 MB)\n"
    " Non-trainable params: 0 (0.00 B)\n";

static const char adam[] =
    "Model: \"sequential\"\n"
    "┏━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━┓\n"
    "┃ Layer (type)                    ┃ Output Shape           ┃       Param # ┃\n"
    "┡━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━┩\n"
    "│ dense (Dense)                   │ (None, 4)              │            16 │\n"
    "├─────────────────────────────────┼────────────────────────┼───────────────┤\n"
    "│ dense_1 (Dense)                 │ (None, 2)              │            10 │\n"
    "└─────────────────────────────────┴────────────────────────┴───────────────┘\n"
    " Total params: 80 (320.00 B)\n"
    " Trainable params: 26 (104.00 B)\n"
    " Non-trainable params: 0 (0.00 B)\n"
    " Optimizer params: 54 (216.00 B)\n";

static const char sgd[] =
    "Model: \"sequential\"\n"
    "┏━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━┓\n"
    "┃ Layer (type)                    ┃ Output Shape           ┃       Param # ┃\n"
    "┡━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━┩\n"
    "│ dense (Dense)                   │ (None, 4)              │            16 │\n"
    "├─────────────────────────────────┼────────────────────────┼───────────────┤\n"
    "│ dense_1 (Dense)                 │ (None, 2)              │            10 │\n"
    "└─────────────────────────────────┴────────────────────────┴───────────────┘\n"
    " Total params: 28 (112.00 B)\n"
    " Trainable params: 26 (104.00 B)\n"
    " Non-trainable params: 0 (0.00 B)\n"
    " Optimizer params: 2 (8.00 B)\n";

static host h;

static int setup(void **state)
{
    *state = host_open(&h, NULL);
    return 0;
}

static void keep(void *user, const char *text)
{
    qn_text_add(user, "%s", text);
}

static void must_print(qn_model *model, const char *expected)
{
    qn_text text = {.env = model->env};
    must(model->context, qn_summary(model, keep, &text));
    assert_string_equal(qn_text_get(&text), expected);
    qn_text_free(&text);
}

static void as_keras(void **state)
{
    static const struct {
        const char *layers, *expected;
    } cases[] = {
        {"flatten(input_shape=(28, 28)), dense(100, sigmoid), dense(10, softmax)", lecture},
        {"input((28, 28)), flatten, dense(100, sigmoid), dense(10, softmax)", lecture},
        {"flatten, dense(100), dense(10)", unbuilt},
        {"input((2, 3, 4, 5, 6)), "
         "dense(12345, name=a_very_long_layer_name_that_does_not_fit_in_column), flatten, "
         "activation(relu), dense(1)",
         wide},
    };
    for (int i = 0; i < QN_COUNT(cases); i++) {
        qn_model *model = model_of(*state, cases[i].layers);
        must_print(model, cases[i].expected);
        qn_model_destroy(&model);
    }
}

static void without_layers(void **state)
{
    qn_model *model = NULL;
    must(*state, qn_sequential(*state, &model));
    must_print(model, empty);
    qn_model_destroy(&model);
}

/* Keras counts an optimizer's own numbers once it has begun. */
static void with_optimizer(void **state)
{
    qn_model *model = model_of(*state, "input((3,)), dense(4), dense(2)");
    must(*state, qn_compile(model, .optimizer = "adam", .loss = "mse"));
    model->iterations = 1;
    must_print(model, adam);
    must(*state, qn_compile(model, .optimizer = "sgd", .loss = "mse"));
    model->iterations = 1;
    must_print(model, sgd);
    qn_model_destroy(&model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(as_keras, setup),
        cmocka_unit_test_setup(without_layers, setup),
        cmocka_unit_test_setup(with_optimizer, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
