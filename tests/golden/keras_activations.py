# SPDX-License-Identifier: Apache-2.0
"""Activations: forward, and backward through a step of gradient descent on the layer before."""
import numpy as np

from keras_case import Family, given, noise

# The argument's spread where the function's range is not ruled by a few huge values.
NARROW = {"exponential": 8.0, "softmax": 8.0}
TEXTS = (["linear", "sigmoid", "tanh", "relu", "relu6", "softmax", "selu", "gelu", "silu", "softplus",
          "softsign", "hard_sigmoid", "exponential", "leaky_relu", "elu",
          "gelu(approximate=true)", "gelu(true)"]
         + [f"leaky_relu(negative_slope={v})" for v in (0, 0.01, 0.1, 0.5, 1)] + ["leaky_relu(0.3)"]
         + [f"elu(alpha={v})" for v in (0, 0.1, 0.5, 2)] + ["elu(1.5)"])


def wide(spread):
    """Small and large arguments of both signs, down to 1e-6 and up to 20, none at a kink."""
    x = np.concatenate([noise(48, 1, 4.0).values, noise(36, 2, spread).values]).reshape(14, 6)
    x[0] = [1e-3, -1e-3, 1e-6, -1e-6, 20 * spread / 32, -20 * spread / 32]
    return given(x)


def family():
    cases = Family("activations")
    eye = [given(np.eye(6, dtype="f4"))]
    for text in TEXTS:
        x = wide(NARROW.get(text, 32.0))
        cases.case(f"activation({text})", f"dense(6, linear, use_bias=false), activation({text})", x,
                   noise((14, 6), 3), weights=eye, rate="auto")
        cases.case(f"dense(6, {text})", f"dense(6, {text})", noise((14, 6), 8, 4.0),
                   noise((14, 6), 3), rate="auto")
    zeros = wide(8.0).values
    zeros[1, :4] = [0, -0.0, 1e-30, -1e-30]
    for text in ("relu", "tanh", "sigmoid", "softsign"):  # Keras: the slope of relu at 0 is 0
        cases.case(f"{text} of zeros", f"dense(6, linear, use_bias=false), activation({text})",
                   given(zeros), noise((14, 6), 3), weights=eye, rate="auto")
    for text in TEXTS[:15]:
        cases.case(f"{text} of rank 3", f"dense(5, {text}), dense(3, {text})",
                   noise((9, 2, 4), 6, 4.0), noise((9, 2, 3), 7), rate="auto")
    cases.write()
