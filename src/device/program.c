/* SPDX-License-Identifier: Apache-2.0 */
/* Programs: compiled once, kept by the device, and as binaries on disk (binary.c). */
#include "base/util.h"
#include "device/internal.h"

/* OpenCL C 1.2, and nothing that trades exactness for speed. */
#define STANDARD_OPTIONS "-cl-std=CL1.2"
#define LOG_MAX 4096

/* Everything that changes what the compiler makes. Two hashes with different starts: 128 bits. */
static void make_key(const qn_device *device, const char *source, const char *options,
                     uint64_t key[2])
{
    for (int i = 0; i < 2; i++) {
        uint64_t hash = QN_HASH_START + (uint64_t)i * 0x9e3779b97f4a7c15ull;

        hash = qn_hash(hash, qn_version(), strlen(qn_version()) + 1);
        hash = qn_hash(hash, device->fingerprint, strlen(device->fingerprint) + 1);
        hash = qn_hash(hash, options, strlen(options) + 1);
        key[i] = qn_hash_text(hash, source);
    }
}

/* The compiler's log, cut to what a message holds, and the lines it names. */
static qn_status fail_build(qn_device *device, cl_program program, const char *title,
                            const char *options, cl_int error, const qn_expansion *source)
{
    qn_text message = {.env = device->env};
    size_t bytes = 0;
    char *log = NULL;

    clGetProgramBuildInfo(program, device->id, CL_PROGRAM_BUILD_LOG, 0, NULL, &bytes);
    log = qn_alloc(device->env, bytes + 1);
    if (!log)
        return QN_ERROR_MEMORY;
    if (clGetProgramBuildInfo(program, device->id, CL_PROGRAM_BUILD_LOG, bytes, log, NULL) !=
        CL_SUCCESS)
        log[0] = '\0';
    qn_text_add(&message, "%s does not compile for %s (%s) with \"%s\": %s (%d)\n", title,
                device->info.selector, device->info.name, options, qn_cl_error_name(error),
                (int)error);
    qn_text_add(&message, "%.*s", LOG_MAX, *log ? log : "(the compiler left no log)");
    while (message.length > 0 && message.data[message.length - 1] == '\n')
        message.data[--message.length] = '\0';
    qn_expansion_quote(source, log, &message);
    if (!message.failed)
        qn_fail(device->env, QN_ERROR_DEVICE, "%s", qn_text_get(&message));
    qn_text_free(&message);
    qn_free(device->env, log);
    return message.failed ? QN_ERROR_MEMORY : QN_ERROR_DEVICE;
}

static qn_status compile(qn_device *device, const char *title, const qn_expansion *source,
                         const char *options, cl_program *program)
{
    const char *text = qn_text_get(&source->text);
    size_t length = source->text.length;
    double began = qn_seconds();
    qn_status status = QN_OK;
    cl_int error;

    *program = clCreateProgramWithSource(device->cl, 1, &text, &length, &error);
    if (error != CL_SUCCESS)
        return qn_cl_fail(device, error, "making a program");
    error = clBuildProgram(*program, 1, &device->id, options, NULL, NULL);
    if (error == CL_BUILD_PROGRAM_FAILURE || error == CL_INVALID_BUILD_OPTIONS)
        status = fail_build(device, *program, title, options, error, source);
    else if (error != CL_SUCCESS)
        status = qn_cl_fail(device, error, "building a program");
    if (status != QN_OK) {
        clReleaseProgram(*program);
        *program = NULL;
        return status;
    }
    qn_log(device->env, QN_LOG_DEBUG, "compiled %s %s for %s in %.0f ms", title, options,
           device->info.selector, (qn_seconds() - began) * 1e3);
    return QN_OK;
}

/* What the driver makes of a program; a driver without binaries just has none to keep. */
static qn_status store(qn_device *device, const uint64_t key[2], cl_program program)
{
    unsigned char *binary;
    size_t bytes = 0;

    if (clGetProgramInfo(program, CL_PROGRAM_BINARY_SIZES, sizeof bytes, &bytes, NULL) !=
            CL_SUCCESS ||
        bytes == 0)
        return QN_OK;
    binary = qn_alloc(device->env, bytes);
    if (!binary)
        return QN_ERROR_MEMORY;
    if (clGetProgramInfo(program, CL_PROGRAM_BINARIES, sizeof binary, &binary, NULL) == CL_SUCCESS)
        qn_binary_store(device, key, binary, bytes);
    qn_free(device->env, binary);
    return QN_OK;
}

/* NULL in *program: not on disk, or the driver refuses it (then it is removed). */
static qn_status load(qn_device *device, const char *title, const uint64_t key[2],
                      const char *options, cl_program *program)
{
    unsigned char *binary;
    const unsigned char *given;
    cl_int error, accepted = CL_SUCCESS;
    double began = qn_seconds();
    size_t bytes;

    *program = NULL;
    QN_TRY(qn_binary_load(device, key, &binary, &bytes));
    if (!binary)
        return QN_OK;
    given = binary;
    *program =
        clCreateProgramWithBinary(device->cl, 1, &device->id, &bytes, &given, &accepted, &error);
    if (error == CL_SUCCESS)
        error = accepted;
    if (error == CL_SUCCESS)
        error = clBuildProgram(*program, 1, &device->id, options, NULL, NULL);
    qn_free(device->env, binary);
    if (error == CL_SUCCESS) {
        qn_log(device->env, QN_LOG_DEBUG, "loaded %s %s for %s in %.0f ms", title, options,
               device->info.selector, (qn_seconds() - began) * 1e3);
        return QN_OK;
    }
    qn_log(device->env, QN_LOG_DEBUG, "the driver of %s refuses a kept binary of %s: %s (%d)",
           device->info.selector, title, qn_cl_error_name(error), (int)error);
    if (*program)
        clReleaseProgram(*program);
    *program = NULL;
    qn_binary_remove(device, key);
    return QN_OK;
}

static qn_status remember(qn_device *device, const uint64_t key[2], cl_program program)
{
    qn_program *kept = qn_alloc(device->env, sizeof *kept);

    if (!kept) {
        clReleaseProgram(program);
        return QN_ERROR_MEMORY;
    }
    memcpy(kept->key, key, sizeof kept->key);
    kept->cl = program;
    kept->next = device->programs;
    device->programs = kept;
    return QN_OK;
}

static qn_status load_or_compile(qn_device *device, const char *title, const qn_expansion *source,
                                 const uint64_t key[2], const char *options, cl_program *program)
{
    bool on_disk = device->context->cache_dir && !qn_device_quirk(device, QN_QUIRK_NO_BINARIES);
    qn_status status;

    *program = NULL;
    if (on_disk)
        QN_TRY(load(device, title, key, options, program));
    if (*program) {
        device->counters.programs_loaded++;
        return QN_OK;
    }
    QN_TRY(compile(device, title, source, options, program));
    device->counters.programs_compiled++;
    status = on_disk ? store(device, key, *program) : QN_OK;
    if (status != QN_OK)
        clReleaseProgram(*program);
    return status;
}

static qn_status find_or_build(qn_device *device, const char *title, const qn_expansion *source,
                               const char *options, cl_program *program)
{
    uint64_t key[2];
    double began;
    qn_status status;

    make_key(device, qn_text_get(&source->text), options, key);
    for (qn_program *kept = device->programs; kept; kept = kept->next) {
        if (kept->key[0] == key[0] && kept->key[1] == key[1]) {
            *program = kept->cl;
            return QN_OK;
        }
    }
    began = qn_seconds();
    status = load_or_compile(device, title, source, key, options, program);
    device->counters.build_seconds += qn_seconds() - began;
    return status == QN_OK ? remember(device, key, *program) : status;
}

qn_status qn_program_get(qn_device *device, const char *title, const char *source,
                         const char *options, cl_program *program)
{
    qn_expansion expansion;
    qn_status status = qn_expand(device->env, title, source, &expansion);
    char *all = NULL;

    if (status == QN_OK) {
        all = options && *options ? qn_format(device->env, "%s %s", STANDARD_OPTIONS, options)
                                  : qn_strdup(device->env, STANDARD_OPTIONS);
        status = all ? find_or_build(device, title, &expansion, all, program) : QN_ERROR_MEMORY;
    }
    qn_free(device->env, all);
    qn_expansion_free(&expansion);
    return status;
}
