/* SPDX-License-Identifier: Apache-2.0 */
/* quern eval's classes: the confusion matrix, and each class's precision and recall. */
#include "eval.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define MOST_CLASSES 1000

/* ---- counting ---- */

static int no_classes(const char *found)
{
    fprintf(stderr, "quern eval: --confusion, --worst and --per-class are about classes; %s\n",
            found);
    return EXIT_USAGE;
}

int check_classes(const eval_run *r)
{
    int64_t shape[QN_MAX_RANK];
    if (!outputs_are_classes(r->model))
        return no_classes("the model's loss or its outputs have none");
    if (!r->a->confusion || qn_model_output_shape(r->model, shape) != 1 || shape[0] <= MOST_CLASSES)
        return EXIT_OK;
    fprintf(stderr,
            "quern eval: --confusion shows at most %d classes, and the model has %" PRId64
            "; --per-class --json has the numbers\n",
            MOST_CLASSES, shape[0]);
    return EXIT_USAGE;
}

static int count_rows(eval_run *r)
{
    int64_t classes = class_count(&r->o);
    for (int64_t row = 0; row < r->o.rows; row++) {
        double probability;
        int64_t truth = true_class(&r->o, &r->s, row);
        if (truth < 0 || truth >= classes)
            return no_classes("the targets of this data name none");
        r->count[truth * classes + predicted_class(&r->o, row, &probability)]++;
    }
    return EXIT_OK;
}

int count_classes(eval_run *r)
{
    qn_status status = outputs_make(r->model, r->s.x.shape[0], &r->o);
    if (status == QN_OK)
        status = outputs_predict(r->a, r->model, &r->s, &r->o);
    if (status != QN_OK)
        return report_failure(r->ctx, status);
    int64_t classes = class_count(&r->o);
    r->count = calloc((size_t)(classes * classes), sizeof *r->count);
    if (!r->count)
        return out_of_memory();
    return count_rows(r);
}

static int64_t support(const eval_run *r, int64_t class)
{
    int64_t classes = class_count(&r->o), sum = 0;
    for (int64_t i = 0; i < classes; i++)
        sum += r->count[class * classes + i];
    return sum;
}

static int64_t predictions_of(const eval_run *r, int64_t class)
{
    int64_t classes = class_count(&r->o), sum = 0;
    for (int64_t i = 0; i < classes; i++)
        sum += r->count[i * classes + class];
    return sum;
}

/* NaN where there is nothing to divide by. */
typedef struct scores {
    double precision, recall, f1;
    int64_t support;
} scores;

static scores scores_of(const eval_run *r, int64_t class)
{
    double hits = (double)r->count[class * class_count(&r->o) + class];
    double found = (double)predictions_of(r, class);
    scores s = {.support = support(r, class)};
    double real = (double)s.support;
    s.precision = hits / found;
    s.recall = hits / real;
    s.f1 = 2 * hits / (found + real);
    return s;
}

/* ---- results ---- */

static void print_score(double value)
{
    if (value == value)
        printf("%11.4f", value);
    else
        printf("%11s", "-");
}

void print_per_class(const eval_run *r)
{
    printf("\n%-20s%11s%11s%11s%11s\n", "class", "precision", "recall", "f1", "support");
    for (int64_t i = 0; i < class_count(&r->o); i++) {
        char name[64];
        scores s = scores_of(r, i);
        printf("%-20s", class_text(&r->s, i, name, sizeof name));
        print_score(s.precision);
        print_score(s.recall);
        print_score(s.f1);
        printf("%11" PRId64 "\n", s.support);
    }
}

void json_add_per_class(json_t *object, const eval_run *r)
{
    int64_t classes = class_count(&r->o);
    json_t *list = json_array(), *matrix = json_array();
    for (int64_t i = 0; i < classes; i++) {
        scores s = scores_of(r, i);
        json_t *row = json_array(), *class = json_object();
        json_object_set_new(class, "class", json_integer(i));
        json_object_set_new(class, "name", json_text(class_name(&r->s, i)));
        json_object_set_new(class, "precision", json_number(s.precision));
        json_object_set_new(class, "recall", json_number(s.recall));
        json_object_set_new(class, "f1", json_number(s.f1));
        json_object_set_new(class, "support", json_integer(s.support));
        json_array_append_new(list, class);
        for (int64_t k = 0; k < classes; k++)
            json_array_append_new(row, json_integer(r->count[i * classes + k]));
        json_array_append_new(matrix, row);
    }
    json_object_set_new(object, "classes", list);
    json_object_set_new(object, "confusion_matrix", matrix);
}

int draw_confusion_matrix(const eval_run *r)
{
    int64_t classes = class_count(&r->o);
    confusion c = {classes, r->count, r->s.dataset, r->a->split};
    return pictures->confusion(r->ctx, r->a->confusion, &c);
}
