"""Ready callbacks: early stopping, a history that can be followed, TensorBoard, records of logging."""

from pinnzo.callbacks.early_stopping import EarlyStopping as EarlyStopping
from pinnzo.callbacks.history_file import HistoryFile as HistoryFile
from pinnzo.callbacks.run_log import RunLog as RunLog
from pinnzo.callbacks.tensorboard import TensorBoard as TensorBoard
from pinnzo.callbacks.watch import Watch as Watch
from pinnzo.training.callbacks import Callback as Callback
from pinnzo.training.callbacks import StopTraining as StopTraining
