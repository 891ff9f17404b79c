/* SPDX-License-Identifier: Apache-2.0 */
/* Where training stands, in files of others: parts that are missing, damaged or not the optimizer's
 * are refused by name. */
#include "base/file.h"
#include "base/util.h"
#include "io/safetensors.h"
#include "scratch_folder.h"
#include "trained.h"

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

/* ---- other files ---- */

/* A change of a good file: a piece of its description becomes another, or a tensor gets another
 * name or shape, or is left out (to NULL), or comes twice under another name. */
typedef struct change {
    const char *piece, *instead;
    const char *tensor, *to;
    int64_t shape0; /* 0: as it was */
    bool copy;
} change;

typedef struct changed_file {
    const qn_safetensors *file;
    int source[64];
} changed_file;

static qn_status give_values(void *user, int index, float *values)
{
    const changed_file *changed = user;
    const qn_tensor *tensor = &changed->file->tensor[changed->source[index]];
    memcpy(values, tensor->data, tensor->bytes);
    return QN_OK;
}

static char *replace_piece(qn_env *env, const char *text, const change *c)
{
    if (c->piece == NULL)
        return qn_strdup(env, text);
    const char *at = strstr(text, c->piece);
    assert_non_null(at);
    return qn_format(env, "%.*s%s%s", (int)(at - text), text, c->instead, at + strlen(c->piece));
}

static const char *write_changed(qn_context *ctx, const qn_safetensors *file, const change *c)
{
    const char *path = scratch_path("changed");
    changed_file changed = {.file = file};
    qn_tensor tensors[64];
    int count = 0;
    bool found = c->tensor == NULL;
    for (size_t i = 0; i < file->count; i++) {
        bool is = c->tensor != NULL && strcmp(file->tensor[i].name, c->tensor) == 0;
        for (int pass = 0; pass < (is && c->copy ? 2 : 1); pass++) {
            bool other = is && (!c->copy || pass == 1);
            if (other && c->to == NULL)
                continue;
            changed.source[count] = (int)i;
            tensors[count] = file->tensor[i];
            tensors[count].name = other ? c->to : file->tensor[i].name;
            if (other && c->shape0 > 0) {
                tensors[count].rank = 2;
                tensors[count].shape[0] = c->shape0;
                tensors[count].shape[1] = (int64_t)(file->tensor[i].bytes / 4) / c->shape0;
            }
            count++;
        }
        found = found || is;
    }
    assert_true(found);
    char *metadata = replace_piece(&ctx->env, qn_safetensors_metadata(file, "quern"), c);
    must(ctx,
         qn_safetensors_write(&ctx->env, &(qn_safetensors_write_request){.path = path,
                                                                         .metadata_key = "quern",
                                                                         .metadata = metadata,
                                                                         .count = count,
                                                                         .tensor = tensors,
                                                                         .read = give_values,
                                                                         .user = &changed}));
    qn_free(&ctx->env, metadata);
    return path;
}

#define SLOTS "\"optimizer_state\":[\"momentum\",\"velocity\"]"
#define KERNEL "optimizer/velocity/dense/kernel"

static void other_states_are_refused(void **state)
{
    static const struct {
        change change;
        const char *words;
    } cases[] = {
        /* the optimizer's state */
        {{SLOTS, "\"optimizer_state\":[\"velocity\",\"momentum\"]"},
         "'velocity', 'momentum', but adam keeps 'momentum', 'velocity'"},
        {{SLOTS, "\"optimizer_state\":[\"momentum\"]"},
         "state 'momentum', but adam keeps 'momentum', 'velocity'"},
        {{SLOTS, "\"optimizer_state\":[\"momentum\",\"velocity\",\"speed\"]"},
         "'momentum', 'velocity', 'speed', but adam"},
        {{SLOTS, "\"optimizer_state\":[\"momentum\",3]"}, "'momentum', '?', but adam"},
        {{SLOTS, "\"optimizer_state\":2"}, "'optimizer_state' should be a list of names"},
        {{SLOTS, "\"state\":[]"}, "'optimizer_state' should be a list"},
        {{SLOTS, "\"optimizer_state\":[]"}, "counts steps of training"},
        {{"\"optimizer\":\"adam\"", "\"optimizer\":\"sgd\""},
         "'momentum', 'velocity', but sgd keeps none"},
        {{"\"compile\":{", "\"compile\":null,\"other\":{"},
         "'momentum', 'velocity', but a model that is not compiled keeps none"},
        {{.tensor = KERNEL}, "has a part '" KERNEL "', but the file has no such tensor"},
        {{.tensor = KERNEL, .to = "optimizer/velocity/dense/kernle"}, "has a part '" KERNEL "'"},
        {{.tensor = KERNEL, .to = KERNEL, .shape0 = 3},
         "state '" KERNEL "' should have the shape (2, 3), and the tensor has (3, 2)"},
        {{.tensor = KERNEL, .to = "optimizer/speed/dense/kernel", .copy = true},
         "tensor 'optimizer/speed/dense/kernel', but training's state has no such part"},
        {{.tensor = KERNEL, .to = "optimizer/velocity/dense_1/kernel", .copy = true},
         "tensor 'optimizer/velocity/dense_1/kernel', but training's state has no such part"},
        {{"dense(2, trainable=false)", "dense(2)"}, "'optimizer/momentum/dense_1/kernel'"},
        {{"\"iterations\":1875", "\"iterations\":-1"}, "'iterations' should be a whole number"},
        {{"\"iterations\":1875", "\"iterations\":4294967296"}, "from 0 to 4294967295"},
        {{"\"iterations\":1875", "\"iterations\":1.5"}, "'iterations'"},
        {{"\"shuffles\":4294967295", "\"shuffles\":\"0\""}, "'shuffles'"},
        {{"\"stream\":", "\"streams\":"}, "'stream'"},
        {{"\"learning_rate\":0.3", "\"learning_rate\":-0.3"}, "'learning_rate'"},
        {{"\"learning_rate\":0.3", "\"learning_rate\":\"inf\",\"x\":0.3"}, "'learning_rate'"},
        {{"\"learning_rate\":0.3", "\"learning_rate\":[],\"x\":0.3"}, "'learning_rate'"},
        /* the last fit, and callbacks */
        {{"\"training\":{", "\"training\":[],\"x\":{"}, "'training' should be an object"},
        {{"\"epochs\":7", "\"epochs\":\"7\""}, "'epochs' should be a whole number"},
        {{"\"batch_size\":64", "\"batch_size\":1e3"}, "'batch_size'"},
        {{"\"batch_size\":64", "\"batch_size\":3000000000"}, "'batch_size'"},
        {{"\"epochs_wanted\":1048576", "\"epochs_wanted\":-2"}, "'epochs_wanted'"},
        {{"\"validation_split\":0.1", "\"validation_split\":1.1"}, "'validation_split'"},
        {{"\"validation_split\":0.1", "\"validation_split\":\"nan\",\"x\":0.1"},
         "'validation_split'"},
        {{"\"shuffle\":true", "\"shuffle\":1"}, "'shuffle' should be true or false"},
        {{"\"callbacks\":\"", "\"callbacks\":3,\"x\":\""}, "'callbacks' should be null or a text"},
        {{"\"callback_states\":[", "\"callback_states\":{},\"x\":["}, "'callback_states'"},
        {{"\"text\":\"reduce", "\"texts\":\"reduce"}, "'callback_states'"},
        {{"\"numbers\":[", "\"numbers\":[1,"}, "'numbers' should be a list of eight numbers"},
        {{"\"-inf\"", "\"-infinity\""}, "'numbers'"},
        {{"\"values\":6", "\"values\":5"},
         "state 'callback/0/values' should have the shape (5,), and the tensor has (6,)"},
        {{"\"values\":6", "\"values\":2000000000"}, "(2000000000,), and the tensor has (6,)"},
        {{"\"values\":6", "\"values\":true"}, "'values' should be a whole number"},
        {{"\"values\":6", "\"values\":null"},
         "tensor 'callback/0/values', but training's state has no such part"},
        {{"\"values\":null", "\"values\":0"}, "has a part 'callback/1/values'"},
        {{.tensor = "callback/0/values"}, "has a part 'callback/0/values'"},
        {{.tensor = "callback/0/values", .to = "callback/1/values"},
         "has a part 'callback/0/values'"},
        {{.tensor = "callback/0/values", .to = "callback/0/values", .shape0 = 2},
         "should have the shape (6,), and the tensor has (2, 3)"},
        {{"\"format\":2", "\"format\":3"}, "format 3, this Quern reads 1 to 2"},
        {{"\"format\":2", "\"format\":1"}, "training's state has no such part"},
    };
    qn_context *ctx = *state;
    qn_safetensors *file;
    qn_model *model = NULL;
    must(ctx, qn_safetensors_read(&ctx->env, saved_model(ctx, "adam"), &file));
    for (int i = 0; i < QN_COUNT(cases); i++) {
        const char *path = write_changed(ctx, file, &cases[i].change);
        must_fail(ctx, QN_ERROR_DATA, cases[i].words, qn_load(ctx, path, &model));
        assert_null(model);
        assert_ptr_equal(strstr(qn_error(ctx), path), qn_error(ctx));
    }
    must(ctx, qn_load(ctx, write_changed(ctx, file, &(change){0}), &model));
    qn_model_destroy(&model);
    qn_safetensors_free(&file);
}

/* Format 1 had no training: its models go on with a fresh optimizer. */
static void former_format(void **state)
{
    qn_context *ctx = *state;
    const char *path = scratch_path("former");
    qn_model *model = model_of(ctx, TRAINED_LAYERS), *loaded = NULL;
    qn_safetensors *file;
    must(ctx, qn_compile(model, .optimizer = "adam(learning_rate=0.25)", .loss = "mse"));
    must(ctx, qn_save(model, path));
    must(ctx, qn_safetensors_read(&ctx->env, path, &file));
    const char *whole = qn_safetensors_metadata(file, "quern");
    const char *training = strstr(whole, ",\"shuffles\":");
    char *tail = qn_strdup(&ctx->env, training);
    change cut = {.piece = tail, .instead = "}"};
    char *shorter = replace_piece(&ctx->env, whole, &cut);
    change format = {.piece = whole, .instead = shorter};
    char *at = strstr(shorter, "\"format\":2");
    at[strlen("\"format\":")] = '1';
    at = strstr(shorter, "\"iterations\":0");
    at[strlen("\"iterations\":")] = '9';
    must(ctx, qn_load(ctx, write_changed(ctx, file, &format), &loaded));
    must_have_same_weights(model, loaded);
    assert_int_equal(loaded->iterations, 0);
    assert_int_equal(loaded->training.batch_size, 0);
    assert_int_equal(qn_model_state_slots(loaded), 0);
    assert_true(loaded->learning_rate == 0.25);
    qn_free(&ctx->env, tail);
    qn_free(&ctx->env, shorter);
    qn_safetensors_free(&file);
    qn_model_destroy(&model);
    qn_model_destroy(&loaded);
}

/* ---- damage ---- */

/* Not through fsync and rename each time. */
static void write_bytes(const char *path, const char *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    fclose(file);
}

static void truncated(void **state)
{
    qn_context *ctx = *state;
    const char *path = saved_model(ctx, "adam"), *shorter = scratch_path("shorter");
    qn_model *model;
    char *whole;
    size_t size;
    must(ctx, qn_file_read(&ctx->env, path, 0, &whole, &size));
    for (size_t length = 0; length < size; length++) {
        write_bytes(shorter, whole, length);
        assert_int_equal(qn_load(ctx, shorter, &model), QN_ERROR_DATA);
        assert_null(model);
    }
    qn_free(&ctx->env, whole);
}

/* Bytes changed at random, most of them in the description of training: loaded or refused, never
 * crashed; what was loaded can be saved. */
static void mutations(void **state)
{
    qn_context *ctx = *state;
    const char *path = saved_model(ctx, "adam"), *mutated = scratch_path("mutated");
    qn_model *loaded;
    char *whole;
    size_t size;
    int refused = 0, accepted = 0;
    must(ctx, qn_file_read(&ctx->env, path, 0, &whole, &size));
    size_t training = (size_t)(strstr(whole + 8, "iterations") - whole);
    for (uint32_t seed = 0; seed < 4000; seed++) {
        uint32_t changes = 1 + qn_random_word(seed, 0, 0, 0, 0) % 3;
        char *bytes = qn_alloc(&ctx->env, size);
        memcpy(bytes, whole, size);
        for (uint32_t i = 0; i < changes; i++) {
            size_t at = qn_random_word(seed, 0, 1, 0, i);
            uint32_t value = qn_random_word(seed, 0, 2, 0, i);
            at = value % 4 == 0 ? at % size : training + at % (size - training);
            bytes[at] = value & 8 ? whole[(value >> 4) % size] : (char)(value >> 8);
        }
        write_bytes(mutated, bytes, size);
        qn_free(&ctx->env, bytes);
        qn_status status = qn_load(ctx, mutated, &loaded);
        assert_true(status == QN_OK || status == QN_ERROR_DATA);
        assert_true((loaded != NULL) == (status == QN_OK));
        refused += status != QN_OK;
        accepted += status == QN_OK;
        if (loaded != NULL && accepted % 16 == 0)
            must(ctx, qn_save(loaded, scratch_path("again")));
        qn_model_destroy(&loaded);
    }
    assert_true(refused > 1000 && accepted > 200);
    qn_free(&ctx->env, whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(other_states_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(former_format, setup, teardown),
        cmocka_unit_test_setup_teardown(truncated, setup, teardown),
        cmocka_unit_test_setup_teardown(mutations, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
