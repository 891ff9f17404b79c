# SPDX-License-Identifier: Apache-2.0
"""Callbacks that follow results: how many epochs run, at which rates, and with which weights."""
import numpy as np

from keras_case import Family, given, noise, one_hot

X = noise((20, 6), 8, 4.0)
# Losses that swing while they fall: a linear map learnt with much momentum.
SWINGING = {"layers": "dense(1)", "y": given(X.values @ noise((6, 1), 30).values),
            "optimizer": "sgd(learning_rate=0.02, momentum=0.95)", "epochs": 24}
# A validation loss that falls, then rises; accuracies that stand still for some epochs.
OVERFITTING = {"layers": "dense(5, tanh), dense(3, softmax)",
               "y": given(one_hot(np.arange(20) * 7 % 3, 3)), "loss": "categorical_crossentropy",
               "metrics": "accuracy", "optimizer": "sgd(learning_rate=0.25)", "epochs": 16}

STOPPING = ("patience=0", "patience=1", "patience=2", "patience=4", "patience=9", "",
            "monitor=loss", "monitor=loss, patience=1", "monitor=loss, patience=3, min_delta=0.1",
            "patience=2, restore_best_weights=true", "patience=5, restore_best_weights=true",
            "patience=50, restore_best_weights=true", "patience=2, min_delta=0.3",
            "patience=3, baseline=1", "patience=3, baseline=0.1",
            "patience=3, baseline=0.1, restore_best_weights=true",
            "patience=1, start_from_epoch=5", "patience=2, start_from_epoch=9, "
            "restore_best_weights=true", "patience=2, mode=min", "patience=2, mode=max",
            "monitor=loss, patience=1, mode=max, restore_best_weights=true")
STOPPING_ACCURACY = ("monitor=val_accuracy, patience=2", "monitor=accuracy, patience=1",
                     "monitor=val_accuracy, patience=3, restore_best_weights=true",
                     "monitor=accuracy, patience=4, min_delta=0.1", "monitor=val_accuracy, mode=max",
                     "monitor=accuracy, patience=2, mode=min", "patience=2, monitor=val_loss",
                     "patience=1, restore_best_weights=true", "monitor=accuracy, baseline=0.7, "
                     "patience=3")
REDUCING = ("patience=1", "patience=2, factor=0.5", "patience=3", "factor=0.5, patience=1, cooldown=2",
            "factor=0.5, patience=1, cooldown=1, min_lr=0.006", "factor=0.2, patience=1, min_lr=0.001",
            "monitor=loss, patience=1, factor=0.5", "monitor=loss, patience=2, min_delta=0.2",
            "patience=1, min_delta=0.3, factor=0.7", "patience=2, mode=max, factor=0.5",
            "patience=0, factor=0.9", "")
REDUCING_ACCURACY = ("monitor=val_accuracy, patience=2, factor=0.5", "monitor=accuracy, patience=1, "
                     "factor=0.8", "monitor=val_accuracy, mode=max, patience=1, cooldown=1")
SCHEDULES = ("exponential_decay(0.05, 3, 0.5)", "piecewise_constant_decay((2, 6), (0.02, 0.01, 0.04))",
             "cosine_decay(0.05, 10)", "inverse_time_decay(0.05, 2, 0.5, staircase=true)")
TOGETHER = ("reduce_lr_on_plateau(patience=1, factor=0.5), early_stopping(patience=4)",
            "early_stopping(monitor=loss, patience=2), reduce_lr_on_plateau(patience=1, factor=0.2)",
            "learning_rate_scheduler(exponential_decay(0.02, 3, 0.9)), "
            "early_stopping(patience=3, restore_best_weights=true)",
            "terminate_on_nan, early_stopping(patience=2)")


def family():
    cases = Family("callbacks")

    def run(label, callbacks, model):
        cases.case(f"{label}: {callbacks}", x=X, batch_size=5, validation_split=0.4,
                   callbacks=callbacks, **model)

    for options in STOPPING:
        run("swinging", f"early_stopping({options})", SWINGING)
    for options in STOPPING_ACCURACY:
        run("overfitting", f"early_stopping({options})", OVERFITTING)
    for options in REDUCING:
        run("swinging", f"reduce_lr_on_plateau({options})", SWINGING)
    for options in REDUCING_ACCURACY:
        run("overfitting", f"reduce_lr_on_plateau({options})", OVERFITTING)
    for schedule in SCHEDULES:
        run("swinging", f"learning_rate_scheduler({schedule})", SWINGING)
    for callbacks in TOGETHER:
        run("swinging", callbacks, SWINGING)
    run("adam", "reduce_lr_on_plateau(monitor=val_loss, patience=2, factor=0.5), early_stopping("
        "patience=6)", dict(OVERFITTING, optimizer="adam(learning_rate=0.1)"))
    cases.write()
