"""Training by forward queries: objectives, gradient estimators and the trainers that use them."""

from .autodiff_gauss_newton import AutodiffGaussNewton as AutodiffGaussNewton
from .base import Objective as Objective
from .base import Trainer as Trainer
from .base import TrainerState as TrainerState
from .budget import Budget as Budget
from .conversion import TRAINERS as TRAINERS
from .conversion import as_trainer as as_trainer
from .conversion import trainer_named as trainer_named
from .coordinate_gradient import CoordinateGradient as CoordinateGradient
from .data_objective import DataObjective as DataObjective
from .first_order import FirstOrder as FirstOrder
from .gradients import GradientEstimate as GradientEstimate
from .gradients import GradientEstimator as GradientEstimator
from .history import History as History
from .history import Record as Record
from .hybrid import HybridZO as HybridZO
from .lbfgs import LBFGS as LBFGS
from .levenberg_marquardt import LevenbergMarquardt as LevenbergMarquardt
from .losses import CrossEntropy as CrossEntropy
from .losses import OutputLoss as OutputLoss
from .losses import SquaredError as SquaredError
from .random_gradient import RandomGradient as RandomGradient
from .sampling import ResidualAdaptive as ResidualAdaptive
from .update import Update as Update
from .zeroth_order import ZerothOrder as ZerothOrder
