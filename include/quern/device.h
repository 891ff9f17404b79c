/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * Finding devices, and the text that selects them.
 *
 * A selection is one of
 * - `auto`: the best single device by a short measured score, remembered per driver; until
 *   measured, GPUs first;
 * - an index (`0`), as listed;
 * - `platform:device` (`pocl:0`), with short platform names pocl, intel, nvidia, amd, rusticl,
 *   clover, oclgrind, else a piece of the platform's name;
 * - a sub-device (`pocl:0.1`: the second of the device's single compute units);
 * - a type: `cpu`, `gpu`, `igpu` (a GPU with unified host memory), `accelerator`: its first device;
 * - a piece of the device's name (`radeon`); more than one match is an error that lists them;
 * - a device's id, as `quern devices` shows it;
 * - `all`: every usable device, one driver per chip (the faster one).
 *
 * A comma makes a set, a slash an order of preference among sets (`gpu/cpu`). Upper and lower case
 * are equal. A device that is skipped by `auto` and `all` is used when it is named.
 */
#ifndef QUERN_DEVICE_H
#define QUERN_DEVICE_H

#include <quern/context.h>

QN_HEADER_BEGIN

/** One device of one platform. Strings belong to the list or context it came from. */
typedef struct qn_device_info {
    size_t size;
    int index;            /**< position in the list; selects the device */
    const char *id;       /**< stays the same between runs: UUID, PCI address, else a name hash */
    const char *selector; /**< `platform:device`, such as "pocl:0" */
    const char *platform; /**< platform's short name */
    const char *platform_name;
    const char *name;
    const char *type; /**< "cpu", "gpu", "igpu" or "accelerator" */
    const char *vendor;
    const char *driver;      /**< driver version */
    const char *version;     /**< OpenCL version the device states */
    uint64_t memory;         /**< global memory, bytes */
    uint64_t max_allocation; /**< largest single buffer, bytes */
    uint64_t local_memory;   /**< bytes a work-group */
    uint32_t compute_units;
    uint32_t max_work_group;
    bool fp16, fp64;
    const char *skipped;      /**< why `auto` and `all` leave it out; NULL: usable */
    const char *duplicate_of; /**< selector of the same chip under another driver, or NULL */
} qn_device_info;

typedef struct qn_device_list qn_device_list;

/** Lists every device of every platform. After a failure the list carries the error
 * (qn_device_list_error), or is NULL when out of memory. No platform at all is QN_ERROR_DEVICE. */
QN_API QN_MUST_USE qn_status qn_device_list_create(qn_device_list **list);
QN_API void qn_device_list_destroy(qn_device_list **list);
QN_API int qn_device_list_count(const qn_device_list *list);
/** Borrowed from the list; NULL when out of range. */
QN_API const qn_device_info *qn_device_list_get(const qn_device_list *list, int index);
/** What to know of platforms that have no device (and what would give them one), one sentence
 * each; NULL past the end. */
QN_API const char *qn_device_list_note(const qn_device_list *list, int index);
QN_API const char *qn_device_list_error(const qn_device_list *list);

/** The devices that a context uses: count, and each one's description (borrowed). */
QN_API int qn_context_device_count(const qn_context *ctx);
QN_API const qn_device_info *qn_context_device(const qn_context *ctx, int index);

QN_HEADER_END

#endif
