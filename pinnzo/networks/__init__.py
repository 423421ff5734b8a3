"""Networks: tensor-train and dense perceptrons, and adapters for torch modules and black boxes."""

from pinnzo.networks.base import BoundNetwork as BoundNetwork
from pinnzo.networks.base import Network as Network
from pinnzo.networks.black_box import BlackBox as BlackBox
from pinnzo.networks.mlp import MLP as MLP
from pinnzo.networks.modules import TorchModule as TorchModule
from pinnzo.networks.paper import paper_hjb as paper_hjb
from pinnzo.networks.paper import paper_mnist as paper_mnist
from pinnzo.networks.settings import NetworkSettings as NetworkSettings
from pinnzo.networks.settings import build_network as build_network
from pinnzo.networks.subprocess import Subprocess as Subprocess
from pinnzo.networks.tensor_train import TensorTrainMatrix as TensorTrainMatrix
from pinnzo.networks.tensor_train import balanced_modes as balanced_modes
from pinnzo.networks.tensor_train_mlp import TensorTrainMLP as TensorTrainMLP
