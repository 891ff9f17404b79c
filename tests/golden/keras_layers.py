# SPDX-License-Identifier: Apache-2.0
"""Dense and Flatten; and the layers of chance where there is none: inference, and a rate of 0."""
from keras_case import Family, noise

X = noise((17, 5), 4, 4.0)
CHANCE = ("dropout", "alpha_dropout", "gaussian_dropout", "gaussian_noise")


def family():
    cases = Family("layers")
    for bias in ("true", "false"):
        cases.case(f"dense, bias {bias}", f"dense(7, tanh, use_bias={bias}), dense(3)", X,
                   noise((17, 3), 5), rate="auto")
    cases.case("frozen dense", "dense(7, tanh, trainable=false), dense(3)", X, noise((17, 3), 5),
               rate="auto")
    cases.case("flatten", "flatten, dense(3, tanh)", noise((9, 2, 4), 6), noise((9, 3), 7),
               rate="auto")
    cases.case("flatten inside", "dense(5, tanh), flatten, dense(3)", noise((9, 2, 4), 6),
               noise((9, 3), 7), rate="auto")
    for name in CHANCE:
        cases.case(f"{name}, inference", f"dense(7, tanh), {name}(0.4), dense(3)", X,
                   noise((17, 3), 5), train=False)
        cases.case(f"{name} of nothing", f"dense(7, tanh), {name}(0), dense(3)", X,
                   noise((17, 3), 5), rate="auto")
    cases.write()
