/* SPDX-License-Identifier: Apache-2.0 */
/* One device as found: what it says of itself, its id, and why it is left out. */
#include "base/util.h"
#include "device/internal.h"
#include <CL/cl_ext.h>
#include <stdlib.h>

/* NVIDIA's numbers, of which the Khronos headers have only some. */
#define NV_PCI_BUS_ID 0x4008
#define NV_PCI_SLOT_ID 0x4009
#define NV_PCI_DOMAIN_ID 0x400A

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

static char *device_text(qn_env *env, cl_device_id id, cl_device_info what)
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

char *qn_cl_platform_text(qn_env *env, cl_platform_id id, cl_platform_info what)
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

void qn_device_entry_free(qn_env *env, qn_device_entry *entry)
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

qn_status qn_device_entry_describe(qn_device_list *list, qn_device_entry *entry)
{
    qn_env *env = list->env;
    qn_device_info *info = &entry->info;
    char *extensions;

    info->name = device_text(env, entry->id, CL_DEVICE_NAME);
    info->vendor = device_text(env, entry->id, CL_DEVICE_VENDOR);
    info->driver = device_text(env, entry->id, CL_DRIVER_VERSION);
    info->version = device_text(env, entry->id, CL_DEVICE_VERSION);
    info->platform_name = qn_cl_platform_text(env, entry->platform, CL_PLATFORM_NAME);
    entry->platform_version = qn_cl_platform_text(env, entry->platform, CL_PLATFORM_VERSION);
    info->platform = info->platform_name ? platform_short(env, info->platform_name) : NULL;
    extensions = device_text(env, entry->id, CL_DEVICE_EXTENSIONS);
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
