/* SPDX-License-Identifier: Apache-2.0 */
/* Programs: includes, build errors, and the cache in memory and on disk, whole or damaged. */
#include "support.h"

#include "base/util.h"
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

static const char twice[] = "__kernel void twice(__global int *x)\n"
                            "{\n"
                            "    x[get_global_id(0)] *= QN_FACTOR;\n"
                            "}\n";

/* Runs the kernel on 0..7 and checks that each was multiplied. */
static void check_kernel(qn_context *ctx, qn_kernel *kernel, int factor)
{
    const qn_range range = {1, {8, 1, 1}, {4, 1, 1}};
    int32_t data[8] = {0, 1, 2, 3, 4, 5, 6, 7};
    qn_buffer *buffer = NULL;

    assert_ok(ctx, qn_buffer_create(ctx->device[0], sizeof data, &buffer));
    assert_ok(ctx, qn_buffer_write(buffer, 0, sizeof data, data));
    assert_ok(ctx, qn_kernel_set_buffer(kernel, 0, buffer));
    assert_ok(ctx, qn_kernel_launch(kernel, &range));
    assert_ok(ctx, qn_buffer_read(buffer, 0, sizeof data, data));
    for (int i = 0; i < 8; i++)
        assert_int_equal(data[i], i * factor);
    qn_buffer_destroy(&buffer);
}

/* A context of its own makes the kernel and runs it; how it came about is in the journal, and the
 * device counts it. */
static void build_once(const char *cache, const char *options, int factor, journal *log)
{
    const qn_device_counters *count;
    qn_context *ctx;
    qn_kernel *kernel = NULL;

    clear_journal(log);
    ctx = open_context(NULL, cache, log);
    assert_ok(
        ctx, qn_kernel_create_source(ctx->device[0], "twice.cl", twice, options, "twice", &kernel));
    check_kernel(ctx, kernel, factor);
    count = qn_device_count_of(ctx->device[0]);
    assert_int_equal(count->programs_compiled, occurrences(log->text, "compiled twice.cl"));
    assert_int_equal(count->programs_loaded, occurrences(log->text, "loaded twice.cl"));
    assert_int_equal(count->programs_compiled + count->programs_loaded, 1);
    assert_true(count->build_seconds > 0);
    qn_kernel_destroy(&kernel);
    qn_context_destroy(&ctx);
}

static void test_build_error(void **state)
{
    static const char wrong[] = "/* one */\n"
                                "__kernel void broken(__global float *x)\n"
                                "{\n"
                                "    x[0] = not_declared_anywhere;\n"
                                "}\n";
    qn_context *ctx = open_context(NULL, "", NULL);
    qn_kernel *kernel = NULL;

    (void)state;
    assert_int_equal(
        qn_kernel_create_source(ctx->device[0], "broken.cl", wrong, "-DQN_TM=8", "broken", &kernel),
        QN_ERROR_DEVICE);
    assert_null(kernel);
    assert_says(qn_error(ctx), "broken.cl does not compile");
    assert_says(qn_error(ctx), "-DQN_TM=8");
    assert_says(qn_error(ctx), "not_declared_anywhere");
    assert_says(qn_error(ctx), "\nbroken.cl:4:     x[0] = not_declared_anywhere;");
    qn_context_destroy(&ctx);
}

static void test_kernel_name(void **state)
{
    qn_context *ctx = open_context(NULL, "", NULL);
    qn_kernel *kernel = NULL;

    (void)state;
    assert_int_equal(qn_kernel_create_source(ctx->device[0], "twice.cl", twice, "-DQN_FACTOR=2",
                                             "thrice", &kernel),
                     QN_ERROR_INTERNAL);
    assert_says(qn_error(ctx), "no kernel 'thrice'");
    assert_says(qn_error(ctx), "it has: twice");
    assert_int_equal(qn_kernel_create(ctx->device[0], "no_such.cl", NULL, "x", &kernel),
                     QN_ERROR_INTERNAL);
    assert_says(qn_error(ctx), "'no_such.cl'");
    qn_context_destroy(&ctx);
}

static void test_memory_cache(void **state)
{
    journal *log = calloc(1, sizeof *log);
    qn_context *ctx = open_context(NULL, "", log);
    qn_kernel *a = NULL, *b = NULL, *c = NULL;

    (void)state;
    assert_ok(ctx,
              qn_kernel_create_source(ctx->device[0], "t", twice, "-DQN_FACTOR=2", "twice", &a));
    assert_ok(ctx,
              qn_kernel_create_source(ctx->device[0], "t", twice, "-DQN_FACTOR=2", "twice", &b));
    assert_int_equal(occurrences(log->text, "compiled"), 1);
    assert_ok(ctx,
              qn_kernel_create_source(ctx->device[0], "t", twice, "-DQN_FACTOR=3", "twice", &c));
    assert_int_equal(occurrences(log->text, "compiled"), 2);
    assert_int_equal(occurrences(log->text, "loaded"), 0);
    assert_int_equal(qn_device_count_of(ctx->device[0])->programs_compiled, 2); /* not 3 */
    assert_string_equal(qn_kernel_name(a), "twice");
    check_kernel(ctx, a, 2);
    check_kernel(ctx, c, 3);
    check_kernel(ctx, b, 2);
    qn_kernel_destroy(&a);
    qn_kernel_destroy(&b);
    qn_kernel_destroy(&c);
    assert_null(c);
    qn_context_destroy(&ctx);
    free(log);
}

/* Puts a file into a folder standing in for cl/. */
static void put(const char *folder, const char *name, const char *text)
{
    char path[600];
    qn_env env;

    qn_env_init(&env, NULL);
    snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_int_equal(qn_file_replace(&env, path, text, strlen(text)), QN_OK);
}

static void test_includes(void **state)
{
    char *folder = make_folder(), lib[600];
    qn_context *ctx = open_context(NULL, "", NULL);
    qn_kernel *kernel = NULL;

    (void)state;
    snprintf(lib, sizeof lib, "%s/lib", folder);
    assert_ok(ctx, qn_make_folders(&ctx->env, lib));
    put(folder, "lib/a.h", "#include \"lib/b.h\"\nint a(int x) { return b(x); }\n");
    put(folder, "lib/b.h", "int b(int x) { return x * 5; }\n");
    put(folder, "five.cl",
        "  #  include \"lib/b.h\"\n#include \"lib/a.h\"\n#include \"lib/a.h\"\n"
        "__kernel void five(__global int *x) { x[get_global_id(0)] = a(x[get_global_id(0)]); }");
    put(folder, "wrong.cl", "#include \"lib/a.h\"\n\n__kernel void k() { bad_word; }\n");
    put(folder, "lib/c.h", "\nint c() { return worse_word; }\n");
    put(folder, "nested.cl", "#include \"lib/c.h\"\n");
    put(folder, "missing.cl", "\n#include \"lib/not_here.h\"\n");
    setenv("QUERN_CL_DIR", folder, 1);

    assert_ok(ctx, qn_kernel_create(ctx->device[0], "five.cl", NULL, "five", &kernel));
    check_kernel(ctx, kernel, 5);
    qn_kernel_destroy(&kernel);
    assert_int_equal(qn_kernel_create(ctx->device[0], "wrong.cl", NULL, "k", &kernel),
                     QN_ERROR_DEVICE);
    assert_says(qn_error(ctx), "\nwrong.cl:3: __kernel void k() { bad_word; }");
    assert_int_equal(qn_kernel_create(ctx->device[0], "nested.cl", NULL, "k", &kernel),
                     QN_ERROR_DEVICE);
    assert_says(qn_error(ctx), "\nlib/c.h:2: int c() { return worse_word; }");
    assert_int_equal(qn_kernel_create(ctx->device[0], "missing.cl", NULL, "k", &kernel),
                     QN_ERROR_IO);
    assert_says(qn_error(ctx), "missing.cl:2");
    assert_says(qn_error(ctx), "lib/not_here.h");
    unsetenv("QUERN_CL_DIR");
    assert_int_equal(qn_kernel_create_source(ctx->device[0], "made.cl", "#include \"lib/none.h\"\n",
                                             NULL, "k", &kernel),
                     QN_ERROR_INTERNAL);
    assert_says(qn_error(ctx), "made.cl:1");
    qn_context_destroy(&ctx);
    free(folder);
}

static void test_endless_include(void **state)
{
    char *folder = make_folder(), name[32], text[64];
    qn_context *ctx = open_context(NULL, "", NULL);
    qn_kernel *kernel = NULL;

    (void)state;
    put(folder, "self.cl", "#include \"self.cl\"\n__kernel void k() {}\n");
    for (int i = 0; i < 20; i++) {
        snprintf(name, sizeof name, "deep%d.cl", i);
        snprintf(text, sizeof text, "#include \"deep%d.cl\"\n", i + 1);
        put(folder, name, text);
    }
    setenv("QUERN_CL_DIR", folder, 1);
    assert_ok(ctx, qn_kernel_create(ctx->device[0], "self.cl", NULL, "k", &kernel));
    qn_kernel_destroy(&kernel);
    assert_int_equal(qn_kernel_create(ctx->device[0], "deep0.cl", NULL, "k", &kernel),
                     QN_ERROR_INTERNAL);
    assert_says(qn_error(ctx), "nested deeper");
    unsetenv("QUERN_CL_DIR");
    qn_context_destroy(&ctx);
    free(folder);
}

/* The one program in the cache; false when there is none. */
static bool only_program(const char *cache, char *path, size_t size)
{
    char folder[600];
    struct dirent *item;
    int count = 0;
    DIR *in;

    snprintf(folder, sizeof folder, "%s/programs", cache);
    in = opendir(folder);
    while (in && (item = readdir(in)) != NULL) {
        if (item->d_name[0] == '.')
            continue;
        snprintf(path, size, "%s/%s", folder, item->d_name);
        count++;
    }
    if (in)
        closedir(in);
    assert_in_range(count, 0, 1);
    return count == 1;
}

/* Whether the device's programs are kept on disk at all. */
static bool keeps_binaries(void)
{
    qn_context *ctx = open_context(NULL, "", NULL);
    bool keeps = !qn_device_quirk(ctx->device[0], QN_QUIRK_NO_BINARIES);

    qn_context_destroy(&ctx);
    return keeps;
}

/* A driver that must not be given binaries: compiled each time, nothing on disk. */
static void test_no_binaries(journal *log)
{
    char *cache = make_folder(), path[1000];

    for (int i = 0; i < 2; i++) {
        build_once(cache, "-DQN_FACTOR=2", 2, log);
        assert_int_equal(occurrences(log->text, "compiled twice.cl"), 1);
        assert_false(only_program(cache, path, sizeof path));
    }
    free(cache);
}

static void test_disk_cache(void **state)
{
    journal *log = calloc(1, sizeof *log);
    char *cache = make_folder(), path[1000];

    (void)state;
    if (!keeps_binaries()) {
        test_no_binaries(log);
        free(cache);
        free(log);
        return;
    }
    build_once(cache, "-DQN_FACTOR=2", 2, log);
    assert_int_equal(occurrences(log->text, "compiled twice.cl"), 1);
    assert_true(only_program(cache, path, sizeof path));
    build_once(cache, "-DQN_FACTOR=2", 2, log);
    assert_int_equal(occurrences(log->text, "compiled"), 0);
    assert_int_equal(occurrences(log->text, "loaded twice.cl"), 1);
    build_once("", "-DQN_FACTOR=2", 2, log); /* nothing on disk, nothing from disk */
    assert_int_equal(occurrences(log->text, "compiled"), 1);
    build_once(cache, "-DQN_FACTOR=7", 7, log);
    assert_int_equal(occurrences(log->text, "compiled"), 1);
    free(cache);
    free(log);
}

/* Each kind of damage: the program is built anew, silently, and the file is whole again. */
static void test_damage(void **state)
{
    static const char *const kinds[] = {"truncated", "empty",  "flipped", "longer",
                                        "foreign",   "header", "refused"};
    journal *log = calloc(1, sizeof *log);

    (void)state;
    for (int kind = 0; kind < QN_COUNT(kinds) && keeps_binaries(); kind++) {
        char *cache = make_folder(), path[1000], *data;
        qn_env env;
        size_t bytes;
        uint64_t number;

        qn_env_init(&env, NULL);
        build_once(cache, "-DQN_FACTOR=3", 3, log);
        assert_true(only_program(cache, path, sizeof path));
        assert_int_equal(qn_file_read(&env, path, 0, &data, &bytes), QN_OK);
        assert_true(bytes > 41);
        switch (kind) {
        case 0:
            bytes -= 1;
            break;
        case 1:
            bytes = 0;
            break;
        case 2:
            data[bytes / 2] ^= 1;
            break;
        case 3:
            bytes += 1; /* the NUL that a read ends with */
            break;
        case 4:
            memcpy(data, "#!/bin/sh\n", 10);
            break;
        case 5:
            bytes = 17;
            break;
        case 6: /* whole by every check of ours, and nothing that a driver could read */
            for (size_t i = 40; i < bytes; i++)
                data[i] = (char)(i * 31);
            number = QN_HASH_START;
            number = qn_hash(number, data + 40, bytes - 40);
            memcpy(data + 32, &number, sizeof number);
            break;
        }
        assert_int_equal(qn_file_replace(&env, path, data, bytes), QN_OK);
        build_once(cache, "-DQN_FACTOR=3", 3, log);
        if (occurrences(log->text, "compiled twice.cl") != 1)
            fail_msg("%s: %s", kinds[kind], log->text);
        assert_int_equal(occurrences(log->text, "\n1 "), 0); /* no warning */
        build_once(cache, "-DQN_FACTOR=3", 3, log);
        if (occurrences(log->text, "loaded twice.cl") != 1)
            fail_msg("%s: %s", kinds[kind], log->text);
        qn_free(&env, data);
        free(cache);
    }
    free(log);
}

/* A folder that cannot be made costs speed, not the work. */
static void test_unwritable(void **state)
{
    journal *log = calloc(1, sizeof *log);
    char *cache = make_folder(), path[600];

    (void)state;
    put(cache, "file", "not a folder");
    snprintf(path, sizeof path, "%s/file/below", cache);
    build_once(path, "-DQN_FACTOR=2", 2, log);
    assert_int_equal(occurrences(log->text, "compiled"), 1);
    assert_int_equal(occurrences(log->text, "not kept"), keeps_binaries());
    free(cache);
    free(log);
}

static void test_trim(void **state)
{
    char *folder = make_folder(), path[600], block[1000] = {0};
    qn_env env;

    (void)state;
    qn_env_init(&env, NULL);
    for (int i = 0; i < 5; i++) {
        struct timespec times[2] = {{1000 + 10 * (i ^ 1), 0}, {1000 + 10 * (i ^ 1), 0}};

        snprintf(path, sizeof path, "%s/%d.bin", folder, i);
        assert_int_equal(qn_file_replace(&env, path, block, sizeof block), QN_OK);
        assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
    }
    put(folder, "kept.txt", "something else");
    qn_binary_trim(&env, folder, 3500); /* times: 1010, 1000, 1030, 1020, 1050 */
    for (int i = 0; i < 5; i++) {
        snprintf(path, sizeof path, "%s/%d.bin", folder, i);
        assert_int_equal(qn_file_exists(path), i >= 2);
    }
    qn_binary_trim(&env, folder, 0);
    snprintf(path, sizeof path, "%s/4.bin", folder);
    assert_false(qn_file_exists(path));
    snprintf(path, sizeof path, "%s/kept.txt", folder);
    assert_true(qn_file_exists(path));
    snprintf(path, sizeof path, "%s/nowhere", folder);
    qn_binary_trim(&env, path, 0);
    free(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_build_error),
        cmocka_unit_test(test_kernel_name),
        cmocka_unit_test(test_memory_cache),
        cmocka_unit_test(test_includes),
        cmocka_unit_test(test_endless_include),
        cmocka_unit_test(test_disk_cache),
        cmocka_unit_test(test_damage),
        cmocka_unit_test(test_unwritable),
        cmocka_unit_test(test_trim),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
