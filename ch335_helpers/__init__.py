"""Chapter 335: the operations, layers, data and tools behind the notebooks.

The numerical core is loaded at once. What draws pictures lives in `show`, and is loaded
with matplotlib and ipywidgets when one of its names is first used.
"""

from importlib import import_module

from .attribution_scores import average_precision, energy_inside, pointing_accuracy
from .baselines import nearest_mean, nearest_neighbour
from .batches import ImageStream, add_noise, draw_data, shift_images
from .calibration import expected_calibration_error, fit_temperature, log_odds
from .challenges import score_entry
from .checkpoints import load_params, save_params
from .cores import all_cores
from .data import (
    CLASS_NAMES,
    DEFAULT_NOISE,
    make_synthetic_images,
    shape_templates,
)
from .display import Source, Table
from .evaluation import McNemar, confusion_matrix, mcnemar, reliability
from .exercises import check
from .explain import (
    activation_maps,
    grad_cam,
    integrated_gradients,
    occlusion,
    saliency,
)
from .fields import Field, receptive_fields, strongest_patches
from .fitting import fit
from .folding import fold_batch_norm
from .gradcheck import check_gradients
from .host import smaller_in_browser
from .ideal import class_posterior
from .intervals import (
    mean_interval,
    paired_difference,
    paired_differences,
    wilson_interval,
)
from .layers import (
    BatchNorm,
    Conv,
    Flatten,
    GlobalAvgPool,
    GlobalMaxPool,
    Linear,
    LogSumExpPool,
    MaxPool,
    ReLU,
    Templates,
)
from .malloc import keep_freed_memory
from .models import (
    LinearClassifier,
    ResidualCNN,
    SimpleCNN,
    TemplateCNN,
    residual_block,
)
from .network import Chain, Layer, Residual, he_normal, learnt, n_parameters
from .numerical import numerical_gradient, relative_error, slope_and_kink
from .ops import (
    batch_norm,
    conv2d,
    cross_entropy,
    global_avg_pool,
    global_max_pool,
    linear,
    log_sum_exp_pool,
    max_pool,
    output_size,
    relu,
    softmax,
)
from .optim import (
    adam_update,
    constant,
    cosine,
    momentum_update,
    rmsprop_update,
    sgd_update,
)
from .prediction import evaluate, predict, predict_logits
from .run import Run
from .split import SealedTestSet, Split, train_val_test_split
from .summary import Summary
from .sweeps import sweep
from .traces import Trace, try_learning_rates
from .training import Training, train_step
from .trials import Trial, Trials
from .walk import Step, output_gradients, steps

SHOWN_BY = {  # each name that `show` adds, and its module there
    "plots": "plots",
    "diagrams": "diagrams",
    "DrawingBoard": "board",
    "Explorer": "explorer",
    "activation_explorer": "explorers",
    "calibration_explorer": "explorers",
    "noise_explorer": "explorers",
    "output_size_explorer": "explorers",
    "window_explorer": "explorers",
    "training_explorer": "sweep_explorer",
    "TrainingPanel": "panel",
}


def __getattr__(name):
    if name not in SHOWN_BY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = import_module(f".show.{SHOWN_BY[name]}", __name__)
    return module if name == SHOWN_BY[name] else getattr(module, name)


def __dir__():
    return sorted([*globals(), *SHOWN_BY])


keep_freed_memory()
