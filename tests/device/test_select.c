/* SPDX-License-Identifier: Apache-2.0 */
/* The selection grammar, on a machine that is written down here: no driver is asked. */
#include "support.h"

/* index, selector, name, type, units, skipped, unusable */
typedef struct machine_row {
    const char *platform, *platform_name, *selector, *id, *name, *type;
    unsigned units;
    const char *skipped;
    bool unusable;
    int platform_number, bus;
} machine_row;

static const machine_row rows[] = {
    {"pocl", "Portable Computing Language", "pocl:0", "name-1", "pthread-zen3-Ryzen 7", "cpu", 8,
     NULL, false, 1, -1},
    {"intel", "Intel(R) OpenCL HD Graphics", "intel:0", "id-2", "Intel(R) Iris(R) Xe Graphics",
     "igpu", 96, NULL, false, 2, 2},
    {"amd", "AMD Accelerated Parallel Processing", "amd:0", "0000:03:00.0", "AMD Radeon RX 6800 XT",
     "gpu", 36, NULL, false, 3, 3},
    {"amd", "AMD Accelerated Parallel Processing", "amd:1", "0000:04:00.0", "AMD Radeon RX 550",
     "gpu", 8, NULL, false, 3, 4},
    {"clover", "Clover", "clover:0", "name-5", "AMD Radeon RX 6800 XT (navi21)", "gpu", 36,
     "Clover is skipped", true, 4, 3},
    {"oclgrind", "Oclgrind", "oclgrind:0", "name-6", "Oclgrind Simulator", "cpu", 1, "a simulator",
     false, 5, -1},
    {"rusticl", "rusticl", "rusticl:0", "name-7", "AMD Radeon RX 6800 XT (radeonsi)", "gpu", 36,
     NULL, false, 6, 3},
};

typedef struct fixture {
    qn_context ctx;
    qn_device_list list;
    qn_device_entry entry[QN_COUNT(rows)];
} fixture;

static void describe_machine(fixture *f, int count)
{
    memset(f, 0, sizeof *f);
    qn_env_init(&f->ctx.env, NULL);
    f->ctx.list = &f->list;
    f->list.env = &f->ctx.env;
    f->list.entry = f->entry;
    f->list.count = count;
    for (int i = 0; i < count; i++) {
        qn_device_info *info = &f->entry[i].info;

        info->index = f->entry[i].first = i;
        info->id = rows[i].id;
        info->selector = rows[i].selector;
        info->platform = rows[i].platform;
        info->platform_name = rows[i].platform_name;
        info->name = rows[i].name;
        info->type = rows[i].type;
        info->compute_units = rows[i].units;
        info->skipped = rows[i].skipped;
        f->entry[i].unusable = rows[i].unusable;
        f->entry[i].platform = (cl_platform_id)(intptr_t)rows[i].platform_number;
        f->entry[i].pci_known = rows[i].bus >= 0;
        f->entry[i].pci[1] = rows[i].bus >= 0 ? (uint32_t)rows[i].bus : 0;
    }
    qn_device_list_compare(&f->list);
}

/* What a text selects, as "2 3.1", or the status and its message. */
static void expect(int machine, const char *text, const char *expected)
{
    static fixture f;
    qn_selection selection;
    char found[256] = "";
    size_t length = 0;

    describe_machine(&f, machine);
    if (qn_select(&f.ctx, text, "", &selection) != QN_OK)
        fail_msg("'%s' failed: %s", text, f.ctx.env.message);
    for (int i = 0; i < selection.count; i++) {
        length += (size_t)snprintf(found + length, sizeof found - length, "%s%d", i ? " " : "",
                                   selection.choice[i].entry);
        if (selection.choice[i].sub >= 0)
            length += (size_t)snprintf(found + length, sizeof found - length, ".%d",
                                       selection.choice[i].sub);
    }
    assert_string_equal(found, expected);
}

/* Every piece must be in the message. */
static void expect_failure(int machine, const char *text, qn_status status, const char *a,
                           const char *b)
{
    static fixture f;
    qn_selection selection;

    describe_machine(&f, machine);
    assert_int_equal(qn_select(&f.ctx, text, "", &selection), status);
    assert_says(f.ctx.env.message, a);
    assert_says(f.ctx.env.message, b);
}

#define ALL QN_COUNT(rows)

static void test_index(void **state)
{
    (void)state;
    expect(ALL, "0", "0");
    expect(ALL, "3", "3");
    expect(ALL, " 2 ", "2");
    expect(ALL, "0.7", "0.7");
    expect_failure(ALL, "7", QN_ERROR_USAGE, "'7'", "7 devices");
    expect_failure(ALL, "99999999999999999999", QN_ERROR_USAGE, "'99999999999999999999'", "amd:1");
    expect_failure(ALL, "0.8", QN_ERROR_USAGE, "8 compute units", "0 to 7");
}

static void test_platform(void **state)
{
    (void)state;
    expect(ALL, "amd:1", "3");
    expect(ALL, "AMD:0", "2");
    expect(ALL, "pocl:0.1", "0.1");
    expect(ALL, "portable:0", "0");
    expect(ALL, "accelerated parallel:1", "3");
    expect_failure(ALL, "amd:2", QN_ERROR_USAGE, "'amd:2'", "2 devices");
    expect_failure(ALL, "amd:", QN_ERROR_USAGE, "'amd:'", "number");
    expect_failure(ALL, "amd:x", QN_ERROR_USAGE, "'x'", "pocl:0");
    expect_failure(ALL, "nvidia:0", QN_ERROR_USAGE, "'nvidia'", "amd:1 (AMD Radeon RX 550)");
    expect_failure(ALL, "cl:0", QN_ERROR_USAGE, "fits both", "clover");
}

static void test_type(void **state)
{
    (void)state;
    expect(ALL, "cpu", "0");
    expect(ALL, "GPU", "1"); /* one with unified memory is a GPU as well */
    expect(ALL, "igpu", "1");
    expect_failure(ALL, "accelerator", QN_ERROR_USAGE, "'accelerator'", "no device of this type");
    expect_failure(1, "gpu", QN_ERROR_USAGE, "'gpu'", "pocl:0");
}

static void test_name(void **state)
{
    (void)state;
    expect(ALL, "rx 550", "3");
    expect(ALL, "iris", "1");
    expect(ALL, "AMD Radeon RX 6800 XT", "2"); /* whole, though others contain it */
    expect(ALL, "0000:04:00.0", "3");          /* an id */
    expect(ALL, "name-7", "6");
    expect_failure(ALL, "radeon", QN_ERROR_USAGE, "fits 3 devices", "amd:1 (AMD Radeon RX 550)");
    expect_failure(ALL, "radeom", QN_ERROR_USAGE, "'radeom'", "devices: pocl:0");
    expect_failure(ALL, "cpuu", QN_ERROR_USAGE, "'cpuu'", "did you mean 'cpu'?");
    expect_failure(ALL, "atuo", QN_ERROR_USAGE, "'atuo'", "did you mean 'auto'?");
}

static void test_skipped(void **state)
{
    (void)state;
    expect(ALL, "oclgrind:0", "5"); /* left out of auto, but named */
    expect(ALL, "simulator", "5");
    expect_failure(ALL, "clover:0", QN_ERROR_DEVICE, "cannot be used", "Clover is skipped");
}

static void test_auto_and_all(void **state)
{
    (void)state;
    expect(ALL, "auto", "2"); /* without a cache: by type, the first GPU */
    expect(2, "auto", "1");
    expect(1, "auto", "0");
    /* The RX 6800 is under amd and rusticl: once. The CPU, the simulator and Clover as told. */
    expect(ALL, "all", "0 1 2 3");
    expect_failure(0, "auto", QN_ERROR_DEVICE, "no device is usable", "pocl-opencl-icd");
    expect_failure(0, "all", QN_ERROR_DEVICE, "no device is usable", "pocl-opencl-icd");
}

static void test_sets(void **state)
{
    (void)state;
    expect(ALL, "0,amd:1", "0 3");
    expect(ALL, "amd:1 , 0", "3 0");
    expect(ALL, "0,0,pocl:0", "0");
    expect(ALL, "pocl:0.0,pocl:0.1", "0.0 0.1");
    expect(ALL, "all,oclgrind:0", "0 1 2 3 5");
    expect_failure(ALL, "0,", QN_ERROR_USAGE, "''", "a name is missing");
    expect_failure(ALL, ",0", QN_ERROR_USAGE, "''", "a name is missing");
    expect_failure(ALL, "0,banana", QN_ERROR_USAGE, "'banana'", "devices:");
}

static void test_preference(void **state)
{
    (void)state;
    expect(ALL, "gpu/cpu", "1");
    expect(1, "gpu/cpu", "0");
    expect(1, "nvidia:0 / radeon / cpu", "0");
    expect(ALL, "nvidia:0,0/amd:0,amd:1/cpu", "2 3"); /* a set is taken whole or not at all */
    expect_failure(1, "gpu/radeon", QN_ERROR_USAGE, "'gpu'", "'radeon'");
    expect_failure(ALL, "clover:0/nvidia:0", QN_ERROR_DEVICE, "cannot be used", "'nvidia'");
    expect_failure(ALL, "", QN_ERROR_USAGE, "''", "a name is missing");
}

static void test_too_many(void **state)
{
    char text[256] = "";

    (void)state;
    for (int i = 0; i <= QN_MAX_DEVICES; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s1.%d", i ? "," : "", i);
    expect_failure(ALL, text, QN_ERROR_USAGE, "more than 16 devices", "'1.16'");
}

static void test_duplicates(void **state)
{
    static fixture f;

    (void)state;
    describe_machine(&f, ALL);
    assert_string_equal(f.entry[6].info.duplicate_of, "amd:0");
    assert_string_equal(f.entry[4].info.duplicate_of, "amd:0");
    assert_string_equal(f.entry[5].info.duplicate_of, "pocl:0"); /* one host, one CPU */
    for (int i = 0; i < 4; i++) {
        assert_null(f.entry[i].info.duplicate_of);
        assert_int_equal(f.entry[i].first, i);
    }
    /* The same chip first seen under a driver that is skipped belongs to the usable one. */
    describe_machine(&f, ALL);
    f.entry[0].info.skipped = "out of order";
    for (int i = 0; i < ALL; i++) {
        f.entry[i].first = i;
        f.entry[i].info.duplicate_of = NULL;
    }
    f.entry[5].info.skipped = NULL;
    qn_device_list_compare(&f.list);
    assert_string_equal(f.entry[0].info.duplicate_of, "oclgrind:0");
    assert_null(f.entry[5].info.duplicate_of);
}

static void test_uuid_and_name(void **state)
{
    static fixture f;

    (void)state;
    /* Two cards of one name under one driver, seen again under another: told apart by place. */
    describe_machine(&f, 7);
    for (int i = 2; i < 7; i++) {
        qn_device_entry *e = &f.entry[i];

        e->first = i;
        e->pci_known = false;
        e->info.duplicate_of = NULL;
        e->info.skipped = NULL;
        e->info.name = "Twin";
        e->info.type = "gpu";
    }
    f.entry[4].platform = f.entry[5].platform = (cl_platform_id)(intptr_t)9;
    f.entry[6].info.name = "Another name for a twin";
    f.entry[6].uuid_known = f.entry[3].uuid_known = true;
    f.entry[6].uuid[3] = f.entry[3].uuid[3] = 42;
    qn_device_list_compare(&f.list);
    assert_null(f.entry[3].info.duplicate_of);
    assert_int_equal(f.entry[4].first, 2);
    assert_int_equal(f.entry[5].first, 3);
    assert_int_equal(f.entry[6].first, 3);
}

/* The n-th allocation fails: a status and no leak, whatever n. */
static long left;
static void *failing(void *user, void *pointer, size_t bytes)
{
    (void)user;
    if (bytes == 0) {
        free(pointer);
        return NULL;
    }
    return left-- > 0 ? realloc(pointer, bytes) : NULL;
}

static void test_out_of_memory(void **state)
{
    static fixture f;
    qn_selection selection;
    int failures = 0;

    (void)state;
    for (long n = 0; n < 200; n++) {
        qn_status status;

        describe_machine(&f, ALL);
        f.ctx.env.allocator.resize = failing;
        left = n;
        status = qn_select(&f.ctx, "banana/all,nvidia:0/gpu,auto", "", &selection);
        if (status == QN_OK)
            break;
        assert_int_equal(status, QN_ERROR_MEMORY);
        failures++;
    }
    assert_in_range(failures, 3, 199);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_index),         cmocka_unit_test(test_platform),
        cmocka_unit_test(test_type),          cmocka_unit_test(test_name),
        cmocka_unit_test(test_skipped),       cmocka_unit_test(test_auto_and_all),
        cmocka_unit_test(test_sets),          cmocka_unit_test(test_preference),
        cmocka_unit_test(test_too_many),      cmocka_unit_test(test_duplicates),
        cmocka_unit_test(test_uuid_and_name), cmocka_unit_test(test_out_of_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
