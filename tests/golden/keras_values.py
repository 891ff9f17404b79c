# SPDX-License-Identifier: Apache-2.0
"""Writes the data of the golden tests: what Keras itself (JAX backend) answers.

In a virtual environment: pip install keras jax numpy; then
    python keras_values.py [FAMILY...]           writes FAMILY.json; without arguments all families,
                                                 in 8 minutes of one core
    python keras_values.py --check [FAMILY...]   computes again in float64, and says which written
                                                 values are too rounded to be compared with
Needs the Debian package dataset-fashion-mnist. The C tests know nothing of Keras: they read these
files, do the same through Quern's public API, and compare.
"""
import os
import sys

checking = "--check" in sys.argv[1:]
os.environ["KERAS_BACKEND"] = "jax"
os.environ["JAX_ENABLE_X64"] = str(int(checking))
import keras

keras.config.set_floatx("float64" if checking else "float32")
import keras_activations
import keras_callbacks
import keras_initializers
import keras_layers
import keras_losses
import keras_normalizations
import keras_optimizers
import keras_penalties
import keras_refused
import keras_trainings

FAMILIES = {
    "layers": keras_layers.family,
    "activations": keras_activations.family,
    "losses": keras_losses.losses,
    "metrics": keras_losses.metrics,
    "weighted": keras_losses.sample_weights,
    "on_batch": keras_losses.on_batch,
    "normalizations": keras_normalizations.family,
    "regularizers": keras_penalties.regularizers,
    "constraints": keras_penalties.constraints,
    "optimizers": keras_optimizers.optimizers,
    "schedules": keras_optimizers.schedules,
    "initializers": keras_initializers.family,
    "callbacks": keras_callbacks.family,
    "refused": keras_refused.family,
    "trainings": keras_trainings.family,
}

wanted = [argument for argument in sys.argv[1:] if argument != "--check"]
for name in wanted or FAMILIES:
    if checking and name in ("initializers", "refused"):
        continue  # nothing computed there
    FAMILIES[name]()
