"""Chapter 335: the operations, layers, data and tools behind the notebooks.

The numerical core is loaded at once. What draws pictures lives in `show`, and is loaded
with matplotlib and ipywidgets when one of its names is first used.
"""

from importlib import import_module as _import_module
from types import ModuleType as _ModuleType

from .data.baselines import nearest_mean, nearest_neighbour
from .data.batches import ImageStream, add_noise, draw_data, shift_images
from .data.ideal import class_posterior
from .data.shapes import (
    CLASS_NAMES,
    DEFAULT_NOISE,
    make_synthetic_images,
    shape_templates,
)
from .data.split import SealedTestSet, Split, train_val_test_split
from .display import Source, Table
from .evaluation.calibration import (
    calibration_by_luck,
    expected_calibration_error,
    fit_temperature,
    log_odds,
    reliability,
)
from .evaluation.challenges import score_entry
from .evaluation.comparisons import McNemar, mcnemar
from .evaluation.evaluate import confusion_matrix, evaluate
from .evaluation.intervals import (
    mean_interval,
    paired_difference,
    paired_differences,
    wilson_interval,
)
from .evaluation.prediction import predict, predict_logits
from .exercises import check
from .experiments.sweeps import sweep
from .experiments.trials import Trial, Trials
from .gradients.check import check_gradients
from .gradients.numerical import numerical_gradient, relative_error, slope_and_kink
from .inside.attribution_scores import (
    average_precision,
    energy_inside,
    pointing_accuracy,
)
from .inside.explain import (
    activation_maps,
    grad_cam,
    integrated_gradients,
    occlusion,
    saliency,
)
from .inside.patches import strongest_patches
from .machine.cores import all_cores
from .machine.host import keep_freed_memory, smaller_in_browser
from .model.fields import Field, receptive_fields
from .model.folding import fold_batch_norm
from .model.layers import (
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
from .model.models import (
    LinearClassifier,
    ResidualCNN,
    SimpleCNN,
    TemplateCNN,
    residual_block,
)
from .model.network import Chain, Layer, Residual, he_normal, learnt, n_parameters
from .model.ops import (
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
from .model.summary import Summary
from .model.variants import (
    deeper,
    with_head,
    with_pooled_stem,
    without_batch_norm,
    without_shortcuts,
)
from .model.walk import Step, output_gradients, steps
from .training.files import load_params, save_params
from .training.fitting import fit
from .training.loop import Training, train_step
from .training.optim import (
    adam_update,
    constant,
    cosine,
    momentum_update,
    rmsprop_update,
    sgd_update,
)
from .training.run import Run
from .training.traces import Trace, try_learning_rates

__all__ = [
    name
    for name, thing in globals().items()
    if not (name.startswith("_") or isinstance(thing, _ModuleType))
]
SHOWN_BY = {  # each name that `show` adds, and its module there
    "plots": "figures.plots",
    "diagrams": "diagrams",
    "DrawingBoard": "live.board",
    "Explorer": "sliders.explorer",
    "activation_explorer": "sliders.explorers",
    "calibration_explorer": "sliders.explorers",
    "noise_explorer": "sliders.explorers",
    "output_size_explorer": "sliders.explorers",
    "window_explorer": "sliders.explorers",
    "training_explorer": "sliders.sweep_explorer",
    "TrainingPanel": "live.panel",
}


def __getattr__(name):
    if name not in SHOWN_BY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = _import_module(f".show.{SHOWN_BY[name]}", __name__)
    return getattr(module, name, module)


def __dir__():
    return sorted([*__all__, *SHOWN_BY])


keep_freed_memory()
