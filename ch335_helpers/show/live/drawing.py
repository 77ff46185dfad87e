"""A drawing, judged by a network and by the ideal observer."""

import base64
import io

import numpy as np

from ...checks import check_number
from ...data.ideal import class_posterior
from ...data.shapes import CLASS_NAMES, SHAPES, draw_shape
from ...evaluation.prediction import predict
from ...inside.explain import activation_maps
from ...model.models import ResidualCNN
from ...training.files import load_params
from ..svg import bars

SIZE = 32
LAYERS = ("stem.relu", "block1", "block2")  # whose strongest maps are shown
SURE = 0.5  # a probability from which one is said to take the drawing for a class


class Drawing:
    """What a network and the ideal observer make of a drawing of 32 x 32 pixels.

    Parameters
    ----------
    tell : callable
        Called with keywords: ``message`` (words), ``network`` and ``observer`` (HTML),
        ``pictures`` (list of title, size and shades from 0 to 255, row by row).
    params : dict of str to ndarray, or str
        Of a `ResidualCNN` for ten classes; as text, its ``.npz`` file in base 64.
    seed : int
        Decides the noise, which is the same for every drawing.
    """

    CALLS = "offer", "example", "judge"  # what a page may ask for

    def __init__(self, tell, params, seed=0):
        if isinstance(params, str):
            params = load_params(io.BytesIO(base64.b64decode(params)))
        if "stem.conv.w" not in params:
            text = "params must be those of a ResidualCNN, got"
            raise ValueError(f"{text} {', '.join(params) or 'none'}")
        self.tell, self.params = tell, params
        self.model = ResidualCNN(width=len(params["stem.conv.w"]))
        self.noise = np.random.default_rng(seed).standard_normal((SIZE, SIZE))

    def judge(self, pixels, noise):
        """Tell both answers to a drawing with noise on it.

        Parameters
        ----------
        pixels : sequence of SIZE * SIZE numbers
            Row by row, from 0 (black) to 1 (white).
        noise : float
            Standard deviation of the noise that is added, above 0.
        """
        check_number("noise", noise, above=0)
        drawn = np.asarray(pixels, dtype=float)
        if drawn.shape != (SIZE * SIZE,):
            text = f"pixels must be {SIZE * SIZE} numbers, got shape {drawn.shape}"
            raise ValueError(text)
        seen = drawn.reshape(SIZE, SIZE) + noise * self.noise
        image = seen[None, None].astype(np.float32)
        network = predict(self.model, self.params, image)[0]
        observer = class_posterior(image, noise=noise)[0]
        pictures = [("with noise", _shades(seen, -2 * noise, 1 + 2 * noise))]
        maps = activation_maps(self.model, self.params, image)
        for name in LAYERS:
            channel = maps[name][0].mean(axis=(1, 2)).argmax()
            title = f"{name}, channel {channel}"
            pictures.append((title, _shades(maps[name][0, channel])))
        self.tell(
            message=_comparison(network, observer),
            network=bars("The network", CLASS_NAMES, network),
            observer=bars("The ideal observer", CLASS_NAMES, observer),
            pictures=[(title, len(s), s.ravel().tolist()) for title, s in pictures],
        )

    def offer(self):
        """Tell the names of the shapes that `example` knows."""
        self.tell(shapes=list(SHAPES))

    def example(self, name):
        """Tell the pixels of a shape in the middle of the image, not too large."""
        if name not in SHAPES:
            text = f"name must be one of {', '.join(SHAPES)}, got {name!r}"
            raise ValueError(text)
        drawn = draw_shape(SHAPES[name], SIZE)
        self.tell(pixels=drawn[len(drawn) // 2].astype(int).ravel().tolist())


def _shades(values, low=None, high=None):
    """Numbers as shades from 0 to 255; by default the smallest is black."""
    low = values.min() if low is None else low
    high = values.max() if high is None else high
    return np.clip(255 * (values - low) / max(high - low, 1e-12), 0, 255).astype(int)


def _comparison(network, observer):
    """Both answers in words."""
    answers = []
    for p in (network, observer):
        best = p.argmax()
        sure = f"{CLASS_NAMES[best]} ({p[best]:.0%})"
        answers.append(sure if p[best] >= SURE else f"not sure, perhaps {sure}")
    same = network.argmax() == observer.argmax()
    link = "The ideal observer agrees" if same else "The ideal observer differs"
    return f"The network says: {answers[0]}. {link}: {answers[1]}."
