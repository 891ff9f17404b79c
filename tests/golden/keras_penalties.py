# SPDX-License-Identifier: Apache-2.0
"""Regularizers (they join the loss) and constraints (they bound weights after each step)."""
from itertools import product

from keras_case import Family, noise

X, Y = noise((14, 6), 8, 4.0), noise((14, 3), 5)
PENALTIES = ("l1", "l2", "l1_l2", "l1(0.03)", "l1(l1=0.05)", "l2(0.02)", "l2(l2=0.1)",
             "l1_l2(l1=0.02, l2=0.03)", "l1_l2(l1=0, l2=0.05)", "l1_l2(0.05, 0)")
BOUNDS = ("max_norm", "max_norm(0.8)", "max_norm(max_value=0.5)", "non_neg", "unit_norm",
          "min_max_norm", "min_max_norm(min_value=0.3, max_value=0.7)",
          "min_max_norm(min_value=1.5, max_value=2, rate=0.5)", "min_max_norm(0.2, 0.9, 0.25)")


def both(cases, name, layers, x=X, y=Y):
    """One step, and three epochs whose last batch is smaller."""
    cases.case(f"{name}, one step", layers, x, y, rate=0.25)
    cases.case(f"{name}, three epochs", layers, x, y, rate=0.125, epochs=3, batch_size=4)


def regularizers():
    cases = Family("regularizers")
    for text in PENALTIES:
        both(cases, f"kernel {text}", f"dense(5, tanh, kernel_regularizer={text}), dense(3)")
    for text in PENALTIES[:4] + PENALTIES[5:8:2]:
        cases.case(f"bias {text}", f"dense(5, tanh, bias_regularizer={text}), dense(3)", X, Y,
                   rate=0.25, epochs=2, batch_size=5)
        both(cases, f"activity {text}", f"dense(5, tanh, activity_regularizer={text}), dense(3)")
    for text in ("orthogonal", "orthogonal(0.5)", "orthogonal(factor=0.3, mode=rows)",
                 "orthogonal(factor=0.3, mode=columns)"):
        both(cases, f"kernel {text}", f"dense(5, tanh, kernel_regularizer={text}), dense(3)")
    for layer in ("batch_normalization", "layer_normalization"):
        for text in ("l1(0.05)", "l2(0.1)", "l1_l2(0.02, 0.03)"):
            layers = (f"dense(6, use_bias=false), {layer}(gamma_regularizer={text}, "
                      f"beta_regularizer={text}), dense(3)")
            cases.case(f"{layer} {text}", layers, X, Y, rate=0.125, epochs=2, batch_size=5)
    for text in ("l1=0.01", "l2=0.02", "l1=0.01, l2=0.02", "0.02, 0.01"):
        both(cases, f"activity_regularization({text})",
             f"dense(5, tanh), activity_regularization({text}), dense(3)")
    both(cases, "activity of rank 3", "dense(5, tanh, activity_regularizer=l2(0.01)), dense(3)",
         noise((14, 2, 6), 9, 4.0), noise((14, 2, 3), 6))
    both(cases, "several at once", "dense(5, tanh, kernel_regularizer=l2(0.01), "
         "bias_regularizer=l1(0.02), activity_regularizer=l2(0.01)), "
         "dense(3, kernel_regularizer=l1_l2(0.01, 0.02))")
    for optimizer in ("adam(learning_rate=0.05)", "sgd(learning_rate=0.1, momentum=0.9)"):
        cases.case(f"kernel l2 with {optimizer}",
                   "dense(5, tanh, kernel_regularizer=l2(0.05)), dense(3)", X, Y,
                   optimizer=optimizer, epochs=3, batch_size=4)
    for options in ("kernel_regularizer=l2(0.1)", "activity_regularizer=l1(0.01)",
                    "bias_regularizer=l1_l2(0.1, 0.2), kernel_regularizer=l1(0.1)"):
        both(cases, f"frozen, {options}",
             f"dense(5, tanh, {options}, trainable=false), dense(3, kernel_regularizer=l2(0.05))")
    cases.case("a metric beside a penalty", "dense(5, tanh, kernel_regularizer=l2(0.05)), dense(3)",
               X, Y, metrics="mean_squared_error", rate=0.125, epochs=2, batch_size=4)
    cases.write()


def constraints():
    cases = Family("constraints")
    for text in BOUNDS:
        both(cases, f"kernel {text}", f"dense(5, tanh, kernel_constraint={text}), dense(3)")
        cases.case(f"bias {text}", f"dense(5, tanh, bias_constraint={text}), dense(3)", X, Y,
                   rate=0.125, epochs=2, batch_size=5)
    for text in ("max_norm(0.8, axis=1)", "unit_norm(axis=1)", "unit_norm(axis=(0, 1))",
                 "min_max_norm(0.3, 0.7, axis=1)", "max_norm(max_value=0.9, axis=(0, 1))"):
        both(cases, f"kernel {text}", f"dense(5, tanh, kernel_constraint={text}), dense(3)")
    both(cases, "frozen", "dense(5, tanh, kernel_constraint=unit_norm, trainable=false), "
         "dense(3, kernel_constraint=max_norm(0.8))")
    for layer, text in product(("batch_normalization", "layer_normalization"),
                               ("non_neg", "max_norm(1.5)", "unit_norm")):
        cases.case(f"{layer} {text}", f"dense(6, use_bias=false), {layer}(gamma_constraint={text}, "
                   f"beta_constraint={text}), dense(3)", X, Y, rate=0.125, epochs=2, batch_size=5)
    for optimizer in ("adam(learning_rate=0.05)", "rmsprop(learning_rate=0.02)",
                      "sgd(learning_rate=0.1, momentum=0.9)"):
        cases.case(f"with {optimizer}", "dense(5, tanh, kernel_constraint=max_norm(0.9), "
                   "bias_constraint=non_neg), dense(3, kernel_constraint=unit_norm)", X, Y,
                   optimizer=optimizer, epochs=3, batch_size=4)
    cases.write()
