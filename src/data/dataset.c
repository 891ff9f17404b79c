/* SPDX-License-Identifier: Apache-2.0 */
/* Datasets by their text: fashion-mnist, idx:DIR, npy:X,Y. */
#include "data/dataset.h"
#include "base/file.h"
#include "base/text.h"
#include "device/context.h"

#include <inttypes.h>

#define FASHION_MNIST_FOLDER "/usr/share/datasets/fashion-mnist"

static const char *const fashion_mnist_classes[] = {
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
    "Sandal",      "Shirt",   "Sneaker",  "Bag",   "Ankle boot"};

void qn_loaded_free(qn_env *env, qn_loaded *loaded)
{
    qn_free(env, loaded->memory);
    *loaded = (qn_loaded){.memory = NULL};
}

/* Every row of x has its row of y. */
static qn_status check_split(qn_env *env, const qn_split *split, const char *x_name,
                             const char *y_name)
{
    const qn_array *x = &split->x.array, *y = &split->y.array;
    if (x->rank == 0 || x->shape[0] == 0)
        return qn_fail(env, QN_ERROR_DATA, "%s holds no samples", x_name);
    if (y->data && (y->rank == 0 || y->shape[0] != x->shape[0]))
        return qn_fail(env, QN_ERROR_DATA,
                       "%s holds %" PRId64 " samples, but %s holds %" PRId64
                       " targets; each sample needs one",
                       x_name, x->shape[0], y_name, y->rank ? y->shape[0] : 0);
    return QN_OK;
}

/* ---- MNIST's files ---- */

/* "<folder>/<stem>-idx<rank>-ubyte", plain or .gz, or with a dot before "idx" as some spread it. */
static qn_status find_file(qn_env *env, const char *folder, const char *stem, int rank, char **path)
{
    static const char *const joints[] = {"-", "-", ".", "."}, *const ends[] = {"", ".gz", "",
                                                                               ".gz"};
    for (int i = 0; i < QN_COUNT(joints); i++) {
        *path = qn_format(env, "%s/%s%sidx%d-ubyte%s", folder, stem, joints[i], rank, ends[i]);
        if (!*path)
            return QN_ERROR_MEMORY;
        if (qn_file_exists(*path))
            return QN_OK;
        qn_free(env, *path);
    }
    *path = NULL;
    return qn_fail(env, QN_ERROR_IO,
                   "%s/%s-idx%d-ubyte is not there, neither plain nor as .gz; the folder must hold "
                   "MNIST's four files: train-images-idx3-ubyte, train-labels-idx1-ubyte, "
                   "t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte",
                   folder, stem, rank);
}

static qn_status read_idx_split(qn_env *env, const char *folder, const char *images,
                                const char *labels, qn_split *split)
{
    char *x_path = NULL, *y_path = NULL;
    qn_status status = find_file(env, folder, images, 3, &x_path);
    if (status == QN_OK)
        status = find_file(env, folder, labels, 1, &y_path);
    if (status == QN_OK)
        status = qn_idx_read(env, x_path, 3, "images", &split->x);
    if (status == QN_OK)
        status = qn_idx_read(env, y_path, 1, "labels", &split->y);
    if (status == QN_OK)
        status = check_split(env, split, x_path, y_path);
    split->x.array.scale = 1.0f / 255.0f;
    qn_free(env, x_path);
    qn_free(env, y_path);
    return status;
}

qn_status qn_dataset_read_idx(qn_dataset *dataset, const char *folder)
{
    qn_env *env = dataset->env;
    qn_split *train = &dataset->split[0], *test = &dataset->split[1];
    if (!qn_file_exists(folder))
        return qn_fail(env, QN_ERROR_IO, "the folder %s of an IDX dataset is not there", folder);
    QN_TRY(read_idx_split(env, folder, "train-images", "train-labels", train));
    QN_TRY(read_idx_split(env, folder, "t10k-images", "t10k-labels", test));
    const int64_t *a = train->x.array.shape, *b = test->x.array.shape;
    if (a[1] != b[1] || a[2] != b[2])
        return qn_fail(env, QN_ERROR_DATA,
                       "%s: its training images have %" PRId64 " x %" PRId64
                       " pixels, its test images %" PRId64 " x %" PRId64,
                       folder, a[1], a[2], b[1], b[2]);
    return QN_OK;
}

qn_status qn_dataset_read_fashion_mnist(qn_dataset *dataset, const char *folder)
{
    if (!qn_file_exists(folder))
        return qn_fail(dataset->env, QN_ERROR_IO,
                       "fashion-mnist is not there: expected its files in %s; install the Debian "
                       "package dataset-fashion-mnist, or name a folder that holds them with "
                       "idx:DIR",
                       folder);
    dataset->classes = fashion_mnist_classes;
    dataset->class_count = QN_COUNT(fashion_mnist_classes);
    return qn_dataset_read_idx(dataset, folder);
}

/* ---- NumPy's files ---- */

qn_status qn_dataset_read_npy(qn_dataset *dataset, const char *paths)
{
    qn_env *env = dataset->env;
    qn_split *split = &dataset->split[0];
    const char *comma = strchr(paths, ',');
    dataset->one_split = true;
    size_t length = comma ? (size_t)(comma - paths) : strlen(paths);
    if (length == 0 || (comma && (!comma[1] || strchr(comma + 1, ','))))
        return qn_fail(env, QN_ERROR_USAGE,
                       "\"npy:%s\": expected one or two files, npy:X.npy or npy:X.npy,Y.npy",
                       paths);
    char *x_path = qn_strndup(env, paths, length);
    if (!x_path)
        return QN_ERROR_MEMORY;
    qn_status status = qn_npy_read(env, x_path, &split->x);
    if (status == QN_OK && comma)
        status = qn_npy_read(env, comma + 1, &split->y);
    if (status == QN_OK)
        status = check_split(env, split, x_path, comma ? comma + 1 : "");
    qn_free(env, x_path);
    return status;
}

/* ---- the public handle ---- */

static const char *after(const char *text, const char *prefix)
{
    size_t length = strlen(prefix);
    return strncmp(text, prefix, length) == 0 ? text + length : NULL;
}

static qn_status unknown_source(qn_env *env, const char *spec)
{
    static const char *const names[] = {"fashion-mnist", "idx", "npy"};
    char name[64];
    size_t length = strcspn(spec, ":");
    if (length >= sizeof name)
        length = sizeof name - 1;
    memcpy(name, spec, length);
    name[length] = '\0';
    const char *nearest = qn_nearest(name, names, QN_COUNT(names));
    return qn_fail(env, QN_ERROR_USAGE,
                   "unknown data \"%s\"%s%s%s; it is one of fashion-mnist, idx:DIR, "
                   "npy:X.npy,Y.npy",
                   spec, nearest ? "; did you mean \"" : "", nearest ? nearest : "",
                   nearest ? "\"?" : "");
}

static qn_status read_source(qn_dataset *dataset, const char *spec)
{
    if (strcmp(spec, "fashion-mnist") == 0)
        return qn_dataset_read_fashion_mnist(dataset, FASHION_MNIST_FOLDER);
    if (after(spec, "idx:"))
        return qn_dataset_read_idx(dataset, after(spec, "idx:"));
    if (after(spec, "npy:"))
        return qn_dataset_read_npy(dataset, after(spec, "npy:"));
    return unknown_source(dataset->env, spec);
}

qn_status qn_dataset_open(qn_context *ctx, const char *spec, qn_dataset **dataset)
{
    *dataset = qn_alloc(&ctx->env, sizeof **dataset);
    if (!*dataset)
        return QN_ERROR_MEMORY;
    (*dataset)->env = &ctx->env;
    qn_status status = read_source(*dataset, spec);
    if (status != QN_OK)
        qn_dataset_destroy(dataset);
    return status;
}

void qn_dataset_destroy(qn_dataset **dataset)
{
    qn_dataset *d = *dataset;
    if (!d)
        return;
    for (int i = 0; i < 2; i++) {
        qn_loaded_free(d->env, &d->split[i].x);
        qn_loaded_free(d->env, &d->split[i].y);
    }
    qn_free(d->env, d);
    *dataset = NULL;
}

qn_status qn_dataset_get(qn_dataset *dataset, const char *split, qn_array *x, qn_array *y)
{
    bool test = strcmp(split, "test") == 0;
    if (!test && strcmp(split, "train") != 0)
        return qn_fail(dataset->env, QN_ERROR_USAGE,
                       "unknown split \"%s\"; it is one of train, test", split);
    const qn_split *found = &dataset->split[test && !dataset->one_split];
    if (x)
        *x = found->x.array;
    if (y)
        *y = found->y.array;
    return QN_OK;
}

const char *qn_dataset_class(const qn_dataset *dataset, int index)
{
    return index >= 0 && index < dataset->class_count ? dataset->classes[index] : NULL;
}
