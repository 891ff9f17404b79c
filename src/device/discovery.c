/* SPDX-License-Identifier: Apache-2.0 */
/* Every device of every platform, which of them are one chip, and the public list of them. */
/* For clGetExtensionFunctionAddress: a loader without a platform has no newer way to ask it. */
#define CL_USE_DEPRECATED_OPENCL_1_1_APIS
#include "device/internal.h"
#include <CL/cl_ext.h>
#include <quern/unstable.h>
#include <stdio.h>

#define MAX_PLATFORMS 32
#define MAX_PLATFORM_DEVICES 64

static qn_status add_device(qn_device_list *list, cl_platform_id platform, cl_device_id id)
{
    qn_device_entry entry = {.platform = platform, .id = id};
    qn_status status = qn_device_entry_describe(list, &entry);

    if (status == QN_OK)
        status = qn_grow(list->env, &list->entry, &list->capacity, (size_t)list->count + 1,
                         sizeof *list->entry);
    if (status != QN_OK) {
        qn_device_entry_free(list->env, &entry);
        return status;
    }
    list->entry[list->count++] = entry;
    return QN_OK;
}

static qn_status add_note(qn_device_list *list, cl_platform_id platform, cl_int error)
{
    char *name = qn_cl_platform_text(list->env, platform, CL_PLATFORM_NAME), *note = NULL;
    qn_status status = QN_ERROR_MEMORY;

    if (name) {
        const char *hint = qn_quirk_no_device(name);

        note = error == CL_DEVICE_NOT_FOUND || error == CL_SUCCESS
                   ? qn_format(list->env, "platform %s has no device%s%s", name, hint ? ": " : "",
                               hint ? hint : "")
                   : qn_format(list->env, "platform %s failed to list its devices: %s (%d)", name,
                               qn_cl_error_name(error), (int)error);
    }
    if (note)
        status = qn_grow(list->env, &list->note, &list->note_capacity, (size_t)list->note_count + 1,
                         sizeof *list->note);
    if (status == QN_OK)
        list->note[list->note_count++] = note;
    else
        qn_free(list->env, note);
    qn_free(list->env, name);
    return status;
}

static qn_status add_platform(qn_device_list *list, cl_platform_id platform)
{
    cl_device_id id[MAX_PLATFORM_DEVICES];
    cl_uint count = 0;
    cl_int error = clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, MAX_PLATFORM_DEVICES, id, &count);

    if (error != CL_SUCCESS || count == 0)
        return add_note(list, platform, error);
    for (cl_uint i = 0; i < count && i < MAX_PLATFORM_DEVICES; i++)
        QN_TRY(add_device(list, platform, id[i]));
    return QN_OK;
}

/* One chip under two drivers: the same UUID or PCI address; the same name at the same place among
 * its equals; and all CPU devices, as there is one host. Devices of one platform are never the
 * same. */
static bool same_chip(const qn_device_list *list, const qn_device_entry *a,
                      const qn_device_entry *b)
{
    int place_a = 0, place_b = 0;

    if (a->platform == b->platform)
        return false;
    if (a->uuid_known && b->uuid_known && memcmp(a->uuid, b->uuid, sizeof a->uuid) == 0)
        return true;
    if (a->pci_known && b->pci_known)
        return memcmp(a->pci, b->pci, sizeof a->pci) == 0;
    if (strcmp(a->info.type, b->info.type) != 0)
        return false;
    if (strcmp(a->info.type, "cpu") == 0)
        return true;
    if (!qn_equal_nocase(a->info.name, b->info.name))
        return false;
    for (const qn_device_entry *e = list->entry; e < a || e < b; e++) {
        place_a += e < a && e->platform == a->platform && !strcmp(e->info.name, a->info.name);
        place_b += e < b && e->platform == b->platform && !strcmp(e->info.name, b->info.name);
    }
    return place_a == place_b;
}

/* A usable device is the first of its chip before a skipped one. */
void qn_device_list_compare(qn_device_list *list)
{
    for (int i = 0; i < list->count; i++) {
        qn_device_entry *later = &list->entry[i];

        for (int j = 0; j < list->count && later->first == i; j++) {
            const qn_device_entry *first = &list->entry[j];
            bool before = j < i ? !first->info.skipped || later->info.skipped
                                : !first->info.skipped && later->info.skipped;

            if (j != i && before && first->first == j && same_chip(list, first, later)) {
                later->first = j;
                later->info.duplicate_of = first->info.selector;
            }
        }
    }
}

/* ocl-icd answers CL_PLATFORM_NOT_FOUND_KHR where there is none. */
qn_status qn_device_list_find(qn_env *env, qn_device_list *list)
{
    cl_platform_id platform[MAX_PLATFORMS];
    cl_uint count = 0;
    cl_int error = clGetPlatformIDs(MAX_PLATFORMS, platform, &count);

    list->env = env;
    if (error == CL_PLATFORM_NOT_FOUND_KHR || (error == CL_SUCCESS && count == 0))
        return qn_fail(env, QN_ERROR_DEVICE,
                       "no OpenCL platform was found: install the GPU vendor's OpenCL driver, or "
                       "the Debian package pocl-opencl-icd to compute on the CPU");
    if (error != CL_SUCCESS)
        return qn_fail(env, QN_ERROR_DEVICE, "the OpenCL loader failed to list platforms: %s (%d)",
                       qn_cl_error_name(error), (int)error);
    list->platform_count = count < MAX_PLATFORMS ? (int)count : MAX_PLATFORMS;
    for (int i = 0; i < list->platform_count; i++)
        QN_TRY(add_platform(list, platform[i]));
    qn_device_list_compare(list);
    return QN_OK;
}

void qn_device_list_clear(qn_device_list *list)
{
    for (int i = 0; i < list->count; i++)
        qn_device_entry_free(list->env, &list->entry[i]);
    for (int i = 0; i < list->note_count; i++)
        qn_free(list->env, list->note[i]);
    qn_free(list->env, list->entry);
    qn_free(list->env, list->note);
    list->entry = NULL;
    list->note = NULL;
    list->count = list->note_count = 0;
    list->capacity = list->note_capacity = 0;
}

qn_status qn_device_list_create(qn_device_list **list)
{
    qn_env env;

    qn_env_init(&env, NULL);
    *list = qn_alloc(&env, sizeof **list);
    if (!*list)
        return QN_ERROR_MEMORY;
    (*list)->own = env;
    return qn_device_list_find(&(*list)->own, *list);
}

void qn_device_list_destroy(qn_device_list **list)
{
    qn_device_list *old = *list;
    qn_env env;

    *list = NULL;
    if (!old)
        return;
    qn_device_list_clear(old);
    env = old->own;
    qn_free(&env, old);
}

int qn_device_list_count(const qn_device_list *list)
{
    return list ? list->count : 0;
}

const qn_device_info *qn_device_list_get(const qn_device_list *list, int index)
{
    return list && index >= 0 && index < list->count ? &list->entry[index].info : NULL;
}

const char *qn_device_list_note(const qn_device_list *list, int index)
{
    return list && index >= 0 && index < list->note_count ? list->note[index] : NULL;
}

const char *qn_device_list_error(const qn_device_list *list)
{
    return list ? list->env->message : "out of memory";
}

/* Both loaders, ocl-icd and Khronos's, have this function; without platforms too. */
typedef cl_int (*loader_info_fn)(cl_uint what, size_t size, void *value, size_t *length);

bool qn_opencl_loader(char *text, size_t size)
{
    enum { OCL_VERSION = 1, VERSION, NAME };
    void *address = clGetExtensionFunctionAddress("clGetICDLoaderInfoOCLICD");
    char opencl[64] = "", version[64] = "", name[64] = "";
    loader_info_fn info;

    if (!address)
        return false;
    memcpy(&info, &address, sizeof info); /* ISO C converts no object pointer to a function's */
    if (info(OCL_VERSION, sizeof opencl - 1, opencl, NULL) != CL_SUCCESS ||
        info(VERSION, sizeof version - 1, version, NULL) != CL_SUCCESS ||
        info(NAME, sizeof name - 1, name, NULL) != CL_SUCCESS)
        return false;
    snprintf(text, size, "%s %s, %s", name, version, opencl);
    return true;
}
