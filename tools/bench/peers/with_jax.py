# SPDX-License-Identifier: Apache-2.0
"""Plain JAX: a whole epoch, shuffle and all, in one compiled scan; the rows that are left over make
a last, smaller step within it."""
import functools

import jax
import jax.numpy as jnp

import common

LEARNING_RATE, BETA_1, BETA_2, EPSILON = 1e-3, 0.9, 0.999, 1e-7


def first_weights(sizes, key):
    glorot = jax.nn.initializers.glorot_uniform()
    keys = jax.random.split(key, len(sizes))
    return [(glorot(k, (inputs, units)), jnp.zeros(units))
            for k, inputs, units in zip(keys, sizes, sizes[1:])]


def logits_of(weights, x):
    for kernel, bias in weights[:-1]:
        x = activation(x @ kernel + bias)
    kernel, bias = weights[-1]
    return x @ kernel + bias


def loss_of(weights, x, y):
    logits = logits_of(weights, x)
    chosen = jnp.take_along_axis(jax.nn.log_softmax(logits), y[:, None], 1)
    return -chosen.mean(), (logits.argmax(1) == y).sum()


def step(x, y, state, rows):
    weights, m, v, t = state
    (loss, right), g = jax.value_and_grad(loss_of, has_aux=True)(weights, x[rows], y[rows])
    t = t + 1
    m = jax.tree.map(lambda m, g: BETA_1 * m + (1 - BETA_1) * g, m, g)
    v = jax.tree.map(lambda v, g: BETA_2 * v + (1 - BETA_2) * g * g, v, g)
    rate = LEARNING_RATE * jnp.sqrt(1 - BETA_2 ** t) / (1 - BETA_1 ** t)
    weights = jax.tree.map(lambda w, m, v: w - rate * m / (jnp.sqrt(v) + EPSILON), weights, m, v)
    return (weights, m, v, t), (loss * len(rows), right)


@functools.partial(jax.jit, donate_argnums=2)
def epoch(x, y, state, key):
    rows = jax.random.permutation(key, len(x))
    whole = len(x) // args.batch_size * args.batch_size
    state, (losses, rights) = jax.lax.scan(functools.partial(step, x, y), state,
                                           rows[:whole].reshape(-1, args.batch_size))
    loss, right = losses.sum(), rights.sum()
    if whole < len(x):
        state, (last_loss, last_right) = step(x, y, state, rows[whole:])
        loss, right = loss + last_loss, right + last_right
    return state, loss / len(x), right / len(x)


args = common.arguments()
clock = common.Clock(args.began)
activation = getattr(jax.nn, args.activation)
(x, y), (x_test, y_test) = [(images.reshape(-1, 784), labels)
                            for images, labels in common.fashion_mnist(args.data)]
x, y = jnp.asarray(x), jnp.asarray(y)
weights = first_weights([784, *args.hidden, 10], jax.random.key(0))
zeros = functools.partial(jax.tree.map, jnp.zeros_like)
state = weights, zeros(weights), zeros(weights), jnp.float32(0)
for number in range(args.epochs):
    clock.begin()
    state, loss, right = epoch(x, y, state, jax.random.key(number))
    float(loss), float(right)
    clock.end()

predict_one = jax.jit(lambda weights, x: jax.nn.softmax(logits_of(weights, x)))
accuracy = float((logits_of(state[0], x_test).argmax(1) == y_test).mean())
memory = common.peak_memory()
predict = common.time_predict(lambda: jax.device_get(predict_one(state[0], x_test)))
common.answer(f"JAX {jax.__version__}, an epoch in one scan", clock.epochs, clock.first, memory,
              accuracy, predict)
