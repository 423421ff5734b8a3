r"""Coordinate sweeps: what the outputs change by when one parameter after the other is perturbed.

A perturbed parameter leaves most of a layered network as it was. The activations of the unperturbed network are kept,
and only what a coordinate touches is evaluated anew:

- a weight or bias of a dense hidden layer changes one hidden unit, which is a rank-one update of the next layer. All
  weights that lead to a unit share its effect: the outputs, as a function of the unit's value, are followed by the
  parabola through perturbed values of the unit, which for perturbations of the usual sizes is exact to rounding;
- an entry (a, i, j, b) of a tensor-train core changes the outputs with the digit i alone, by a partial contraction
  V[a, j, b] that all entries of the core share;
- a parameter of the last layer changes one product.

Of a weighted sum over nodes, Σ_j w_j f(x + δ_j), the changes by all weights of a dense layer are a product of two
matrices at each point, (units, J) × (J, inputs): ``sums_at`` takes them from there, without the changes at the nodes.

Activations are perturbed by values z ± η and followed by a parabola between them. Where the perturbations of many
networks differ in factors that are the same at all points, their sums are brought into the order of matrix products.
Larger perturbations, and activations with kinks, are evaluated one by one.

The results are the changes of the perturbed forward passes, up to rounding, and count as that many passes: nothing is
differentiated, and a device that knows nothing but forward passes gives the same numbers. That a computer, which sees
inside the network, evaluates them together at a fraction of the cost is a matter of arithmetic: for two hidden layers
it ends up close to the operations of one pass forth and one back.
"""

from .coordinate import CoordinateSweep as CoordinateSweep
from .parabolas import largest_parabola as largest_parabola
from .weighted import WeightedSweep as WeightedSweep
