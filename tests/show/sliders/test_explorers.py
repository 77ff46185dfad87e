"""The small explorers say and draw what is true, at every stop."""

import math
import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from ch335_helpers import (
    CLASS_NAMES,
    Chain,
    Flatten,
    MaxPool,
    ReLU,
    ResidualCNN,
    activation_maps,
    class_posterior,
    make_synthetic_images,
    output_size,
    reliability,
    softmax,
)
from ch335_helpers.show.pixels import pixels, tiles
from ch335_helpers.show.sliders.explorers import (
    activation_explorer,
    calibration_explorer,
    noise_explorer,
    output_size_explorer,
    window_explorer,
)
from ch335_helpers.show.svg import (
    PERCENT_TICKS,
    Chart,
    number_grid,
    panel,
    probability_bars,
)


def numbers(text):
    return [float(n) for n in re.findall(r"-?\d+(?:\.\d+)?", text.replace("−", "-"))]


def panels(explorer, *stop):
    """The pictures at a stop, each a string of HTML."""
    parts = ET.fromstring(f"<g>{explorer.picture(*stop)}</g>")
    assert all(part.get("class") == "ch335-panel" for part in parts)
    return [ET.tostring(part, encoding="unicode") for part in parts]


def same(pictures, expected):
    """Whether pictures are the same elements, however their text is written."""
    one, other = (
        [ET.canonicalize(picture, strip_text=True) for picture in listed]
        for listed in (pictures, expected)
    )
    return one == other


@pytest.fixture(scope="module")
def noise():
    return noise_explorer((0.3, 2.5), n_examples=3, n_per_class=20, seed=2)


def test_the_noise_explorer_tells_and_draws_what_the_ideal_observer_says(noise):
    assert noise.sliders == {"noise": ["0.3", "2.5"], "example": ["1", "2", "3"]}
    verdicts = set()
    for i, level in enumerate((0.3, 2.5)):
        X, y = make_synthetic_images(20, noise=level, seed=2)
        posterior = class_posterior(X, noise=level)
        accuracy = (posterior.argmax(axis=1) == y).mean()
        for n in range(3):
            believed = posterior[n].argmax()
            verdicts.add(verdict := "rightly" if believed == y[n] else "wrongly")
            assert noise.sentence(i, n) == (
                f"Noise {level}: the ideal observer says {CLASS_NAMES[believed]}, "
                f"{verdict}, and gives it {posterior[n, believed]:.0%}. At this noise "
                f"it is right for {accuracy:.0%} of all images."
            )
            alt = f"Grey image of the shape {CLASS_NAMES[y[n]]} in noise {level}"
            pictures = [
                panel("What you see", pixels(X[n, 0], alt)),
                probability_bars("What it believes", CLASS_NAMES, posterior[n]),
            ]
            assert same(panels(noise, i, n), pictures)
    assert verdicts == {"rightly", "wrongly"}  # this seed shows both


def test_the_noise_explorer_has_defaults_and_needs_two_examples():
    explorer = noise_explorer((0.1, 0.2), n_per_class=4)
    assert explorer.sliders["example"] == ["1", "2", "3", "4"]
    other = noise_explorer((0.1, 9), n_examples=4, n_per_class=4, seed=0)
    assert explorer.picture(0, 3) == other.picture(0, 3)
    with pytest.raises(ValueError, match="n_examples must be a whole number"):
        noise_explorer((0.1, 0.2), n_examples=1, n_per_class=1)


NAMES = ("bar", "cross", "ring")


@pytest.fixture(scope="module")
def network():
    """A model, its parameters, three images and the maps that are to be shown."""
    model = ResidualCNN(3, width=16)
    params = model.init(np.random.default_rng(0))
    X, _ = make_synthetic_images(1, n_classes=3, seed=0)
    return model, params, X, activation_maps(model, params, X, ("relu", "max pool"))


def test_the_activation_explorer_stops_after_each_relu_and_pooling(network):
    model, params, X, maps = network
    explorer = activation_explorer(model, params, X, NAMES)
    assert explorer.sliders == {"image": [*NAMES], "after": list(maps)}
    assert len(maps) > 3


def test_the_activation_explorer_names_the_strongest_channel(network):
    model, params, X, maps = network
    explorer = activation_explorer(model, params, X, NAMES)
    for n, stage in np.ndindex(3, len(maps)):
        name, values = list(maps.items())[stage]
        count, H, W = values[n].shape
        strongest = np.argmax([channel.mean() for channel in values[n]])
        silent = sum(channel.max() <= 0 for channel in values[n])
        assert explorer.sentence(n, stage) == (
            f"{NAMES[n].capitalize()} after {name}: {count} channels of {H} × {W}. "
            f"Channel {strongest} is the strongest, {silent} are silent."
        )
        alt = f"{count} channels as small pictures, bright where they respond"
        columns = {16: 4, 32: 8}[count]
        network_input = f"The grey image that goes through the network: {NAMES[n]}"
        pictures = [
            panel("The image", pixels(X[n, 0], network_input)),
            panel(
                f"Channels 0 to {count - 1}, row by row",
                pixels(tiles(values[n], columns), alt),
            ),
        ]
        assert same(panels(explorer, n, stage), pictures)


def test_silent_channels_are_counted():
    model = Chain(ReLU(), MaxPool(), Flatten())
    x = -np.ones((2, 3, 4, 4), np.float32)
    x[0, 1, 2, 2] = 2
    explorer = activation_explorer(model, {}, x)
    assert explorer.sentence(0, 0).endswith("Channel 1 is the strongest, 2 are silent.")
    assert explorer.sentence(1, 1).endswith("Channel 0 is the strongest, 3 are silent.")
    assert explorer.sliders["image"] == list(CLASS_NAMES[:2])


def test_an_image_in_colour_is_shown_as_the_mean_of_its_channels():
    model = Chain(ReLU(), MaxPool())
    x = np.random.default_rng(0).random((2, 3, 4, 4))
    explorer = activation_explorer(model, {}, x, ("a", "b"))
    alt = "The grey image that goes through the network: b"
    picture = panel("The image", pixels(x[1].mean(axis=0), alt))
    assert same(panels(explorer, 1, 0)[:1], [picture])
    with pytest.raises(ValueError, match="images must have shape"):
        activation_explorer(model, {}, x[0])


TEMPERATURES = (0.25, 1, 4)


@pytest.fixture(scope="module")
def answers():
    """Logits that are too modest at a low temperature and too sure at none."""
    rng = np.random.default_rng(0)
    y = rng.integers(4, size=300)
    return rng.standard_normal((300, 4)) + 2 * np.eye(4)[y], y


def test_the_calibration_explorer_tells_promise_fact_and_cross_entropy(answers):
    logits, y = answers
    explorer = calibration_explorer(logits, y, TEMPERATURES)
    assert explorer.sliders == {"temperature": ["0.25", "1", "4"]}
    manners = []
    for i, temperature in enumerate(TEMPERATURES):
        p = np.exp(logits / temperature)
        p /= p.sum(axis=1, keepdims=True)
        stated, right = p.max(axis=1).mean(), (p.argmax(axis=1) == y).mean()
        manners.append("too sure" if stated > right else "too modest")
        loss = -np.log(p[np.arange(300), y]).mean()
        assert explorer.sentence(i) == (
            f"Temperature {temperature}: the network states {stated:.1%} on average "
            f"and is right in {right:.1%}, {manners[i]} by "
            f"{100 * abs(stated - right):.1f} points. Cross-entropy: {loss:.3f} nats."
        )
    assert set(manners) == {"too sure", "too modest"}


def test_the_calibration_explorer_draws_hit_rate_over_confidence(answers):
    logits, y = answers
    explorer = calibration_explorer(logits, y, TEMPERATURES)
    limits = (0, 1), (0, 1), PERCENT_TICKS, PERCENT_TICKS
    chart = Chart("Promise and fact", "stated confidence", *limits)
    diagonal = '<polyline class="guess" points="40,154 332,8"/>'
    for i, temperature in enumerate(TEMPERATURES):
        confidence, hit_rate, _ = reliability(softmax(logits / temperature), y)
        line = chart.line(confidence, hit_rate, color=0)
        assert same(panels(explorer, i), [chart(diagonal, line)])


def test_a_network_that_keeps_its_promise_is_not_too_sure():
    # half of the answers are right, and each was given a chance of one half
    explorer = calibration_explorer(np.zeros((4, 2)), np.array([0, 1, 0, 1]), (1, 2))
    assert "right in 50.0%, too modest by 0.0 points" in explorer.sentence(0)
    assert f"Cross-entropy: {math.log(2):.3f} nats." in explorer.sentence(0)


def test_the_temperature_starts_where_nothing_is_changed(answers):
    for temperatures, start in {(0.5, 1, 2): 1, (1, 3): 0, (0.2, 0.4, 1.5): 2}.items():
        assert calibration_explorer(*answers, temperatures).start == (start,)


def test_what_cannot_be_calibrated_is_refused(answers):
    logits, y = answers
    with pytest.raises(ValueError, match=r"temperatures must be .* above 0, got 0"):
        calibration_explorer(logits, y, (1, 0))
    with pytest.raises(ValueError, match="logits must have shape"):
        calibration_explorer(logits[0], y, TEMPERATURES)
    with pytest.raises(ValueError, match="y must hold labels from 0 to 3"):
        calibration_explorer(logits, y + 1, TEMPERATURES)
    with pytest.raises(ValueError, match="y must have shape"):
        calibration_explorer(logits, y[1:], TEMPERATURES)


def test_the_window_explorer_writes_out_the_sum_and_shades_the_window():
    rng = np.random.default_rng(1)
    image, kernel = rng.integers(0, 9, (5, 6)), rng.integers(-4, 5, (2, 3))
    assert (kernel < 0).any() and (kernel == 0).any()
    explorer = window_explorer(image, kernel)
    assert explorer.sliders == {"row": [*"0123"], "column": [*"0123"]}
    assert explorer.start == (2, 2)
    y = np.array([[(image[i : i + 2, j : j + 3] * kernel).sum() for j in range(4)]
                  for i in range(4)])  # fmt: skip
    assert (y < 0).any()
    for i, j in np.ndindex(4, 4):
        place, _, total = explorer.sentence(i, j).partition(": ")
        assert place == f"Row {i}, column {j}"
        terms, value = total.split(" = ")
        assert value == f"{y[i, j]}".replace("-", "−")
        pairs = [numbers(term) for term in terms.split(" + ")]
        assert [p for p, _ in pairs] == image[i : i + 2, j : j + 3].ravel().tolist()
        assert [w for _, w in pairs] == kernel.ravel().tolist()
        assert terms.count("(") == terms.count("(−") == (kernel < 0).sum()
        pictures = [
            number_grid("Image, and the window", image, np.s_[i : i + 2, j : j + 3]),
            number_grid("Filter", kernel, np.s_[0:2, 0:3]),
            number_grid("Output", y, np.s_[i : i + 1, j : j + 1]),
        ]
        assert same(panels(explorer, i, j), pictures)


@pytest.mark.parametrize(
    ("image", "kernel", "message"),
    [
        (np.ones(4, int), np.ones((2, 2), int), "image must have shape"),
        (np.ones((4, 4), int), np.ones(2, int), "kernel must have shape"),
        (np.ones((4, 4), int), np.ones((5, 1), int), "kernel must fit"),
    ],
)
def test_a_window_needs_an_image_that_it_fits_in(image, kernel, message):
    with pytest.raises(ValueError, match=message):
        window_explorer(image, kernel)


def test_the_output_size_explorer_says_how_many_windows_there_are():
    explorer = output_size_explorer()
    kernels, strides, paddings = (1, 2, 3, 5, 7), (1, 2, 3), (0, 1, 2, 3)
    for k, s, p in np.ndindex(5, 3, 4):
        kernel, stride, padding = kernels[k], strides[s], paddings[p]
        n = output_size(10, kernel, stride, padding)
        # the last window begins at (n - 1) * stride
        behind = 10 + 2 * padding - ((n - 1) * stride + kernel)
        rest = f" The last {behind} pixels of the padded row lie in no window."
        if behind == 1:
            rest = " The last pixel of the padded row lies in no window."
        assert explorer.sentence(k, s, p) == (
            f"(10 + 2 · {padding} − {kernel}) / {stride} + 1, rounded down, is {n}: "
            f"{n} windows, so {n} output values.{rest if behind else ''}"
        )
    assert [*explorer.sliders] == ["kernel", "stride", "padding"]
    assert [*explorer.sliders.values()] == [
        [str(stop) for stop in stops] for stops in (kernels, strides, paddings)
    ]


def test_the_output_size_explorer_starts_in_the_middle_if_there_is_one():
    assert output_size_explorer().start == (2, 0, 0)
    assert output_size_explorer(kernels=(1, 2)).start == (1, 0, 0)


def test_the_windows_lie_under_the_padded_row():
    kernels, strides, paddings = (1, 3, 4), (1, 2, 3), (0, 2)
    explorer = output_size_explorer(9, kernels, strides, paddings)
    for k, s, p in np.ndindex(3, 3, 2):
        kernel, stride, padding = kernels[k], strides[s], paddings[p]
        n, total = output_size(9, kernel, stride, padding), 9 + 2 * padding
        (picture,) = panels(explorer, k, s, p)
        title, drawing = ET.fromstring(picture)
        assert title.text == "The padded row, and the window of each output"
        assert drawing.attrib == {
            "style": f"max-width:{0.08 * (32 + 20 * total):g}rem",
            "viewBox": f"0 0 {32 + 20 * total} {42 + 13 * n}", "role": "img",
            "aria-label": f"{total} pixels in a row and {n} windows below them, "
            f"y[0] to y[{n - 1}]",
        }  # fmt: skip
        box = {"y": "17", "width": "18", "height": "18"}
        padded = [not padding <= i < total - padding for i in range(total)]
        assert [rect.attrib for rect in drawing.iter("rect")] == [
            {"class": "guess" if outside else "axis", "x": f"{20 * i + 33}", **box}
            for i, outside in enumerate(padded)
        ]
        bar = {"stroke-width": "5"}
        assert [path.attrib for path in drawing.iter("path")] == [
            {
                "d": f"M{20 * i * stride + 34} {46 + 13 * i}h{20 * kernel - 4}",
                "stroke": f"var(--ch335-{i % 2})", **bar,
            }
            for i in range(n)
        ]  # fmt: skip


def test_pixels_and_outputs_of_a_row_are_numbered_from_0():
    explorer = output_size_explorer(4, (1, 3), (1, 3), (0, 2))
    (picture,) = panels(explorer, 1, 1, 1)
    found = [
        (text.text, text.get("class"), int(text.get("x")), int(text.get("y")))
        for text in ET.fromstring(picture).iter("text")
    ]
    # the padding's zeros stand inside the row, the pixels' numbers above it
    row = [(0, 30), (0, 30), (0, 11), (1, 11), (2, 11), (3, 11), (0, 30), (0, 30)]
    assert found == [
        ("x", "end", 26, 30),
        *((f"{text}", "mid", 42 + 20 * i, y) for i, (text, y) in enumerate(row)),
        ("y[0]", "end", 26, 50),
        ("y[1]", "end", 26, 63),
    ]


def test_every_picture_is_well_formed_and_every_explorer_light(noise, network, answers):
    activation = activation_explorer(*network[:3], NAMES)
    explorers = [
        noise,
        activation,
        window_explorer(np.eye(7, dtype=int), np.eye(3, dtype=int)),
        output_size_explorer(),
        calibration_explorer(*answers, TEMPERATURES),
    ]
    for explorer in explorers:
        for stop in explorer.states:
            assert panels(explorer, *stop)
        assert len(explorer.html()) < 400_000
