/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of option tables that several subcommands share. */
#ifndef QUERN_MODEL_OPTIONS_H
#define QUERN_MODEL_OPTIONS_H

#include "options.h"

#define DATA_HELP "fashion-mnist, idx:DIR (MNIST's four files) or npy:X.npy,Y.npy"

#define DATA_WORDS ((const char *const[]){"fashion-mnist", "idx:", "npy:", NULL})
#define DEVICE_WORDS                                                                               \
    ((const char *const[]){"auto", "cpu", "gpu", "igpu", "accelerator", "all", "gpu/cpu", NULL})

#define DEVICE_OPTION                                                                              \
    {                                                                                              \
        "--device", OPTION_TEXT, offsetof(arguments, device), "DEVICE", NULL,                      \
            "which device: auto, 0, pocl:0, cpu, gpu, a piece of its name, gpu/cpu; "              \
            "$QUERN_DEVICE or auto when not given",                                                \
            .suggestion = DEVICE_WORDS                                                             \
    }
#define GEMM_NAMES ((const char *const[]){"auto", "quern", "clblast", NULL})
#define GEMM_OPTION                                                                                \
    {                                                                                              \
        "--gemm", OPTION_TEXT, offsetof(arguments, gemm), "WHICH", "auto",                         \
            "matrix products: quern's own kernels, clblast, or auto by the kind of device",        \
            .choice = GEMM_NAMES                                                                   \
    }
#define JSON_OPTION                                                                                \
    {                                                                                              \
        "--json", OPTION_FLAG, offsetof(arguments, json), NULL, NULL,                              \
            "print one JSON object instead of text"                                                \
    }
#define QUIET_OPTION                                                                               \
    {                                                                                              \
        "--quiet", OPTION_FLAG, offsetof(arguments, quiet), NULL, NULL,                            \
            "no progress and no notes, only results"                                               \
    }
#define BATCH_OPTION                                                                               \
    {                                                                                              \
        "--batch-size", OPTION_INT, offsetof(arguments, batch_size), "N", "32",                    \
            "samples in a step", .alias = "--batch", .minimum = 1, .below = 2147483648.0           \
    }

#define WEIGHT_OPTION                                                                              \
    {                                                                                              \
        "--sample-weight", OPTION_TEXT, offsetof(arguments, sample_weight), "FILE", NULL,          \
            "a .npy file with a weight for the loss of each sample"                                \
    }

/* What a model is compiled with. */
#define COMPILE_OPTIONS                                                                            \
    {"--optimizer",                                                                                \
     OPTION_TEXT,                                                                                  \
     offsetof(arguments, optimizer),                                                               \
     "TEXT",                                                                                       \
     "adam",                                                                                       \
     "such as sgd(learning_rate=0.1)",                                                             \
     .names = "optimizer"},                                                                        \
        {"--loss",                                                                                 \
         OPTION_TEXT,                                                                              \
         offsetof(arguments, loss),                                                                \
         "NAME",                                                                                   \
         "categorical_crossentropy",                                                               \
         "what is minimized",                                                                      \
         .names = "loss"},                                                                         \
    {                                                                                              \
        "--metrics", OPTION_TEXT, offsetof(arguments, metrics), "LIST", "accuracy",                \
            "what is shown beside the loss, separated by commas", .names = "metric"                \
    }

/* What train and plan make a model from. */
#define MODEL_OPTIONS(...)                                                                         \
    {"--data", OPTION_TEXT, offsetof(arguments, data), "SPEC",                                     \
     NULL,     DATA_HELP,   .suggestion = DATA_WORDS,  __VA_ARGS__},                               \
        {"--layers",                                                                               \
         OPTION_TEXT,                                                                              \
         offsetof(arguments, layers),                                                              \
         "TEXT",                                                                                   \
         NULL,                                                                                     \
         "the model, such as \"flatten, dense(100, sigmoid), dense(10, softmax)\"; needed "        \
         "without --init",                                                                         \
         .names = "layer"},                                                                        \
        {"--init", OPTION_TEXT, offsetof(arguments, init),                                         \
         "FILE",   NULL,        "begin with a saved model: its layers, weights and optimizer"},    \
        COMPILE_OPTIONS, BATCH_OPTION,                                                             \
        {"--seed",                                                                                 \
         OPTION_INT,                                                                               \
         offsetof(arguments, seed),                                                                \
         "N",                                                                                      \
         NULL,                                                                                     \
         "of weights and shuffling; drawn at random and printed when not given"},                  \
        DEVICE_OPTION, GEMM_OPTION

/* What eval and predict take. */
#define SPLIT_NAMES ((const char *const[]){"train", "test", NULL})
#define TRAINED_OPTIONS                                                                            \
    {"--model",       OPTION_TEXT,     offsetof(arguments, model), "FILE", NULL,                   \
     "a saved model", .required = true},                                                           \
        {"--data", OPTION_TEXT, offsetof(arguments, data), "SPEC",                                 \
         NULL,     DATA_HELP,   .suggestion = DATA_WORDS,  .required = true},                      \
        {"--split", OPTION_TEXT,     offsetof(arguments, split), "NAME",                           \
         "test",    "train or test", .choice = SPLIT_NAMES},                                       \
        BATCH_OPTION, DEVICE_OPTION, GEMM_OPTION

#endif
