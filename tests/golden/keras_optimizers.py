# SPDX-License-Identifier: Apache-2.0
"""Optimizers with each option for ten steps (the last batch of each epoch is smaller), and
learning-rate schedules."""
from itertools import product

import keras_text
from keras_case import Family, given, nine, noise, one_hot
from keras_losses import LABELS

X = noise((14, 6), 8, 4.0)
LAYERS = "dense(8, tanh), dense(6, softmax)"
RULES = {"sgd": ("learning_rate=0.2", "learning_rate=0.1, momentum=0.9",
                 "learning_rate=0.1, momentum=0.9, nesterov=true",
                 "learning_rate=0.1, momentum=0.5, nesterov=true"),
         "rmsprop": ("learning_rate=0.02", "learning_rate=0.02, rho=0.5",
                     "learning_rate=0.02, momentum=0.5", "learning_rate=0.02, centered=true",
                     "learning_rate=0.02, momentum=0.5, centered=true, epsilon=0.001"),
         "adam": ("learning_rate=0.02", "learning_rate=0.02, amsgrad=true",
                  "learning_rate=0.02, beta_1=0.5, beta_2=0.8, epsilon=0.01, amsgrad=true"),
         "adamw": ("learning_rate=0.02", "learning_rate=0.02, amsgrad=true",
                   "learning_rate=0.02, weight_decay=0.1")}
EXTRAS = ("", "weight_decay=0.05", "clipnorm=0.1", "clipvalue=0.01", "global_clipnorm=0.2",
          "weight_decay=0.05, clipnorm=0.1", "weight_decay=0.02, global_clipnorm=0.2")
DEFAULTS = ("sgd", "rmsprop", "adam", "adamw")


def ten_steps(cases, name, optimizer, **more):
    cases.case(name, LAYERS, X, given(one_hot(LABELS, 6)), loss="categorical_crossentropy",
               metrics="accuracy", optimizer=optimizer, epochs=2, batch_size=3, **more)


def optimizers():
    cases = Family("optimizers")
    for text in DEFAULTS + ("sgd(learning_rate=0.2)", "sgd(0.3, 0.8, true)",
                            "adam(learning_rate=0.02, beta_1=0.5, beta_2=0.8, epsilon=0.01)",
                            "adam(learning_rate=0.02, beta_1=0)", "adam(0.01, 0.8, 0.95)",
                            "rmsprop(0.01, 0.8)"):
        ten_steps(cases, f"text {text}", text)
    ten_steps(cases, "no optimizer given", None)
    for name, rules in RULES.items():
        for rule, extra in product(rules, EXTRAS):
            if "weight_decay" in rule and "weight_decay" in extra:
                continue
            options = ", ".join(filter(None, (rule, extra)))
            ten_steps(cases, f"{name}({options})", f"{name}({options})")
    # Clipping that does nothing, and clipping of one tensor among several.
    for extra in ("clipnorm=100", "clipvalue=100", "global_clipnorm=100", "clipnorm=0.5",
                  "clipvalue=0.1", "global_clipnorm=0.6"):
        ten_steps(cases, f"sgd(learning_rate=0.2, {extra})", f"sgd(learning_rate=0.2, {extra})")
    cases.write()


SCHEDULES = (
    "exponential_decay(0.1, 10, 0.5)",
    "exponential_decay(initial_learning_rate=0.1, decay_steps=7, decay_rate=0.9)",
    "exponential_decay(0.1, 6, 0.5, staircase=true)",
    "cosine_decay(0.1, 20)", "cosine_decay(0.1, 15, alpha=0.1)",
    "cosine_decay(0, 20, warmup_target=0.1, warmup_steps=10)",
    "cosine_decay(0.01, 12, alpha=0.2, warmup_target=0.1, warmup_steps=5)",
    "piecewise_constant_decay((10, 20), (0.1, 0.05, 0.01))",
    "piecewise_constant_decay(boundaries=(3,), values=(0.02, 0.1))",
    "polynomial_decay(0.1, 20)", "polynomial_decay(0.1, 12, end_learning_rate=0.02, power=2)",
    "polynomial_decay(0.1, 7, end_learning_rate=0.01, power=0.5, cycle=true)",
    "inverse_time_decay(0.1, 5, 0.5)", "inverse_time_decay(0.1, 4, 0.5, staircase=true)",
    "cosine_decay_restarts(0.1, 5)",
    "cosine_decay_restarts(0.1, 4, t_mul=1.5, m_mul=0.8, alpha=0.1)",
    "cosine_decay_restarts(0.1, 6, t_mul=1)")


def schedules():
    """30 steps of a small model; and the rates themselves, which a model shows whose gradient is
    -1 whatever its weight."""
    cases = Family("schedules")
    for schedule in SCHEDULES:
        rates = [nine(keras_text.read("schedule", schedule)[0](step)) for step in range(40)]
        cases.add({"name": f"rates of {schedule}", "optimizer": f"sgd(learning_rate={schedule})",
                   "rates": rates})
    for i, schedule in enumerate(SCHEDULES):
        optimizers_ = ["sgd(learning_rate={})"]
        optimizers_ += ["adam(learning_rate={})"] if i % 3 == 0 else []
        optimizers_ += ["sgd(learning_rate={}, momentum=0.9, clipnorm=0.5)"] if i % 5 == 0 else []
        for optimizer in optimizers_:
            text = optimizer.format(schedule)
            cases.case(text, LAYERS, X, given(one_hot(LABELS, 6)), loss="categorical_crossentropy",
                       optimizer=text, epochs=6, batch_size=3)
    cases.write()
