/* SPDX-License-Identifier: Apache-2.0 */
/* Variables in segments, one per role; gradients and slots share the parameters' layout. */
#include "graph/storage.h"
#include "base/util.h"

qn_status qn_storage_create(qn_device *device, qn_storage **out)
{
    *out = NULL;
    qn_env *env = qn_device_env(device);
    qn_storage *storage = qn_alloc(env, sizeof *storage);
    if (storage == NULL)
        return QN_ERROR_MEMORY;
    storage->device = device;
    storage->env = env;
    *out = storage;
    return QN_OK;
}

static void free_variable(qn_env *env, qn_variable *variable)
{
    qn_buffer_destroy(&variable->buffer);
    qn_free(env, variable->name);
    qn_free(env, variable->initial);
    qn_free(env, variable);
}

void qn_storage_destroy(qn_storage **address)
{
    if (address == NULL || *address == NULL)
        return;
    qn_storage *storage = *address;
    for (size_t i = 0; i < storage->count; i++)
        free_variable(storage->env, storage->variable[i]);
    for (int i = 0; i < storage->slot_count; i++)
        qn_buffer_destroy(&storage->slot[i]);
    qn_buffer_destroy(&storage->segment[QN_ROLE_PARAMETER]);
    qn_buffer_destroy(&storage->segment[QN_ROLE_STATE]);
    qn_free(storage->env, storage->variable);
    qn_free(storage->env, storage);
    *address = NULL;
}

qn_status qn_storage_declare(qn_storage *storage, const char *name, qn_role role,
                             const qn_shape *shape, const float *initial, qn_variable **out)
{
    qn_env *env = storage->env;
    *out = NULL;
    if (storage->committed)
        return qn_fail(env, QN_ERROR_USAGE,
                       "variable '%s': variables must be made before the first function is created",
                       name);
    QN_TRY(qn_grow(env, &storage->variable, &storage->capacity, storage->count + 1,
                   sizeof(qn_variable *)));
    qn_variable *variable = qn_alloc(env, sizeof *variable);
    if (variable == NULL)
        return QN_ERROR_MEMORY;
    variable->storage = storage;
    variable->role = role;
    variable->dtype = QN_F32;
    variable->shape = *shape;
    variable->count = qn_shape_count(shape, 1);
    variable->name = qn_strdup(env, name);
    variable->initial = qn_alloc_array(env, (size_t)variable->count, sizeof(float));
    if (variable->name == NULL || variable->initial == NULL) {
        free_variable(env, variable);
        return QN_ERROR_MEMORY;
    }
    if (initial != NULL)
        memcpy(variable->initial, initial, (size_t)variable->count * sizeof(float));
    storage->variable[storage->count++] = variable;
    *out = variable;
    return QN_OK;
}

/* Writes a whole segment at once from the variables' initial values; gaps stay zero. */
static qn_status fill_segment(qn_storage *storage, qn_role role)
{
    char *image = qn_alloc(storage->env, storage->bytes[role]);
    if (image == NULL)
        return QN_ERROR_MEMORY;
    for (size_t i = 0; i < storage->count; i++) {
        const qn_variable *variable = storage->variable[i];
        if (variable->role == role)
            memcpy(image + variable->offset, variable->initial,
                   (size_t)variable->count * sizeof(float));
    }
    qn_status status = qn_buffer_write(storage->segment[role], 0, storage->bytes[role], image);
    qn_free(storage->env, image);
    return status;
}

static qn_status commit_segment(qn_storage *storage, qn_role role)
{
    size_t alignment = qn_device_alignment(storage->device);
    size_t bytes = 0;
    for (size_t i = 0; i < storage->count; i++) {
        qn_variable *variable = storage->variable[i];
        if (variable->role != role)
            continue;
        variable->offset = bytes;
        bytes = qn_align_up(bytes + (size_t)variable->count * sizeof(float), alignment);
    }
    storage->bytes[role] = bytes;
    if (bytes == 0)
        return QN_OK;
    QN_TRY(qn_buffer_create_for(storage->device,
                                role == QN_ROLE_PARAMETER ? QN_USE_PARAMETERS : QN_USE_STATE, bytes,
                                &storage->segment[role]));
    for (size_t i = 0; i < storage->count; i++) {
        qn_variable *variable = storage->variable[i];
        if (variable->role == role)
            QN_TRY(qn_buffer_slice(storage->segment[role], variable->offset,
                                   (size_t)variable->count * sizeof(float), &variable->buffer));
    }
    return fill_segment(storage, role);
}

/* Back to where only the host has the values, so that a failed commit can be tried again. */
static void undo_commit(qn_storage *storage)
{
    for (size_t i = 0; i < storage->count; i++)
        qn_buffer_destroy(&storage->variable[i]->buffer);
    qn_buffer_destroy(&storage->segment[QN_ROLE_PARAMETER]);
    qn_buffer_destroy(&storage->segment[QN_ROLE_STATE]);
}

qn_status qn_storage_commit(qn_storage *storage)
{
    if (storage->committed)
        return QN_OK;
    qn_status status = commit_segment(storage, QN_ROLE_PARAMETER);
    if (status == QN_OK)
        status = commit_segment(storage, QN_ROLE_STATE);
    if (status != QN_OK) {
        undo_commit(storage);
        return status;
    }
    for (size_t i = 0; i < storage->count; i++) {
        qn_free(storage->env, storage->variable[i]->initial);
        storage->variable[i]->initial = NULL;
    }
    storage->committed = true;
    return QN_OK;
}

qn_status qn_storage_slots(qn_storage *storage, int count)
{
    for (int i = 0; i < storage->slot_count; i++)
        qn_buffer_destroy(&storage->slot[i]);
    storage->slot_count = 0;
    if (storage->bytes[QN_ROLE_PARAMETER] == 0)
        return QN_OK;
    for (int i = 0; i < count; i++) {
        QN_TRY(qn_buffer_create_for(storage->device, QN_USE_SLOTS,
                                    storage->bytes[QN_ROLE_PARAMETER], &storage->slot[i]));
        storage->slot_count = i + 1;
    }
    return QN_OK;
}

qn_status qn_storage_read_slot(qn_storage *storage, int slot, const qn_variable *variable,
                               float *values)
{
    return qn_buffer_read(storage->slot[slot], variable->offset,
                          (size_t)variable->count * sizeof(float), values);
}

qn_status qn_storage_write_slot(qn_storage *storage, int slot, const qn_variable *variable,
                                const float *values)
{
    return qn_buffer_write(storage->slot[slot], variable->offset,
                           (size_t)variable->count * sizeof(float), values);
}

qn_status qn_variable_read(qn_variable *variable, float *values)
{
    size_t bytes = (size_t)variable->count * sizeof(float);
    if (variable->buffer != NULL)
        return qn_buffer_read(variable->buffer, 0, bytes, values);
    memcpy(values, variable->initial, bytes);
    return QN_OK;
}

qn_status qn_variable_write(qn_variable *variable, const float *values)
{
    size_t bytes = (size_t)variable->count * sizeof(float);
    if (variable->buffer != NULL)
        return qn_buffer_write(variable->buffer, 0, bytes, values);
    memcpy(variable->initial, values, bytes);
    return QN_OK;
}
