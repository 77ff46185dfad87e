"""What a training panel does, in a live notebook as on a published page."""

import asyncio
import math
import time
from typing import NamedTuple

import numpy as np

from ...checks import check_one_of
from ...data.shapes import DEFAULT_NOISE, make_synthetic_images
from ...model.models import ResidualCNN, SimpleCNN
from ...model.variants import without_batch_norm, without_shortcuts
from ...training.loop import Training
from ...training.shards import side_by_side
from ..svg import accuracy_chart, loss_chart
from .runs import PanelRun, boxes, duration, look, outcome, run_charts, run_table

N_VALIDATION = 200  # images, as noisy as those the network learns from
SECONDS_BETWEEN_PICTURES = 0.25
N_SHARDS = 2
STEP_TO_FORWARD = 3  # a training step's time over that of its forward pass, about
FORWARD_SHARE = 1 / STEP_TO_FORWARD  # of a training step that a validation image takes
WIDTHS = {"small ResidualCNN": 8, "ResidualCNN": 16}
OWN_DASH = "2 3"  # of the reader's runs in an explorer, whose own lines are solid
SWITCHES = {"batch_norm": without_batch_norm, "residual": without_shortcuts}


class Control(NamedTuple):
    """A menu, switch or slider: its label, what can be chosen, and the first choice.

    `words` is the format of a stop's name.
    """

    kind: str
    label: str
    stops: list
    start: object
    words: str = "{}"

    def names(self):
        """The names of the stops, in order."""
        return [self.words.format(stop) for stop in self.stops]


DIGITS = "1", "1.5", "2", "3", "5", "7"
RATES = [float(f"{digit}e{power}") for power in range(-5, 1) for digit in DIGITS]
NOISES = [tenths / 10 for tenths in range(1, 16)]
SIZES = [100, 200, 500, 1000, 2000, 4000]
CONTROLS = {
    "model": Control("menu", "model", [*WIDTHS, "SimpleCNN"], "small ResidualCNN"),
    "batch_norm": Control("switch", "batch norm", [False, True], True),
    "residual": Control("switch", "residual", [False, True], True),
    "lr": Control("slider", "learning rate", [*RATES, 10.0], 0.01, "{:g}"),
    "epochs": Control("slider", "epochs", [*range(1, 41)], 8),
    "batch_size": Control("slider", "batch size", [8, 16, 32, 64, 128, 256], 32),
    "noise": Control("slider", "noise", NOISES, DEFAULT_NOISE),
    "n_images": Control("slider", "training images", SIZES, 1000),
}


class Trainer:
    """Trains networks on images drawn to order, one run at a time.

    Parameters
    ----------
    tell : callable
        Called with keywords whenever something to be shown has changed: ``message``
        (words), ``progress`` (0 to 1), ``charts`` and ``table`` (HTML), ``training``
        (whether a run is under way), ``idle`` (names of controls without effect).
    n_classes, img_size : int
        As for `make_synthetic_images`.
    seed : int
        Decides the images, the first weights and the order of the images.

    Attributes
    ----------
    settings : dict
        The current choices.
    runs : list of PanelRun
        Every run so far, including stopped ones.
    task : asyncio.Task or None
        The last run; it gives control back after each step.
    """

    CALLS = "choose", "train", "stop", "beside"  # what a page may ask for

    def __init__(self, tell, n_classes=10, img_size=32, seed=0):
        self.tell = tell
        self.n_classes, self.img_size, self.seed = n_classes, img_size, seed
        self.settings = {name: control.start for name, control in CONTROLS.items()}
        self.runs, self.task = [], None
        self._stop = False
        self._seconds_per_image = {}

    def choose(self, **settings):
        """Change settings, and send how long a run with them takes; train nothing."""
        for name, value in settings.items():
            check_one_of("a setting", name, CONTROLS)
            if value not in CONTROLS[name].stops:
                stops = ", ".join(CONTROLS[name].names())
                raise ValueError(f"{name} must be one of {stops}, got {value!r}")
        self.settings |= settings
        simple = self.settings["model"] == "SimpleCNN"  # it has neither
        self.tell(idle=tuple(SWITCHES) if simple else ())
        if not self.is_training:
            seconds = duration(self.estimate())
            self.tell(message=f"This will take about {seconds}. Press Train.")

    @property
    def is_training(self):
        """Whether a run is under way."""
        return self.task is not None and not self.task.done()

    def estimate(self):
        """How long a run with these settings takes, in seconds.

        Estimated from the last run of the same network and batch size; before the
        first one, from the time of a forward pass. Nothing is trained.
        """
        settings = _effective(self.settings)
        key = _network(settings)
        if key not in self._seconds_per_image:
            seconds = STEP_TO_FORWARD * self._forward_seconds(settings)
            self._seconds_per_image[key] = seconds / settings["batch_size"]
        images = settings["n_images"] + FORWARD_SHARE * N_VALIDATION
        return settings["epochs"] * images * self._seconds_per_image[key]

    def _forward_seconds(self, settings):
        """Seconds of a forward pass of one batch; the first one warms up."""
        model = self._model(settings)
        params = model.init(np.random.default_rng(self.seed))
        shape = (settings["batch_size"], 1, self.img_size, self.img_size)
        for _ in range(2):
            began = time.perf_counter()
            model(params, np.zeros(shape, np.float32), train=True)
        return time.perf_counter() - began

    def _model(self, settings):
        if settings["model"] == "SimpleCNN":
            return SimpleCNN(self.n_classes)
        model = ResidualCNN(self.n_classes, width=WIDTHS[settings["model"]])
        for name, without in SWITCHES.items():
            model = model if settings[name] else without(model)
        return model

    def train(self):
        """Start a run with the settings, unless one is under way.

        In a kernel or a page this returns at once. Where nothing else waits for
        control, it returns when the run is over.
        """
        if self.is_training:
            return
        self._stop = False
        self.tell(training=True, progress=0, message="Drawing the images …")
        work = self._work(_effective(self.settings))
        try:
            self.task = asyncio.get_running_loop().create_task(work)
        except RuntimeError:  # there is no loop
            asyncio.run(work)

    def stop(self):
        """End the current run after its current step."""
        self._stop = True

    def beside(self, n_epochs, limits):
        """Send the lines of all runs for the charts of a sweep's explorer.

        Parameters
        ----------
        n_epochs : int
            The last epoch on the charts; later ones are left out.
        limits : (float, float)
            The limits of the losses, as for `loss_chart`.
        """
        epochs = (1, n_epochs)
        loss, accuracy = loss_chart(epochs, limits), accuracy_chart(epochs)
        lines = ["", ""]
        for number, (_, run) in enumerate(self.runs):
            dashed = {**look(number), "dash": OWN_DASH}
            lines[0] += loss.epochs(run.train_loss[:n_epochs], **dashed)
            lines[1] += accuracy.epochs(run.val_accuracy[:n_epochs], **dashed)
        self.tell(beside=lines)

    async def _work(self, settings):
        try:
            training = self._training(settings)
            run = training.run
            with side_by_side(training, N_SHARDS):
                await self._take_steps(training, settings)
            self.runs.append(PanelRun(settings, run))
            if run.history:
                images = settings["n_images"] + FORWARD_SHARE * N_VALIDATION
                key, seconds = _network(settings), np.median(run.seconds)
                self._seconds_per_image[key] = seconds / images
            self._show(self.runs)
            message = f"Run {len(self.runs)}: {outcome(run)}."
            self.tell(table=run_table(self.runs), message=message)
        except Exception as error:
            # the reader is looking at the panel, not at the log
            what = f"{type(error).__name__}: {error}"
            self.tell(message=f"This did not work. {what}")
        finally:
            self.tell(training=False)

    async def _take_steps(self, training, settings):
        shown = began = time.monotonic()
        for run in training:
            now = time.monotonic()
            if now - shown > SECONDS_BETWEEN_PICTURES:
                shown = now
                self._show([*self.runs, PanelRun(settings, run)])
                left = (now - began) * (run.n_steps / len(run.batch_loss) - 1)
                epoch = math.ceil(len(run.batch_loss) / run.steps_per_epoch)
                self.tell(
                    message=f"Epoch {epoch} of {run.epochs}, loss "
                    f"{run.batch_loss[-1]:.3g}, about {duration(left)} left."
                )
            await asyncio.sleep(0)
            if self._stop and not run.finished:
                run.stop("stopped")

    def _training(self, settings):
        X, y = self._draw(settings["n_images"], settings, self.seed)
        X_val, y_val = self._draw(N_VALIDATION, settings, self.seed + 1)
        lengths = {name: settings[name] for name in ("epochs", "lr", "batch_size")}
        model = self._model(settings)
        return Training(model, X, y, X_val, y_val, seed=self.seed, **lengths)

    def _draw(self, n, settings, seed):
        per_class = math.ceil(n / self.n_classes)
        X, y = make_synthetic_images(
            per_class, self.img_size, self.n_classes, seed, noise=settings["noise"]
        )
        return X[:n], y[:n]

    def _show(self, runs):
        """Send the charts of all runs, the latest in front, and its progress."""
        run = runs[-1].run
        curves = run_charts([item.run for item in runs])
        self.tell(
            progress=len(run.batch_loss) / run.n_steps,
            charts=boxes("ch335-explorer", "ch335-picture", *curves),
        )


def _effective(settings):
    """A copy, with the switches off where the network has neither part."""
    simple = settings["model"] == "SimpleCNN"
    return settings | dict.fromkeys(SWITCHES if simple else (), False)


def _network(settings):
    """The settings that the time of an image depends on."""
    return tuple(settings[name] for name in ("model", *SWITCHES, "batch_size"))
