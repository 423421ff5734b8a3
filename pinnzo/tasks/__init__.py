"""Classification of images, trained by the same trainers as equations are."""

from .classifier import Classifier as Classifier
from .comparison import ClassifierComparison as ClassifierComparison
from .comparison import ClassifierRun as ClassifierRun
from .comparison import compare_classifiers as compare_classifiers
from .defaults import CLASSIFICATION_TRAINERS as CLASSIFICATION_TRAINERS
from .defaults import classification_trainer as classification_trainer
from .idx import read_idx as read_idx
from .images import ImageData as ImageData
from .images import LabelledImages as LabelledImages
from .mnist import load_digits as load_digits
from .mnist import load_mnist as load_mnist
from .networks import dense_classifier as dense_classifier
from .networks import tensor_train_classifier as tensor_train_classifier
from .storage import load_classifier as load_classifier
from .train import resume_classifier as resume_classifier
from .train import train_classifier as train_classifier
