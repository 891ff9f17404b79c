# SPDX-License-Identifier: Apache-2.0
"""PyTorch: tensors indexed by a permutation (no DataLoader, which is slower here), the fused Adam;
--variant eager, or compile: forward and loss through torch.compile."""
import torch
from torch import nn

import common


def build(hidden, activation):
    layers, inputs = [nn.Flatten()], 784
    for units in hidden:
        layers += [nn.Linear(inputs, units), nn.Sigmoid() if activation == "sigmoid" else nn.ReLU()]
        inputs = units
    model = nn.Sequential(*layers, nn.Linear(inputs, 10))
    for layer in model:
        if isinstance(layer, nn.Linear):  # as Keras begins
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)
    return model


args = common.arguments()
clock = common.Clock(args.began)
(x, y), (x_test, y_test) = [(torch.from_numpy(images), torch.from_numpy(labels).long())
                            for images, labels in common.fashion_mnist(args.data)]
model = build(args.hidden, args.activation)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, eps=1e-7, fused=True)


def loss_of(images, labels):
    logits = model(images)
    return nn.functional.cross_entropy(logits, labels), (logits.argmax(1) == labels).sum()


if args.variant == "compile":
    loss_of = torch.compile(loss_of)
for _ in range(args.epochs):
    clock.begin()
    total, right = torch.zeros(()), torch.zeros((), dtype=torch.long)
    for rows in torch.randperm(len(x)).split(args.batch_size):
        optimizer.zero_grad()
        loss, correct = loss_of(x[rows], y[rows])
        loss.backward()
        optimizer.step()
        total += loss.detach() * len(rows)
        right += correct
    total.item(), right.item()
    clock.end()

run = torch.compile(model) if args.variant == "compile" else model
with torch.inference_mode():
    accuracy = (model(x_test).argmax(1) == y_test).float().mean().item()
    memory = common.peak_memory()
    predict = common.time_predict(lambda: run(x_test).softmax(1).numpy())
title = "eager" if args.variant == "eager" else "torch.compile"
common.answer(f"PyTorch {torch.__version__.split('+')[0]}, {title}, fused Adam", clock.epochs,
              clock.first, memory, accuracy, predict)
