"""A drawing, judged by a network and by the ideal observer."""

import base64
import io

import numpy as np

from ...checks import check_number, check_one_of, check_values
from ...data.ideal import class_posterior
from ...data.shapes import CLASS_NAMES, SHAPES, draw_shape
from ...evaluation.prediction import predict
from ...inside.explain import activation_maps
from ...model.models import ResidualCNN
from ...training.files import load_params
from ..svg import probability_bars

SIZE = 32
LAYERS = ("stem.relu", "block1", "block2")  # whose strongest maps are shown
SURE = 0.5  # a probability from which one is said to take the drawing for a class


class Judge:
    """Judges drawings of 32 x 32 pixels by a network and by the ideal observer.

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
        """Send both answers to a drawing with noise on it.

        Parameters
        ----------
        pixels : sequence of SIZE * SIZE numbers
            Row by row, from 0 (black) to 1 (white).
        noise : float
            Standard deviation of the noise that is added, above 0.
        """
        check_number("noise", noise, above=0)
        drawn = check_values("pixels", pixels, f"{SIZE * SIZE}").reshape(SIZE, SIZE)
        seen = drawn + noise * self.noise
        image = seen[None, None].astype(np.float32)
        network = predict(self.model, self.params, image)[0]
        observer = class_posterior(image, noise=noise)[0]
        pictures = [("with noise", _shades(seen, -2 * noise, 1 + 2 * noise))]
        maps = activation_maps(self.model, self.params, image)
        for name in LAYERS:
            channels = maps[name][0]
            strongest = channels.mean(axis=(1, 2)).argmax()
            shown = channels[strongest]
            shades = _shades(shown, shown.min(), shown.max())
            pictures.append((f"{name}, channel {strongest}", shades))
        self.tell(
            message=_comparison(network, observer),
            network=probability_bars("The network", CLASS_NAMES, network),
            observer=probability_bars("The ideal observer", CLASS_NAMES, observer),
            pictures=[(title, len(s), s.ravel().tolist()) for title, s in pictures],
        )

    def offer(self):
        """Send the names of the shapes that `example` knows."""
        self.tell(shapes=list(SHAPES))

    def example(self, name):
        """Send the pixels of a shape in the middle of the image, not too large."""
        drawn = draw_shape(SHAPES[check_one_of("name", name, SHAPES)], SIZE)
        self.tell(pixels=drawn[len(drawn) // 2].astype(int).ravel().tolist())


def _shades(values, low, high):
    """Numbers from low to high as shades from 0 to 255."""
    return np.clip(255 * (values - low) / max(high - low, 1e-12), 0, 255).astype(int)


def _comparison(network, observer):
    """Both answers in words."""
    answers = []
    for p in (network, observer):
        sure = f"{CLASS_NAMES[p.argmax()]} ({p.max():.0%})"
        answers.append(sure if p.max() >= SURE else f"not sure, perhaps {sure}")
    same = network.argmax() == observer.argmax()
    link = "The ideal observer agrees" if same else "The ideal observer differs"
    return f"The network says: {answers[0]}. {link}: {answers[1]}."
