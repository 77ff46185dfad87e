"""Chapter 335: the operations, layers, data and tools behind the notebooks."""

from .baselines import nearest_mean, nearest_neighbour
from .data import (
    CLASS_NAMES,
    DEFAULT_NOISE,
    ImageStream,
    class_posterior,
    make_synthetic_images,
    shape_templates,
)
from .display import Source, Table
from .evaluation import (
    McNemar,
    confusion_matrix,
    mcnemar,
    mean_interval,
    paired_difference,
    reliability,
    score_entry,
    student_t_quantile,
    wilson_interval,
)
from .explain import activation_maps
from .explorers import (
    activation_explorer,
    calibration_explorer,
    noise_explorer,
    output_size_explorer,
    window_explorer,
)
from .gradcheck import check_gradients, numerical_gradient, relative_error
from .layers import (
    BatchNorm,
    Chain,
    Conv,
    Flatten,
    GlobalAvgPool,
    Linear,
    MaxPool,
    ReLU,
    Residual,
    he_normal,
)
from .memory import keep_freed_memory
from .models import (
    LinearClassifier,
    ResidualCNN,
    SimpleCNN,
    Summary,
    n_parameters,
    residual_block,
)
from .ops import (
    batch_norm,
    conv2d,
    cross_entropy,
    global_avg_pool,
    linear,
    max_pool,
    output_size,
    relu,
    softmax,
)
from .optim import adam_update, constant, cosine
from .protocol import SealedTestSet, Split, train_val_test_split
from .training import (
    Run,
    evaluate,
    fit,
    load_params,
    predict,
    save_params,
    sweep,
    train_step,
)

keep_freed_memory()
