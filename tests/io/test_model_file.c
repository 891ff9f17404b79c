/* SPDX-License-Identifier: Apache-2.0 */
/* Models in files: saved is loaded bit for bit; other files are refused by name; memory that runs
 * out anywhere leaks nothing. */
#include "base/file.h"
#include "base/util.h"
#include "failing_allocator.h"
#include "io/safetensors.h"
#include "scratch_folder.h"
#include "trained.h"

#define LAYERS "flatten(input_shape=(2, 3)), dense(5, sigmoid), dense(4, softmax, name=out)"

static host h;

static int setup(void **state)
{
    *state = host_open(&h, NULL);
    return scratch_make();
}

static int teardown(void **state)
{
    (void)state;
    return scratch_remove();
}

static qn_model *compiled_model(qn_context *ctx)
{
    qn_model *model = model_of(ctx, LAYERS);
    must(ctx, qn_compile(model, .optimizer = "adam(learning_rate=0.1, beta_2=0.99)",
                         .loss = "sparse_categorical_crossentropy",
                         .metrics = "accuracy, sparse_top_k_categorical_accuracy(k=2, name=top2)"));
    model->seed = 0xfedcba9876543210u;
    model->input_scale = 1.0f / 255;
    return model;
}

static void saved_is_loaded(void **state)
{
    qn_context *ctx = *state;
    const char *path = scratch_path("model.safetensors");
    qn_model *model = compiled_model(ctx), *loaded = NULL;
    const float odd[4] = {-0.0f, 1e-41f, 3.4e38f, 0.1f};
    must(ctx, qn_set_weight(model, 3, qn_f32(odd, 4)));
    must(ctx, qn_save(model, path));
    must(ctx, qn_load(ctx, path, &loaded));
    must_have_same_weights(model, loaded);
    assert_string_equal(qn_model_text(loaded), qn_model_text(model));
    assert_true(loaded->seed == model->seed);
    assert_true(loaded->input_scale == model->input_scale);
    assert_int_equal(loaded->stream, model->stream);
    assert_string_equal(qn_model_loss(loaded), "sparse_categorical_crossentropy");
    assert_string_equal(loaded->metrics_text, model->metrics_text);
    assert_string_equal(qn_model_result_name(loaded, 2), "top2");
    assert_int_equal(loaded->metric[0].accuracy, QN_ACCURACY_SPARSE);
    assert_true(loaded->learning_rate == 0.1);
    assert_string_equal(loaded->layer[2]->name, "out");
    /* And saved again it is the same file. */
    char *first, *second;
    size_t first_size, second_size;
    must(ctx, qn_save(loaded, scratch_path("again")));
    must(ctx, qn_file_read(&ctx->env, path, 0, &first, &first_size));
    must(ctx, qn_file_read(&ctx->env, scratch_path("again"), 0, &second, &second_size));
    assert_int_equal(first_size, second_size);
    assert_memory_equal(first, second, first_size);
    qn_free(&ctx->env, first);
    qn_free(&ctx->env, second);
    qn_model_destroy(&model);
    qn_model_destroy(&loaded);
}

static void not_compiled_and_built_by_hand(void **state)
{
    qn_context *ctx = *state;
    const char *path = scratch_path("bare");
    qn_model *model = model_of(ctx, "flatten, dense(3, name=\"ein Name mit, Komma (und ä)\")");
    qn_model *loaded = NULL;
    must_fail(ctx, QN_ERROR_USAGE, "no weights to save", qn_save(model, path));
    must_fail(ctx, QN_ERROR_USAGE, "no file name", qn_save(model, NULL));
    assert_false(qn_file_exists(path));
    must(ctx, qn_build(model, 2, (int64_t[]){2, 2}));
    must(ctx, qn_save(model, path));
    must(ctx, qn_load(ctx, path, &loaded));
    must_have_same_weights(model, loaded);
    assert_null(qn_model_loss(loaded));
    assert_string_equal(loaded->layer[1]->name, model->layer[1]->name);
    assert_string_equal(qn_model_text(model), qn_model_text(loaded));
    qn_model_destroy(&model);
    qn_model_destroy(&loaded);
}

static void unwritable_is_found_early(void **state)
{
    qn_context *ctx = *state;
    must(ctx, qn_check_writable(ctx, scratch_path("fine")));
    assert_false(qn_file_exists(scratch_path("fine")));
    assert_int_equal(qn_check_writable(ctx, scratch_path("no/such")), QN_ERROR_IO);
    assert_int_equal(qn_check_writable(ctx, scratch), QN_ERROR_IO);
}

/* A file with `metadata` and tensors of six and two floats under two names. */
typedef struct sample_file {
    const char *metadata, *first, *second;
    int64_t rows;
} sample_file;

static qn_status give_zeros(void *user, int index, float *values)
{
    (void)user;
    memset(values, 0, (index == 0 ? 6 : 2) * sizeof *values);
    return QN_OK;
}

static const char *write_sample(qn_context *ctx, const sample_file *sample)
{
    const char *path = scratch_path("sample");
    qn_tensor tensors[2] = {
        {.name = sample->first, .rank = 2, .shape = {sample->rows, 6 / sample->rows}},
        {.name = sample->second, .rank = 1, .shape = {2}}};
    must(ctx, qn_safetensors_write(&ctx->env,
                                   &(qn_safetensors_write_request){.path = path,
                                                                   .metadata_key = "quern",
                                                                   .metadata = sample->metadata,
                                                                   .count = 2,
                                                                   .tensor = tensors,
                                                                   .read = give_zeros}));
    return path;
}

#define META(architecture, shape, rest)                                                            \
    "{\"format\":1,\"architecture\":\"" architecture "\",\"input_shape\":" shape                   \
    ",\"seed\":\"1\","                                                                             \
    "\"input_scale\":1.0," rest "}"
#define UNCOMPILED "\"compile\":null"

static void other_files_are_refused(void **state)
{
    static const char k[] = "dense/kernel", b[] = "dense/bias";
    static const struct {
        sample_file file;
        const char *words;
    } cases[] = {
        {{"nothing", k, b, 3}, "not JSON"},
        {{"[]", k, b, 3}, "should be a JSON object"},
        {{"{}", k, b, 3}, "'format' should be a whole number"},
        {{"{\"format\":3}", k, b, 3}, "format 3, this Quern reads 1"},
        {{"{\"format\":1}", k, b, 3}, "'seed'"},
        {{"{\"format\":1,\"seed\":\"-1\"}", k, b, 3}, "'seed'"},
        {{"{\"format\":1,\"seed\":\"1x\"}", k, b, 3}, "'seed'"},
        {{"{\"format\":1,\"seed\":\"1\",\"input_scale\":\"1\"}", k, b, 3}, "'input_scale'"},
        {{"{\"format\":1,\"seed\":\"1\",\"input_scale\":1e300}", k, b, 3}, "'input_scale'"},
        {{"{\"format\":1,\"seed\":\"1\",\"input_scale\":1}", k, b, 3}, "'architecture'"},
        {{META("dense(2)", "[]", UNCOMPILED), k, b, 3}, "'input_shape'"},
        {{META("dense(2)", "[1,1,1,1,1,1,1,1]", UNCOMPILED), k, b, 3}, "'input_shape'"},
        {{META("dense(2)", "[0]", UNCOMPILED), k, b, 3}, "below 1"},
        {{META("dense(2)", "[\\\"3\\\"]", UNCOMPILED), k, b, 3}, "not JSON"},
        {{META("dance(2)", "[3]", UNCOMPILED), k, b, 3}, "unknown layer 'dance'"},
        {{META("dense(2", "[3]", UNCOMPILED), k, b, 3}, "expected"},
        {{META("dense(2)", "[4]", UNCOMPILED), k, b, 3},
         "'dense/kernel' should have the shape (4, 2), and the tensor has (3, 2)"},
        {{META("dense(2000000000)", "[2000000000]", UNCOMPILED), k, b, 3}, "more elements than"},
        {{META("dense(2000000000)", "[1]", UNCOMPILED), k, b, 3}, "(1, 2000000000)"},
        {{META("dense(2, input_shape=(4,))", "[3]", UNCOMPILED), k, b, 3}, "(None, 4)"},
        {{META("dense(2)", "[3]", UNCOMPILED), "dense/kernle", b, 3},
         "has a weight 'dense/kernel', but the file has no such tensor"},
        {{META("dense(2, use_bias=false)", "[3]", UNCOMPILED), k, b, 3},
         "the file has a tensor 'dense/bias', but the architecture has no such weight"},
        {{META("dense(2)", "[3]", "\"compile\":{}"), k, b, 3}, "'compile'"},
        {{META("dense(2)", "[3]", "\"compile\":{\"optimizer\":\"adamant\",\"loss\":\"mse\"}"), k, b,
          3},
         "unknown optimizer 'adamant'"},
    };
    qn_context *ctx = *state;
    qn_model *model = NULL;
    for (int i = 0; i < QN_COUNT(cases); i++) {
        const char *path = write_sample(ctx, &cases[i].file);
        must_fail(ctx, QN_ERROR_DATA, cases[i].words, qn_load(ctx, path, &model));
        assert_null(model);
        assert_ptr_equal(strstr(qn_error(ctx), path), qn_error(ctx));
    }
    const sample_file right = {META("dense(2)", "[3]", UNCOMPILED), k, b, 3};
    must(ctx, qn_load(ctx, write_sample(ctx, &right), &model));
    qn_model_destroy(&model);
    must_fail(ctx, QN_ERROR_IO, "missing", qn_load(ctx, scratch_path("missing"), &model));
    must_fail(ctx, QN_ERROR_USAGE, "no file name", qn_load(ctx, NULL, &model));
    must(ctx, qn_file_replace(&ctx->env, scratch_path("text"), "just some text", 14));
    must_fail(ctx, QN_ERROR_DATA, "not a safetensors file",
              qn_load(ctx, scratch_path("text"), &model));
}

/* Bytes of a real file changed at random: loaded or refused, never crashed. */
static void mutations(void **state)
{
    qn_context *ctx = *state;
    const char *path = scratch_path("mutated");
    qn_model *model = compiled_model(ctx), *loaded;
    char *whole;
    size_t size;
    int refused = 0, accepted = 0;
    must(ctx, qn_save(model, path));
    must(ctx, qn_file_read(&ctx->env, path, 0, &whole, &size));
    for (uint32_t seed = 0; seed < 4000; seed++) {
        uint32_t changes = 1 + qn_random_word(seed, 0, 0, 0, 0) % 3;
        char *bytes = qn_alloc(&ctx->env, size);
        memcpy(bytes, whole, size);
        for (uint32_t i = 0; i < changes; i++) {
            uint32_t at = qn_random_word(seed, 0, 1, 0, i),
                     value = qn_random_word(seed, 0, 2, 0, i);
            bytes[at % size] = (char)(value % 2 ? whole[value / 2 % size] : (int)(value >> 8));
        }
        /* Not through fsync and rename each time. */
        FILE *file = fopen(path, "wb");
        assert_int_equal(fwrite(bytes, 1, size, file), size);
        fclose(file);
        qn_free(&ctx->env, bytes);
        qn_status status = qn_load(ctx, path, &loaded);
        assert_true(status == QN_OK || status == QN_ERROR_DATA);
        assert_true((loaded != NULL) == (status == QN_OK));
        refused += status != QN_OK;
        accepted += status == QN_OK;
        qn_model_destroy(&loaded);
    }
    assert_true(refused > 1000 && accepted > 200);
    qn_free(&ctx->env, whole);
    qn_model_destroy(&model);
}

/* The whole way with the n-th allocation failing, for every n. */
static qn_status whole_way(qn_context *ctx, const char *path)
{
    qn_model *model = NULL, *loaded = NULL;
    qn_status status = qn_sequential(ctx, &model);
    if (status == QN_OK)
        status = qn_add_text(model, "dense(3, relu, name=first), flatten, dense(2)");
    if (status == QN_OK)
        status = qn_build(model, 1, (int64_t[]){4});
    if (status == QN_OK)
        status = qn_pop(model);
    if (status == QN_OK)
        status = qn_add(model, qn_dense(5, .activation = "softmax"));
    if (status == QN_OK)
        status = qn_compile(model, .optimizer = "adam", .loss = "mse", .metrics = "acc, mae");
    if (status == QN_OK)
        status = give_training(model);
    if (status == QN_OK)
        status = qn_save(model, path);
    if (status == QN_OK)
        status = qn_load(ctx, path, &loaded);
    qn_model_destroy(&model);
    qn_model_destroy(&loaded);
    return status;
}

static void memory_runs_out(void **state)
{
    (void)state;
    const char *path = scratch_path("faults");
    failing_allocator allocator = {0};
    int fail_at = 0;
    qn_status status;
    do {
        qn_allocator given = failing_allocator_of(&allocator);
        static host other;
        allocator = (failing_allocator){.fail_at = ++fail_at};
        status = whole_way(host_open(&other, &given), path);
        if (status != QN_OK && status != QN_ERROR_MEMORY)
            fail_msg("allocation %d: %s: %s", fail_at, qn_status_name(status),
                     qn_error(&other.context));
        assert_int_equal(allocator.live, 0);
    } while (status != QN_OK);
    assert_true(fail_at > 100);
    assert_int_equal(folder_count(scratch), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(saved_is_loaded, setup, teardown),
        cmocka_unit_test_setup_teardown(not_compiled_and_built_by_hand, setup, teardown),
        cmocka_unit_test_setup_teardown(unwritable_is_found_early, setup, teardown),
        cmocka_unit_test_setup_teardown(other_files_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(mutations, setup, teardown),
        cmocka_unit_test_setup_teardown(memory_runs_out, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
