"""The residual of the Hamilton–Jacobi–Bellman equation as one would write it by hand for automatic differentiation.

With u = Σ_i x_i + (1 − t) f the residual u_t + Δu − ‖∇u‖²/d + 2 of ``hjb`` in d space variables is

    (1 − t) (f_t + Δf) − f − ‖1 + (1 − t) ∇f‖²/d + 2,

so that the gradient of a network f and its Laplacian in space are all that is asked for. There are no pinnzo calls in
it but those that read the dense matrices out of θ, once for a call.
"""

from __future__ import annotations

import torch

from pinnzo.networks.layered import LayeredNetwork

Layers = list[tuple[torch.Tensor, torch.Tensor]]


def dense_layers(network: LayeredNetwork, theta: torch.Tensor) -> Layers:
    """Weight (outputs, inputs) and bias (outputs,) of each layer, for θ (d,)."""
    found = []
    for layer in network.layers:
        flat = theta[layer.weight]
        weight = flat if layer.matrix is None else layer.matrix.dense(flat[None])
        found.append((weight.reshape(layer.outputs, layer.inputs), theta[layer.bias]))
    return found


def nested_reverse(network: LayeredNetwork, theta: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """By ``torch.autograd.grad``: the gradient, and each of its space components differentiated once more.

    Args:
        network: with sine units, its inputs from [0, 1].
        theta: its parameters, (d,).
        x: points, (P, D), time last.

    Returns:
        The residuals (P,).
    """
    layers = dense_layers(network, theta)
    at = x.clone().requires_grad_()
    h = 2 * at - 1
    for weight, bias in layers[:-1]:
        h = torch.sin(torch.nn.functional.linear(h, weight, bias))
    values = torch.nn.functional.linear(h, *layers[-1])[:, 0]
    (slopes,) = torch.autograd.grad(values.sum(), at, create_graph=True)
    total = torch.zeros_like(values)
    space = x.shape[1] - 1
    for axis in range(space):
        (second,) = torch.autograd.grad(slopes[:, axis].sum(), at, retain_graph=axis < space - 1)
        # Each is added up at once: no D × D matrix is held.
        total = total + second[:, axis]
    return _residual(x, values.detach(), slopes.detach(), total.detach())


def forward_laplacian(network: LayeredNetwork, theta: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """By hand in forward mode: the values, all first derivatives and the Laplacian go through the layers together.

    It takes the inside of the network, and D + 2 products a layer: the least of the exact ways. See ``nested_reverse``
    for the arguments.
    """
    layers = dense_layers(network, theta)
    count, space = len(x), x.shape[1] - 1
    weight, bias = layers[0]
    h = torch.nn.functional.linear(2 * x - 1, weight, bias)
    # The first layer's tangents are the same at all points: 2 W.
    tangents = (2 * weight.T)[:, None].expand(-1, count, -1)
    laplacian = torch.zeros_like(h)
    for weight, bias in layers[1:]:
        sine, cosine = torch.sin(h), torch.cos(h)
        laplacian = cosine * laplacian - sine * tangents[:space].square().sum(0)
        stacked = torch.cat([cosine * tangents, laplacian[None], sine[None]])
        products = torch.nn.functional.linear(stacked, weight)
        tangents, laplacian, h = products[:-2], products[-2], products[-1] + bias
    return _residual(x, h[:, 0], tangents[..., 0].T, laplacian[:, 0])


def _residual(x: torch.Tensor, values: torch.Tensor, slopes: torch.Tensor, laplacian: torch.Tensor) -> torch.Tensor:
    space, left = x.shape[1] - 1, 1 - x[:, -1]
    norm = (1 + left[:, None] * slopes[:, :-1]).square().sum(1)
    return left * (slopes[:, -1] + laplacian) - values - norm / space + 2
