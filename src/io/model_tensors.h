/* SPDX-License-Identifier: Apache-2.0 */
/* The tensors of a model's file: its weights under their names ("dense/kernel"), the optimizer's
 * state ("optimizer/velocity/dense/kernel"), what callbacks keep ("callback/0/values"). No layer's
 * name has a '/', so no two are the same. */
#ifndef IO_MODEL_TENSORS_H
#define IO_MODEL_TENSORS_H

#include "io/safetensors.h"
#include "nn/model.h"

typedef struct qn_model_tensors {
    qn_model *model;
    int count;
    qn_tensor *tensor;         /* their names are owned */
    struct tensor_place *from; /* where the values of each are */
} qn_model_tensors;

qn_status qn_model_tensors_list(qn_model *model, qn_model_tensors *list);
void qn_model_tensors_free(qn_model_tensors *list);
/* For qn_safetensors_write: `user` is the list. */
qn_status qn_model_tensors_read(void *user, int index, float *values);

/* Slots of optimizer state that a file of the model holds: all or none. */
int qn_model_saved_slots(const qn_model *model);
/* The steps that the saved state has seen: 0 where there is none, as it starts anew. */
uint32_t qn_model_saved_iterations(const qn_model *model);
const char *qn_model_slot_name(const qn_model *model, int slot);
/* Names to be freed with qn_free; NULL when memory ran out. */
char *qn_model_slot_tensor(const qn_model *model, int slot, const qn_variable *variable);
char *qn_model_callback_tensor(const qn_model *model, size_t index);

#endif
