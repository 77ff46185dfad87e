"""What `test_attack` attacks: every public function of the core, with valid arguments.

A new public function gets an entry in `CALLS`, or `test_attack` says that it has none.
"""

from functools import partial

import numpy as np

import ch335_helpers as h

rng = np.random.default_rng(335)
IMAGES = rng.standard_normal((3, 1, 8, 8))
LABELS = np.array([0, 2, 1])
PROBABILITIES = h.softmax(rng.standard_normal((3, 4)))
MAPS, MASKS = rng.standard_normal((2, 4, 4)), rng.standard_normal((2, 4, 4)) > 0
MODEL = h.SimpleCNN(n_classes=4)
PARAMS = MODEL.init(rng)
BIG_MODEL = h.LinearClassifier()
TRAINED = {"model": MODEL, "params": PARAMS}
STEP = {"params": {"w": np.ones(3)}, "grads": {"w": np.array([1.0, -2, 3])}}
NORM = {"gamma": np.ones(2), "beta": np.zeros(2), "running_mean": np.zeros(2)}
NORM |= {"running_var": np.ones(2), "train": True, "momentum": 0.1, "eps": 1e-5}
FOUR = rng.standard_normal((2, 2, 6, 6))
TARGETED = TRAINED | {"x": IMAGES, "target": LABELS}
SMALL = {"img_size": 8, "n_classes": 3}


def generator():
    return np.random.default_rng(0)


def called(layer, x, *used):
    """A layer's call as a function of x and of what else the layer reads."""

    def call(x, **more):
        return layer(**{"params": params} | more, x=x)

    params = layer.init(generator())
    all_used = {"x": x, "params": params, "train": False}
    return call, {name: all_used[name] for name in ("x", *used)}


def square(x):
    return float((x**2).sum())


DATA = {"X": IMAGES, "y": LABELS, "X_val": IMAGES, "y_val": LABELS}
LEARNING = {
    "model": MODEL, "epochs": 1, "lr": 0.01, "batch_size": 2, "seed": 0,
    "optimiser": h.sgd_update, "schedule": h.constant, "augment": h.add_noise,
    "weight_decay": 0.1, "params": PARAMS,
}  # fmt: skip
# for `fit` and its like, all but what has been tried on `Training`, which gets it
SHORT = {"model": MODEL, "epochs": 1, "batch_size": 8, "progress": False}
CALLS = {
    "average_precision": {"maps": MAPS, "masks": MASKS},
    "energy_inside": {"maps": MAPS, "masks": MASKS},
    "pointing_accuracy": {"maps": MAPS, "masks": MASKS},
    "nearest_mean": {"X_train": IMAGES, "y_train": LABELS, "X": IMAGES[:2]},
    "nearest_neighbour": {"X_train": IMAGES, "y_train": LABELS, "X": IMAGES[:2]},
    "ImageStream": SMALL | {"noise": 0.5, "seed": 3, "epoch_size": 5},
    "add_noise": {"x": IMAGES, "rng": generator, "noise": 0.5},
    "fold_batch_norm": {"model": MODEL, "params": PARAMS},
    "draw_data": SMALL | {"seed": 1, "n_train": 1, "n_val": 2, "noise": 0.5},
    "shift_images": {"x": IMAGES, "rng": generator, "reach": 2},
    "calibration_by_luck": {"probabilities": PROBABILITIES, "n_draws": 2, "seed": 0},
    "expected_calibration_error": {
        "probabilities": PROBABILITIES, "y": LABELS, "n_bins": 5,
    },
    "fit_temperature": {"logits": PROBABILITIES, "y": LABELS},
    "log_odds": {"probabilities": PROBABILITIES, "y": LABELS},
    "score_entry": {
        "model": BIG_MODEL, "params": BIG_MODEL.init(rng), "noise": 0.9,
        "n_images": 10, "seed": 1,
    },
    "make_synthetic_images": SMALL | {
        "n_per_class": 1, "seed": 0, "noise": 0.5, "return_places": True,
        "return_masks": True,
    },
    "shape_templates": SMALL,
    "Source": {"functions": (h.relu,)},
    "Table": {"header": ["a", "b"], "rows": [[1, 2], [3, 4]], "total": ["c", 6]},
    "confusion_matrix": {"y": LABELS, "predicted": LABELS[::-1], "n_classes": 4},
    "mcnemar": {"correct_a": MASKS[0, 0], "correct_b": MASKS[0, 1]},
    "reliability": {"probabilities": PROBABILITIES, "y": LABELS, "n_bins": 5},
    "activation_maps": TRAINED | {"x": IMAGES, "kinds": ("relu",)},
    "grad_cam": TARGETED,
    "integrated_gradients": TARGETED | {"n_steps": 2},
    "occlusion": TARGETED | {"size": 7},
    "saliency": TARGETED,
    "receptive_fields": {"model": MODEL, "image_shape": (1, 8, 8)},
    "strongest_patches": TRAINED | {"x": IMAGES, "layer": "relu1", "n_patches": 2},
    "check_gradients": {
        "function": MODEL, "inputs": PARAMS, "x": IMAGES, "y": LABELS,
        "directions": 1, "step": 1e-6, "tolerance": 1e-6, "seed": 0,
    },
    "class_posterior": SMALL | {"images": IMAGES, "noise": 0.5},
    "mean_interval": {"values": [0.5, 0.7, 0.6], "confidence": 0.9},
    "paired_difference": {"a": [0.5, 0.7], "b": [0.4, 0.8], "confidence": 0.9},
    "paired_differences": {
        "results": {"a": [0.5, 0.7], "b": [0.4, 0.8]}, "baseline": "a",
        "confidence": 0.9,
    },
    "wilson_interval": {"n_correct": 3, "n_images": 7, "confidence": 0.9},
    "BatchNorm": {"name": "bn", "channels": 2},
    "Conv": {
        "name": "conv", "in_channels": 2, "out_channels": 3, "kernel": 3, "stride": 1,
        "padding": 1, "bias": True,
    },
    "Linear": {"name": "linear", "inputs": 3, "outputs": 2},
    "LogSumExpPool": {"group": 2},
    "MaxPool": {"size": 2, "name": "pool"},
    "ReLU": {"name": "relu"},
    "Templates": {"name": "t", "in_channels": 1, "n_templates": 2, "kernel": 3},
    "LinearClassifier": {"n_classes": 3, "in_channels": 1, "img_size": 8},
    "ResidualCNN": {
        "n_classes": 3, "in_channels": 1, "width": 2,
    },
    "without_batch_norm": {"model": MODEL},
    "without_shortcuts": {"model": MODEL},
    "deeper": {"model": h.ResidualCNN(3, width=2), "depth": 2},
    "with_pooled_stem": {"model": h.ResidualCNN(3, width=2)},
    "with_head": {
        "model": h.ResidualCNN(3, width=2), "head": "flatten", "img_size": 8,
    },
    "SimpleCNN": {"n_classes": 3, "in_channels": 1},
    "TemplateCNN": {"n_classes": 3, "in_channels": 1, "per_class": 2, "kernel": 3},
    "residual_block": {
        "name": "block", "in_channels": 2, "out_channels": 4,
    },
    "Chain": {"layers": (h.ReLU(),), "name": "chain"},
    "Residual": {"main": h.ReLU(), "shortcut": h.Chain(), "name": "sum"},
    "he_normal": {"rng": generator, "shape": (2, 3)},
    "learnt": {"model": MODEL},
    "n_parameters": {"model": MODEL},
    "numerical_gradient": {"f": square, "x": np.ones(3), "h": 1e-5},
    "relative_error": {"a": np.array([1.0, 2]), "b": np.array([1.0, 3])},
    "slope_and_kink": {"loss": abs, "h": 1e-3},
    "batch_norm": NORM | {"x": FOUR},
    "conv2d": {
        "x": FOUR, "w": rng.standard_normal((3, 2, 3, 3)), "b": np.ones(3), "stride": 2,
        "padding": 1,
    },
    "cross_entropy": {"logits": rng.standard_normal((3, 4)), "y": LABELS},
    "global_avg_pool": {"x": FOUR},
    "global_max_pool": {"x": FOUR},
    "linear": {
        "x": rng.standard_normal((3, 4)), "w": rng.standard_normal((2, 4)),
        "b": np.ones(2),
    },
    "log_sum_exp_pool": {"x": FOUR},
    "max_pool": {"x": FOUR, "size": 2, "stride": 2},
    "output_size": {"size": 7, "kernel": 3, "stride": 2, "padding": 1},
    "relu": {"x": FOUR},
    "softmax": {"z": rng.standard_normal((3, 4))},
    "adam_update": STEP | {"state": {}, "lr": 0.1, "b1": 0.9, "b2": 0.99, "eps": 1e-8},
    "constant": {"progress": 0.5},
    "cosine": {"progress": 0.5},
    "momentum_update": STEP | {"state": {}, "lr": 0.1, "decay": 0.9},
    "rmsprop_update": STEP | {"state": {}, "lr": 0.1, "decay": 0.9, "eps": 1e-8},
    "sgd_update": STEP | {"state": {}, "lr": 0.1},
    "evaluate": TRAINED | {"X": IMAGES, "y": LABELS},
    "predict": TRAINED | {"X": IMAGES},
    "predict_logits": TRAINED | {"X": IMAGES},
    "SealedTestSet": {"X": IMAGES, "y": LABELS},
    "train_val_test_split": {
        "X": rng.standard_normal((20, 1, 2, 2)), "y": np.repeat([0, 1], 10), "seed": 0,
        "fractions": (0.6, 0.2, 0.2),
    },
    "Summary": {"model": MODEL, "image_shape": (1, 8, 8)},
    "output_gradients": {
        "found": h.steps(MODEL, PARAMS, IMAGES), "dy": np.ones((3, 4)),
    },
    "steps": TRAINED | {"x": IMAGES, "train": False},
    "Training": DATA | LEARNING,
    "fit": DATA | SHORT | {
        "lr": 0.01, "seed": 0, "callback": None, "n_shards": 1, "checkpoint": None,
        "folder": None,
    },
    "try_learning_rates": DATA | SHORT | {
        "learning_rates": [0.5, 0.01], "seed": 0, "schedule": h.constant,
        "callback": None, "n_shards": 1,
    },
    "sweep": SHORT | {
        "configurations": {"a": {"lr": 0.01}}, "seeds": [3], "executor": None,
        "folder": None, "schedule": h.constant,
        "data": partial(h.draw_data, n_train=2, n_val=2, img_size=8, n_classes=4),
    },
    "train_step": TRAINED | {
        "x": IMAGES, "y": LABELS, "state": {}, "lr": 0.1, "optimiser": h.sgd_update,
    },
}  # fmt: skip

LAYERS = {
    "BatchNorm": called(h.BatchNorm("bn", 2), FOUR, "params", "train"),
    "Conv": called(h.Conv("conv", 2, 3), FOUR, "params"),
    "Linear": called(h.Linear("linear", 4, 2), rng.standard_normal((3, 4)), "params"),
    "LogSumExpPool": called(h.LogSumExpPool(2), FOUR),
    "Templates": called(h.Templates("t", 2, 3, 3), FOUR, "params", "train"),
    "Flatten": called(h.Flatten(), FOUR),
    "GlobalAvgPool": called(h.GlobalAvgPool(), FOUR),
    "GlobalMaxPool": called(h.GlobalMaxPool(), FOUR),
    "MaxPool": called(h.MaxPool(), FOUR),
    "ReLU": called(h.ReLU(), FOUR),
}

# Names that take no arguments, or none that could be wrong.
HARMLESS = {
    "Flatten", "GlobalAvgPool", "GlobalMaxPool", "Layer", "all_cores",
    "keep_freed_memory", "smaller_in_browser",
}  # fmt: skip
# What functions return: nobody makes one by hand.
RECORDS = {"Field", "McNemar", "Run", "Split", "Step", "Trace", "Trial", "Trials"}
# What is no file is tried in tests/test_checkpoints.py.
FILES = {"load_params", "save_params"}
# "check" has its own attack.
ELSEWHERE = {"check"}
