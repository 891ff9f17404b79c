/* SPDX-License-Identifier: Apache-2.0 */
/* Every device of every platform: what it says of itself, its id, and why it is left out. */
#include "base/util.h"
#include "device/internal.h"
#include <CL/cl_ext.h>
#include <stdlib.h>

/* NVIDIA's numbers, of which the Khronos headers have only some. */
#define NV_PCI_BUS_ID 0x4008
#define NV_PCI_SLOT_ID 0x4009
#define NV_PCI_DOMAIN_ID 0x400A

#define MAX_PLATFORMS 32
#define MAX_PLATFORM_DEVICES 64

typedef struct short_name {
    const char *piece, *name;
} short_name;

static const short_name short_names[] = {
    {"Portable Computing Language", "pocl"},
    {"rusticl", "rusticl"},
    {"Clover", "clover"},
    {"Oclgrind", "oclgrind"},
    {"NVIDIA", "nvidia"},
    {"AMD", "amd"},
    {"Intel", "intel"},
};

/* The short name, else the first word of the platform's name in lower case. */
static char *platform_short(qn_env *env, const char *name)
{
    size_t length = strcspn(name, " \t(");
    char *word;

    for (int i = 0; i < QN_COUNT(short_names); i++)
        if (qn_contains_nocase(name, short_names[i].piece))
            return qn_strdup(env, short_names[i].name);
    word = length ? qn_strndup(env, name, length) : qn_strdup(env, "unnamed");
    for (char *at = word; at && *at; at++) {
        if (*at >= 'A' && *at <= 'Z')
            *at += 'a' - 'A';
        else if (strchr(":,/.", *at))
            *at = '-';
    }
    return word;
}

/* Without blanks around it: Intel's names have some. */
static void trim(char *text)
{
    size_t skip = strspn(text, " \t\n"), length = strlen(text + skip);

    while (length > 0 && strchr(" \t\n", text[skip + length - 1]))
        length--;
    memmove(text, text + skip, length);
    text[length] = '\0';
}

char *qn_cl_device_text(qn_env *env, cl_device_id id, cl_device_info what)
{
    size_t bytes = 0;
    char *text;

    if (clGetDeviceInfo(id, what, 0, NULL, &bytes) != CL_SUCCESS)
        bytes = 0;
    text = qn_alloc(env, bytes + 1);
    if (text && bytes && clGetDeviceInfo(id, what, bytes, text, NULL) != CL_SUCCESS)
        text[0] = '\0';
    if (text)
        trim(text);
    return text;
}

static char *platform_text(qn_env *env, cl_platform_id id, cl_platform_info what)
{
    size_t bytes = 0;
    char *text;

    if (clGetPlatformInfo(id, what, 0, NULL, &bytes) != CL_SUCCESS)
        bytes = 0;
    text = qn_alloc(env, bytes + 1);
    if (text && bytes && clGetPlatformInfo(id, what, bytes, text, NULL) != CL_SUCCESS)
        text[0] = '\0';
    if (text)
        trim(text);
    return text;
}

/* A number of any width as the driver has it; 0 when it does not say. */
static uint64_t device_number(cl_device_id id, cl_device_info what)
{
    union {
        cl_uint u32;
        cl_ulong u64;
    } value = {.u64 = 0};
    size_t bytes = 0;

    if (clGetDeviceInfo(id, what, sizeof value, &value, &bytes) != CL_SUCCESS)
        return 0;
    return bytes == sizeof value.u32 ? value.u32 : value.u64;
}

static const char *type_name(cl_device_id id)
{
    cl_device_type type = device_number(id, CL_DEVICE_TYPE);

    /* A simulator states all types: the CPU's is the one that is true. */
    if (type & CL_DEVICE_TYPE_CPU)
        return "cpu";
    if (type & CL_DEVICE_TYPE_GPU)
        return device_number(id, CL_DEVICE_HOST_UNIFIED_MEMORY) ? "igpu" : "gpu";
    return "accelerator";
}

/* UUID and PCI address, by whichever extension has them. */
static void find_address(qn_device_entry *entry, const char *extensions)
{
    cl_device_id id = entry->id;
    unsigned char any = 0;

    if (strstr(extensions, "cl_khr_device_uuid") &&
        clGetDeviceInfo(id, CL_DEVICE_UUID_KHR, sizeof entry->uuid, entry->uuid, NULL) ==
            CL_SUCCESS) {
        for (int i = 0; i < QN_COUNT(entry->uuid); i++)
            any |= entry->uuid[i];
        entry->uuid_known = any != 0;
    }
    if (strstr(extensions, "cl_khr_pci_bus_info")) {
        cl_device_pci_bus_info_khr pci;

        if (clGetDeviceInfo(id, CL_DEVICE_PCI_BUS_INFO_KHR, sizeof pci, &pci, NULL) == CL_SUCCESS) {
            entry->pci_known = true;
            entry->pci[0] = pci.pci_domain;
            entry->pci[1] = pci.pci_bus;
            entry->pci[2] = pci.pci_device;
            entry->pci[3] = pci.pci_function;
        }
    } else if (strstr(extensions, "cl_nv_device_attribute_query")) {
        entry->pci_known = true;
        entry->pci[0] = (uint32_t)device_number(id, NV_PCI_DOMAIN_ID);
        entry->pci[1] = (uint32_t)device_number(id, NV_PCI_BUS_ID);
        entry->pci[2] = (uint32_t)device_number(id, NV_PCI_SLOT_ID) >> 3;
        entry->pci[3] = (uint32_t)device_number(id, NV_PCI_SLOT_ID) & 7;
    } else if (strstr(extensions, "cl_amd_device_attribute_query")) {
        cl_device_topology_amd topology;

        if (clGetDeviceInfo(id, CL_DEVICE_TOPOLOGY_AMD, sizeof topology, &topology, NULL) ==
                CL_SUCCESS &&
            topology.raw.type == CL_DEVICE_TOPOLOGY_TYPE_PCIE_AMD) {
            entry->pci_known = true;
            entry->pci[1] = (unsigned char)topology.pcie.bus;
            entry->pci[2] = (unsigned char)topology.pcie.device;
            entry->pci[3] = (unsigned char)topology.pcie.function;
        }
    }
}

/* UUID, else PCI address, else a hash of what does not change between runs. */
static char *make_id(qn_env *env, const qn_device_entry *entry, int ordinal)
{
    const unsigned char *u = entry->uuid;
    uint64_t hash;

    if (entry->uuid_known)
        return qn_format(env,
                         "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
                         u[0], u[1], u[2], u[3], u[4], u[5], u[6], u[7], u[8], u[9], u[10], u[11],
                         u[12], u[13], u[14], u[15]);
    if (entry->pci_known)
        return qn_format(env, "%04x:%02x:%02x.%x", entry->pci[0], entry->pci[1], entry->pci[2],
                         entry->pci[3]);
    hash = qn_hash_text(QN_HASH_START, entry->info.platform_name);
    hash = qn_hash(hash, entry->info.name, strlen(entry->info.name) + 1);
    hash = qn_hash(hash, &ordinal, sizeof ordinal);
    return qn_format(env, "name-%016llx", (unsigned long long)hash);
}

/* How many listed devices have the same short platform name, or the same name as well. */
static int ordinal_of(const qn_device_list *list, const char *platform, const char *name)
{
    int ordinal = 0;

    for (int i = 0; i < list->count; i++)
        ordinal += strcmp(list->entry[i].info.platform, platform) == 0 &&
                   (!name || strcmp(list->entry[i].info.name, name) == 0);
    return ordinal;
}

static bool below_1_2(const char *version)
{
    char *end;
    long major, minor;

    if (strncmp(version, "OpenCL ", 7) != 0)
        return true;
    major = strtol(version + 7, &end, 10);
    minor = *end == '.' ? strtol(end + 1, NULL, 10) : 0;
    return major < 1 || (major == 1 && minor < 2);
}

/* Why `auto` and `all` leave it out. */
static qn_status find_skip(qn_env *env, qn_device_entry *entry)
{
    qn_device_info *info = &entry->info;
    const char *skip = NULL;

    entry->quirks = qn_quirks_of(info->platform_name, entry->platform_version, info->name, &skip) |
                    qn_quirks_of(info->platform_name, info->driver, info->name, &skip);
    entry->unusable = true;
    if (!device_number(entry->id, CL_DEVICE_AVAILABLE))
        skip = "the driver says that it is not available";
    else if (!device_number(entry->id, CL_DEVICE_COMPILER_AVAILABLE))
        skip = "its driver has no compiler";
    else if (below_1_2(info->version))
        skip = "its OpenCL version is below 1.2";
    else
        entry->unusable = false;
    if (skip) {
        info->skipped = qn_strdup(env, skip);
        return info->skipped ? QN_OK : QN_ERROR_MEMORY;
    }
    return QN_OK;
}

static void free_entry(qn_env *env, qn_device_entry *entry)
{
    qn_device_info *info = &entry->info;

    qn_free(env, (char *)info->id);
    qn_free(env, (char *)info->selector);
    qn_free(env, (char *)info->platform);
    qn_free(env, (char *)info->platform_name);
    qn_free(env, (char *)info->name);
    qn_free(env, (char *)info->vendor);
    qn_free(env, (char *)info->driver);
    qn_free(env, (char *)info->version);
    qn_free(env, (char *)info->skipped);
    qn_free(env, entry->platform_version);
}

static qn_status describe(qn_device_list *list, qn_device_entry *entry)
{
    qn_env *env = list->env;
    qn_device_info *info = &entry->info;
    char *extensions;

    info->name = qn_cl_device_text(env, entry->id, CL_DEVICE_NAME);
    info->vendor = qn_cl_device_text(env, entry->id, CL_DEVICE_VENDOR);
    info->driver = qn_cl_device_text(env, entry->id, CL_DRIVER_VERSION);
    info->version = qn_cl_device_text(env, entry->id, CL_DEVICE_VERSION);
    info->platform_name = platform_text(env, entry->platform, CL_PLATFORM_NAME);
    entry->platform_version = platform_text(env, entry->platform, CL_PLATFORM_VERSION);
    info->platform = info->platform_name ? platform_short(env, info->platform_name) : NULL;
    extensions = qn_cl_device_text(env, entry->id, CL_DEVICE_EXTENSIONS);
    if (!info->name || !info->vendor || !info->driver || !info->version || !info->platform ||
        !entry->platform_version || !extensions) {
        qn_free(env, extensions);
        return QN_ERROR_MEMORY;
    }
    info->size = sizeof *info;
    info->index = entry->first = list->count;
    info->type = type_name(entry->id);
    info->memory = device_number(entry->id, CL_DEVICE_GLOBAL_MEM_SIZE);
    info->max_allocation = device_number(entry->id, CL_DEVICE_MAX_MEM_ALLOC_SIZE);
    info->local_memory = device_number(entry->id, CL_DEVICE_LOCAL_MEM_SIZE);
    info->compute_units = (uint32_t)device_number(entry->id, CL_DEVICE_MAX_COMPUTE_UNITS);
    info->max_work_group = (uint32_t)device_number(entry->id, CL_DEVICE_MAX_WORK_GROUP_SIZE);
    info->fp16 = strstr(extensions, "cl_khr_fp16") != NULL;
    info->fp64 = strstr(extensions, "cl_khr_fp64") != NULL;
    find_address(entry, extensions);
    qn_free(env, extensions);
    info->id = make_id(env, entry, ordinal_of(list, info->platform, info->name));
    info->selector =
        qn_format(env, "%s:%d", info->platform, ordinal_of(list, info->platform, NULL));
    if (!info->id || !info->selector)
        return QN_ERROR_MEMORY;
    return find_skip(env, entry);
}

static qn_status add_device(qn_device_list *list, cl_platform_id platform, cl_device_id id)
{
    qn_device_entry entry = {.platform = platform, .id = id};
    qn_status status = describe(list, &entry);

    if (status == QN_OK)
        status = qn_grow(list->env, &list->entry, &list->capacity, (size_t)list->count + 1,
                         sizeof *list->entry);
    if (status != QN_OK) {
        free_entry(list->env, &entry);
        return status;
    }
    list->entry[list->count++] = entry;
    return QN_OK;
}

static qn_status add_note(qn_device_list *list, cl_platform_id platform, cl_int error)
{
    char *name = platform_text(list->env, platform, CL_PLATFORM_NAME), *note = NULL;
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
        free_entry(list->env, &list->entry[i]);
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
