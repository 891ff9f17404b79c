/* SPDX-License-Identifier: Apache-2.0 */
/* Several processes build, keep and load the same programs at once, while one damages them. The
 * children are forked before this process has touched OpenCL. */
#include "support.h"
#include <dirent.h>
#include <signal.h>
#include <sys/wait.h>

#define CHILDREN 3
#define PROGRAMS 2
#define ROUNDS 2

static const char source[] = "__kernel void k(__global int *x) { x[get_global_id(0)] += QN_N; }\n";

/* 0 when every round gave right numbers. */
static int child(const char *cache)
{
    for (int round = 0; round < ROUNDS; round++) {
        qn_context *ctx = NULL;
        int32_t data[4] = {0};
        qn_buffer *x = NULL;
        qn_status status = qn_context_create(&ctx, .cache_dir = cache);

        if (status == QN_OK)
            status = qn_buffer_create(ctx->device[0], sizeof data, &x);
        for (int n = 1; n <= PROGRAMS && status == QN_OK; n++) {
            qn_kernel *k = NULL;
            char options[32];

            snprintf(options, sizeof options, "-DQN_N=%d", n);
            status = qn_kernel_create_source(ctx->device[0], "race.cl", source, options, "k", &k);
            if (status == QN_OK)
                status = qn_kernel_set_buffer(k, 0, x);
            if (status == QN_OK)
                status = qn_kernel_launch(k, &(qn_range){1, {4, 1, 1}, {1, 1, 1}});
            qn_kernel_destroy(&k);
        }
        if (status == QN_OK)
            status = qn_buffer_read(x, 0, sizeof data, data);
        qn_buffer_destroy(&x);
        if (status != QN_OK) {
            fprintf(stderr, "child: %s\n", qn_error(ctx));
            return 1;
        }
        qn_context_destroy(&ctx);
        if (data[0] != 3 || data[3] != 3)
            return 2;
    }
    return 0;
}

/* Cuts whatever program is there, again and again, until it is ended. */
static void vandal(const char *folder)
{
    for (;;) {
        DIR *in = opendir(folder);
        struct dirent *item;

        while (in && (item = readdir(in)) != NULL) {
            char path[1200];

            snprintf(path, sizeof path, "%s/%s", folder, item->d_name);
            if (strstr(item->d_name, ".bin") && truncate(path, 100) != 0)
                continue;
        }
        if (in)
            closedir(in);
        usleep(3000);
    }
}

static void race(bool with_vandal)
{
    char *cache = make_folder(), folder[600];
    pid_t pid[CHILDREN], spoiler = -1;
    struct dirent *item;
    DIR *in;

    snprintf(folder, sizeof folder, "%s/programs", cache);
    for (int i = 0; i < CHILDREN; i++) {
        pid[i] = fork();
        assert_true(pid[i] >= 0);
        if (pid[i] == 0) {
            char own[600];

            /* PoCL's own cache is not made for several processes. */
            snprintf(own, sizeof own, "%s-pocl-%d", cache, i);
            setenv("POCL_CACHE_DIR", own, 1);
            _exit(child(cache));
        }
    }
    if (with_vandal && (spoiler = fork()) == 0)
        vandal(folder);
    for (int i = 0; i < CHILDREN; i++) {
        int status = -1;

        assert_int_equal(waitpid(pid[i], &status, 0), pid[i]);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
    }
    if (spoiler > 0) {
        kill(spoiler, SIGKILL);
        waitpid(spoiler, NULL, 0);
    }
    /* Nothing but programs under their final names. */
    in = opendir(folder);
    while (in && (item = readdir(in)) != NULL)
        if (item->d_name[0] != '.')
            assert_string_equal(item->d_name + strlen(item->d_name) - 4, ".bin");
    if (in)
        closedir(in);
    free(cache);
}

static void test_race(void **state)
{
    (void)state;
    race(false);
}

static void test_race_with_damage(void **state)
{
    (void)state;
    race(true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_race),
        cmocka_unit_test(test_race_with_damage),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
