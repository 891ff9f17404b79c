/* SPDX-License-Identifier: Apache-2.0 */
/* quern bench gemm: matrix products by Quern's own kernels beside CLBlast's. */
#include "bench.h"
#include "command.h"
#include "model_options.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* CLBlast on a processor takes minutes for what Quern does in seconds. About ten products are made
 * of each. */
#define MOST_SECONDS 8.0

typedef struct shape {
    int64_t m, n, k;
    const char *trans; /* "NN", "NT", "TN" or "all" */
} shape;

/* What the lecture's model asks for at two batch sizes: forward, the weights' gradients, the
 * hidden layer's; and squares. */
static const shape standard[] = {
    {32, 100, 784, "NN"}, {32, 10, 100, "NN"},   {784, 100, 32, "TN"},   {100, 10, 32, "TN"},
    {32, 100, 10, "NT"},  {128, 100, 784, "NN"}, {128, 10, 100, "NN"},   {784, 100, 128, "TN"},
    {100, 10, 128, "TN"}, {128, 100, 10, "NT"},  {512, 512, 512, "all"}, {1024, 1024, 1024, "all"},
};

typedef struct gemm_bench {
    const arguments *a;
    qn_context *ctx;
    shape *shapes;
    int count;
    double peak;  /* GFLOP/s; 0: not known */
    bool above;   /* a rate is above the peak */
    bool failed;  /* a product was wrong, and that is said */
    json_t *list; /* of --json */
} gemm_bench;

/* ---- shapes ---- */

/* A whole number from 1 on, and where it ends; NULL: there is none. */
static const char *size_at(const char *text, int64_t *size)
{
    char *end = NULL;
    if (*text < '0' || *text > '9')
        return NULL;
    *size = strtoll(text, &end, 10); /* what is too large stays so */
    return *size > 0 ? end : NULL;
}

static const char *shape_at(const char *text, shape *s)
{
    text += strspn(text, " ");
    text = size_at(text, &s->m);
    text = text && *text == 'x' ? size_at(text + 1, &s->n) : NULL;
    text = text && *text == 'x' ? size_at(text + 1, &s->k) : NULL;
    if (text)
        text += strspn(text, " ");
    return text && (*text == ',' || !*text) ? text : NULL;
}

/* Of --shapes, or else the standard ones. Returns an exit code. */
static int read_shapes(gemm_bench *b)
{
    const char *text = b->a->shapes;
    int most = (int)(sizeof standard / sizeof standard[0]);
    for (const char *c = text; c && *c; c++)
        most += *c == ',';
    b->shapes = calloc((size_t)most, sizeof *b->shapes);
    if (!b->shapes)
        return out_of_memory();
    if (!text) {
        memcpy(b->shapes, standard, sizeof standard);
        b->count = most;
    }
    for (const char *next; text; text = *next ? next + 1 : NULL) {
        shape *s = &b->shapes[b->count++];
        next = shape_at(text, s);
        if (!next) {
            fprintf(stderr,
                    "quern bench gemm: --shapes takes a list of MxNxK, such as "
                    "128x100x784,512x512x512, found \"%.*s\"\n",
                    (int)strcspn(text, ","), text);
            return EXIT_USAGE;
        }
        s->trans = "all";
    }
    for (int i = 0; b->a->trans && i < b->count; i++)
        b->shapes[i].trans = b->a->trans;
    return EXIT_OK;
}

/* ---- results ---- */

static const char *trans_of(const qn_bench_product *p)
{
    return p->trans_a ? "TN" : p->trans_b ? "NT" : "NN";
}

static void print_head(const gemm_bench *b)
{
    const qn_device_info *device = context_device(b->ctx);
    printf("%s, %s, driver %s\n", device->selector, device->name, device->driver);
    if (b->peak > 0)
        printf("peak %.1f GFLOP/s, by multiply-adds\n", b->peak);
    printf("%32s%s%27s\n", "", "Quern's, GFLOP/s", "CLBlast's, GFLOP/s");
    printf("%-2s %6s %6s %6s  %8s %8s %7s  %8s %8s %7s  %7s %6s\n", "op", "M", "N", "K", "median",
           "best", "spread", "median", "best", "spread", "ratio", "peak%");
}

static void print_rate(const qn_bench_rate *rate)
{
    if (rate->verdict == QN_BENCH_MEASURED)
        printf("  %8.2f %8.2f %6.0f%%", rate->median, rate->best, 100 * rate->spread);
    else
        printf("  %8s %8s %7s", rate->verdict == QN_BENCH_FAILED ? "failed" : "skipped", "", "");
}

static void print_row(const gemm_bench *b, const qn_bench_product *p)
{
    printf("%-2s %6" PRId64 " %6" PRId64 " %6" PRId64, trans_of(p), p->m, p->n, p->k);
    print_rate(&p->quern);
    print_rate(&p->clblast);
    if (p->quern.median > 0 && p->clblast.median > 0)
        printf("  %7.2f", p->quern.median / p->clblast.median);
    else
        printf("  %7s", "-");
    if (p->quern.median > 0 && b->peak > 0)
        printf(" %6.1f\n", 100 * p->quern.median / b->peak);
    else
        printf(" %6s\n", "-");
    fflush(stdout); /* the next row takes a while */
}

static json_t *json_rate(const qn_bench_rate *rate)
{
    json_t *object = json_object();
    bool measured = rate->verdict == QN_BENCH_MEASURED;
    json_object_set_new(object, "median", json_measured(rate->median));
    json_object_set_new(object, "best", json_measured(rate->best));
    json_object_set_new(object, "spread", measured ? json_number(rate->spread) : json_null());
    json_object_set_new(object, "samples", json_integer(rate->samples));
    json_object_set_new(object, "failed", json_boolean(rate->verdict == QN_BENCH_FAILED));
    json_object_set_new(object, "why", *rate->why ? json_text(rate->why) : json_null());
    return object;
}

static void add_row(gemm_bench *b, const qn_bench_product *p)
{
    json_t *object = json_object();
    json_object_set_new(object, "device", json_text(context_device(b->ctx)->selector));
    json_object_set_new(object, "m", json_integer(p->m));
    json_object_set_new(object, "n", json_integer(p->n));
    json_object_set_new(object, "k", json_integer(p->k));
    json_object_set_new(object, "trans", json_text(trans_of(p)));
    json_object_set_new(object, "gflops", json_measured(p->quern.median));
    json_object_set_new(object, "clblast_gflops", json_measured(p->clblast.median));
    json_object_set_new(object, "ratio",
                        p->quern.median > 0 && p->clblast.median > 0
                            ? json_number(p->quern.median / p->clblast.median)
                            : json_null());
    json_object_set_new(object, "peak_gflops", json_measured(b->peak));
    json_object_set_new(object, "peak_share",
                        b->peak > 0 ? json_measured(p->quern.median / b->peak) : json_null());
    json_object_set_new(object, "quern", json_rate(&p->quern));
    json_object_set_new(object, "clblast", json_rate(&p->clblast));
    json_array_append_new(b->list, object);
}

/* On stderr: why there is no figure. */
static void say(gemm_bench *b, const qn_bench_product *p, const char *who,
                const qn_bench_rate *rate)
{
    if (rate->verdict == QN_BENCH_MEASURED)
        return;
    b->failed = b->failed || rate->verdict == QN_BENCH_FAILED;
    fprintf(stderr, "quern: %s %" PRId64 "x%" PRId64 "x%" PRId64 " by %s on %s %s: %s\n",
            trans_of(p), p->m, p->n, p->k, who, context_device(b->ctx)->selector,
            rate->verdict == QN_BENCH_FAILED ? "failed" : "was skipped", rate->why);
}

/* ---- the command ---- */

static qn_status measure(gemm_bench *b, const shape *s, bool trans_a, bool trans_b)
{
    qn_bench_product p = {
        .size = sizeof p, .m = s->m, .n = s->n, .k = s->k, .trans_a = trans_a, .trans_b = trans_b};
    if (strcmp(s->trans, "all") != 0 && strcmp(s->trans, trans_of(&p)) != 0)
        return QN_OK;
    qn_status status = qn_bench_gemm(b->ctx, &p);
    if (status != QN_OK)
        return status;
    b->above = b->above || (b->peak > 0 && p.quern.median > b->peak);
    if (b->a->json)
        add_row(b, &p);
    else
        print_row(b, &p);
    say(b, &p, "Quern's own kernels", &p.quern);
    say(b, &p, "CLBlast", &p.clblast);
    return QN_OK;
}

static qn_status measure_all(gemm_bench *b)
{
    qn_status status = QN_OK;
    for (int i = 0; i < b->count && status == QN_OK; i++) {
        status = measure(b, &b->shapes[i], false, false);
        if (status == QN_OK)
            status = measure(b, &b->shapes[i], false, true);
        if (status == QN_OK)
            status = measure(b, &b->shapes[i], true, false);
    }
    return status;
}

static int run_bench(gemm_bench *b)
{
    qn_bench_results limits = {.size = sizeof limits};
    int code = read_shapes(b);
    if (code != EXIT_OK)
        return code;
    qn_status status = open_context(b->a, &b->ctx);
    if (status != QN_OK)
        return report_failure(b->ctx, status);
    status = device_limits(b->a, b->ctx, "peak", &limits);
    if (status != QN_OK)
        return exit_code(status);
    b->peak = limits.peak_gflops;
    b->list = json_array();
    if (!b->a->json)
        print_head(b);
    status = measure_all(b);
    if (status != QN_OK)
        return report_failure(b->ctx, status);
    if (b->above)
        note(b->a, "peak%% above 100: the peak was measured on a busy machine; quern bench device "
                   "measures it anew");
    if (b->a->json) {
        code = json_print(b->list);
        b->list = NULL;
    }
    return b->failed ? EXIT_FAILED : code;
}

static int run(const subcommand *command, const arguments *a)
{
    gemm_bench b = {.a = a};
    (void)command;
    int code = run_bench(&b);
    json_decref(b.list);
    free(b.shapes);
    qn_context_destroy(&b.ctx);
    return code;
}

static const char *const transpositions[] = {"NN", "NT", "TN", "all", NULL};

static const option options[] = {
    {"--shapes", OPTION_TEXT, offsetof(arguments, shapes), "LIST", NULL,
     "products of [M, K] by [K, N], such as 128x100x784,512x512x512 (MxNxK); when not given, those "
     "of the lecture's model at batch sizes 32 and 128, and two squares"},
    {"--trans", OPTION_TEXT, offsetof(arguments, trans), "WHICH", NULL,
     "which operand is stored transposed: NN, NT, TN or all; when not given, all for --shapes, and "
     "as training has them for the model's",
     .choice = transpositions},
    DEVICE_OPTION,
    {"--json", OPTION_FLAG, offsetof(arguments, json), NULL, NULL,
     "print a JSON list, an object for each product, instead of text"},
    {NULL},
};

const subcommand bench_gemm = {
    "bench gemm",
    "Measures matrix products by Quern's own kernels and by CLBlast in turn, and refuses wrong "
    "ones.",
    options,
    "quern bench gemm --shapes 128x100x784,512x512x512 --trans NN",
    run,
    NULL};
