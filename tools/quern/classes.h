/* SPDX-License-Identifier: Apache-2.0 */
/* Outputs as classes: what was predicted, and what is true. */
#ifndef QUERN_CLASSES_H
#define QUERN_CLASSES_H

#include "command.h"

/* A model's outputs for the first rows of samples. */
typedef struct outputs {
    int64_t rows, columns; /* columns: numbers in a row, whatever their shape */
    float *values;
    qn_array array; /* the same in its shape; borrowed */
    bool classes;   /* they are probabilities of classes; one column is that of class 1 */
} outputs;

/* Room for the outputs of `rows` samples. outputs_free in any case. */
qn_status outputs_make(const qn_model *model, int64_t rows, outputs *o);
/* Predicts the first o->rows samples. */
qn_status outputs_predict(const arguments *a, qn_model *model, const samples *s, outputs *o);
void outputs_free(outputs *o);

bool outputs_are_classes(const qn_model *model);
int64_t class_count(const outputs *o);
int64_t predicted_class(const outputs *o, int64_t row, double *probability);
/* -1 when the data does not say. */
int64_t true_class(const outputs *o, const samples *s, int64_t row);
/* NULL when the dataset does not say. */
const char *class_name(const samples *s, int64_t index);
/* "7 Sneaker", "7" or, below 0, "-"; returns `buffer`. */
const char *class_text(const samples *s, int64_t index, char *buffer, size_t size);

/* One element of an array, unscaled. */
double element_at(const qn_array *array, int64_t index);

#endif
