# SPDX-License-Identifier: Apache-2.0
"""What Keras refuses, and so does Quern: each line is one mistake."""
import numpy as np

import keras_text
from keras_case import Family, compile_model

MISTAKES = (
    {"layers": "dense(3), dropout(1.5)"}, {"layers": "dense(3), dropout(-0.1)"},
    {"layers": "dense(0)"}, {"layers": "dense(-3)"},
    {"layers": "batch_normalization(axis=2), dense(3)"},
    {"layers": "group_normalization(groups=4), dense(3)"},
    {"layers": "group_normalization(groups=12), dense(3)"},
    {"layers": "group_normalization(groups=0), dense(3)"},
    {"layers": "layer_normalization(axis=2), dense(3)"},
    {"layers": "rms_normalization(axis=2), dense(3)"},
    {"layers": "unit_normalization(axis=2), dense(3)"},
    {"layers": "normalization(mean=1), dense(3)"},
    {"layers": "normalization(variance=1), dense(3)"},
    {"layers": "normalization(axis=2), dense(3)"},
    {"layers": "normalization(mean=(1, 2, 3, 4, 5, 6), variance=(1, 2)), dense(3)"},
    {"layers": "dense(3, kernel_regularizer=l1(-1))"},
    {"layers": "dense(3, kernel_regularizer=l2(-0.5))"},
    {"layers": "dense(3, kernel_regularizer=orthogonal(0.1, diagonals))"},
    {"layers": "dense(3, bias_regularizer=orthogonal)"},
    {"layers": "dense(3, kernel_initializer=variance_scaling(scale=0))"},
    {"layers": "dense(3, kernel_initializer=variance_scaling(mode=fan_sideways))"},
    {"layers": "dense(3, kernel_initializer=variance_scaling(distribution=cauchy))"},
    {"layers": "dense(3, bias_initializer=identity)"},
    {"optimizer": "sgd(momentum=-0.5)"}, {"optimizer": "sgd(momentum=1.5)"},
    {"optimizer": "sgd(clipnorm=1, clipvalue=1)"}, {"optimizer": "adam(clipnorm=1, global_clipnorm=1)"},
    {"optimizer": "rmsprop(clipvalue=1, global_clipnorm=1)"},
    {"optimizer": "sgd(learning_rate=exponential_decay(0.1, 0, 0.5))"},
    {"optimizer": "sgd(learning_rate=cosine_decay(0.1, 0))"},
    {"optimizer": "sgd(learning_rate=polynomial_decay(0.1, 0))"},
    {"optimizer": "sgd(learning_rate=piecewise_constant_decay((10, 20), (0.1, 0.05)))"},
    {"callbacks": "reduce_lr_on_plateau(factor=1)"}, {"callbacks": "reduce_lr_on_plateau(factor=2)"},
    {"callbacks": "early_stopping(monitor=val_loss, mode=auto), reduce_lr_on_plateau(factor=1.5)"},
    {"class_weight": "0=1, 1=2", "sample_weight": True},
)


def keras_refuses(mistake):
    x, y = np.zeros((4, 6), "f4"), np.zeros((4, 3), "f4")
    try:
        model = keras_text.sequential((6,), mistake["layers"])
        compile_model(model, mistake["optimizer"], "categorical_crossentropy", "")
        model.fit(x, y, verbose=0, callbacks=keras_text.read("callback", mistake["callbacks"]),
                  sample_weight=np.ones(4) if "sample_weight" in mistake else None,
                  class_weight=keras_text.class_weight(mistake["class_weight"])
                  if "class_weight" in mistake else None)
    except (ValueError, ZeroDivisionError, IndexError, TypeError) as error:
        return str(error)
    return None


def family():
    cases = Family("refused")
    for mistake in MISTAKES:
        whole = {"layers": "dense(3)", "optimizer": "sgd", "callbacks": "", **mistake}
        if not keras_refuses(whole):
            print(f"  Keras takes {mistake}")
            continue
        name = ", ".join(str(text) for key, text in mistake.items() if key != "sample_weight")
        cases.add({"name": name, "refused": True, "inputs": 6, **whole})
    cases.write()
