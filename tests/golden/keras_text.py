# SPDX-License-Identifier: Apache-2.0
"""Keras's objects from Quern's text: `dense(6, gelu, kernel_regularizer=l2(1e-4))`.

So each case is written once, and what Keras computes is what the text says. The text's grammar is
close enough to Python's that Python's own parser reads it; a name is looked up in Keras by kind,
regardless of case and underscores, and what a nested call makes follows from its keyword.
"""
import ast
import inspect

import keras
from keras import (activations, callbacks, constraints, initializers, layers, losses, metrics,
                   optimizers, regularizers)

MODULES = {"layer": layers, "activation": activations, "loss": losses, "metric": metrics,
           "optimizer": optimizers, "schedule": optimizers.schedules, "regularizer": regularizers,
           "constraint": constraints, "initializer": initializers, "callback": callbacks}
OTHER_NAMES = {"orthogonal": {"regularizer": "orthogonal_regularizer"},
               "identity": {"initializer": "identity_initializer"}}
WORDS = {"true": True, "false": False, "none": None}
# What a call as a positional argument of such a thing is: activation(elu(0.5)), sgd(...decay(...)).
POSITIONAL = {"layer": "activation", "optimizer": "schedule", "callback": "schedule"}


def find(kind, name):
    """What Keras calls by this name: a class, or a function (activations)."""
    name = OTHER_NAMES.get(name, {}).get(kind, name).replace("_", "").lower()
    found = [getattr(MODULES[kind], attribute) for attribute in sorted(dir(MODULES[kind]))
             if attribute.replace("_", "").lower() == name]
    wanted = [item for item in found if inspect.isclass(item) == (kind != "activation")]
    if not wanted:
        raise KeyError(f"Keras has no {kind} called {name}")
    return wanted[0]


def kind_of(keyword, owner):
    if keyword is None:
        return POSITIONAL[owner]
    if keyword in ("learning_rate", "schedule"):
        return "schedule"
    return keyword.rsplit("_", 1)[-1]  # kernel_regularizer, bias_initializer, activation, ...


def argument(node, keyword, owner):
    if isinstance(node, ast.Name) and node.id in WORDS:
        return WORDS[node.id]
    # Keras reads names of activations itself; of other parts it does not know all by their names.
    part = keyword and kind_of(keyword, owner) in ("regularizer", "constraint", "initializer")
    if isinstance(node, ast.Name) and not part:
        return node.id
    if isinstance(node, (ast.Call, ast.Name)):
        return make(node, kind_of(keyword, owner))
    return ast.literal_eval(node)


def real(value):
    return float(value) if type(value) is int else value


def make(node, kind):
    name = node.func.id if isinstance(node, ast.Call) else node.id
    args, keywords = [], {}
    if isinstance(node, ast.Call):
        args = [argument(a, None, kind) for a in node.args]
        keywords = {k.arg: argument(k.value, k.arg, kind) for k in node.keywords}
    made = find(kind, name)
    if kind in ("optimizer", "schedule"):  # Keras wants 1.0 where the text says 1
        args, keywords = [real(a) for a in args], {k: real(v) for k, v in keywords.items()}
    if kind == "activation":
        return lambda x: made(x, *args, **keywords)
    if kind == "callback" and name == "learning_rate_scheduler":
        # Quern's takes a schedule of the epoch, Keras's a function.
        schedule = args[0] if args else keywords["schedule"]
        return made(lambda epoch: float(schedule(epoch)))
    return made(*args, **keywords)


def items(text):
    return ast.parse(f"({text},)", mode="eval").body.elts if text else []


def read(kind, text):
    """A list of Keras's objects. Plain names of losses and metrics stay names: Keras itself then
    chooses ("accuracy" by shapes)."""
    plain = kind in ("loss", "metric")
    return [node.id if plain and isinstance(node, ast.Name) else make(node, kind)
            for node in items(text)]


def class_weight(text):
    """`0=1, 3=2.5` -> {0: 1.0, 3: 2.5}"""
    pairs = (pair.split("=") for pair in text.split(","))
    return {int(label): float(weight) for label, weight in pairs}


def sequential(shape, text):
    """A fresh model: input of this shape (of one sample), then the text's layers."""
    keras.utils.set_random_seed(1)
    return keras.Sequential([keras.Input(shape)] + read("layer", text))
