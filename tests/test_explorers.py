"""The small explorers say what is true, at every stop."""

import html
import re

import numpy as np
import pytest

from ch335_helpers import (
    CLASS_NAMES,
    ResidualCNN,
    SimpleCNN,
    activation_explorer,
    activation_maps,
    calibration_explorer,
    class_posterior,
    make_synthetic_images,
    noise_explorer,
    output_size,
    output_size_explorer,
    window_explorer,
)


def numbers(text):
    return [float(n) for n in re.findall(r"-?\d+(?:\.\d+)?", text.replace("−", "-"))]


def test_the_noise_explorer_tells_what_the_ideal_observer_says():
    levels = (0.3, 1.5)
    explorer = noise_explorer(levels, n_examples=3, n_per_class=20, seed=2)
    for i, noise in enumerate(levels):
        X, y = make_synthetic_images(20, noise=noise, seed=2)
        posterior = class_posterior(X, noise=noise)
        accuracy = (posterior.argmax(axis=1) == y).mean()
        for n in range(3):
            sentence = explorer.sentence(i, n)
            believed = posterior[n].argmax()
            assert f"says {CLASS_NAMES[believed]}, " in sentence
            assert ("rightly" in sentence) == (believed == y[n])
            assert f"right for {accuracy:.0%}" in sentence
            bars = re.findall(
                r'<rect x="100" [^>]*width="(\d+)"', explorer.picture(i, n)
            )
            np.testing.assert_allclose(
                np.array(bars, float) / 200, posterior[n], atol=0.003
            )


def test_the_window_explorer_writes_out_the_sum_at_every_place():
    rng = np.random.default_rng(1)
    image, kernel = rng.integers(0, 9, (4, 6)), rng.integers(-4, 5, (2, 3))
    explorer = window_explorer(image, kernel)
    assert [len(stops) for stops in explorer.sliders.values()] == [3, 4]
    for h, v in np.ndindex(3, 4):
        place, _, total = explorer.sentence(h, v).partition(": ")
        assert place == f"Row {h + 1}, column {v + 1}"
        terms, value = total.split(" = ")
        pairs = [numbers(term) for term in terms.split(" + ")]
        assert [p for p, _ in pairs] == image[h : h + 2, v : v + 3].ravel().tolist()
        assert [w for _, w in pairs] == kernel.ravel().tolist()
        assert sum(p * w for p, w in pairs) == numbers(value)[0]


def test_the_output_size_explorer_draws_as_many_windows_as_it_says():
    kernels, strides, paddings = (1, 3, 4), (1, 2, 3), (0, 2)
    explorer = output_size_explorer(9, kernels, strides, paddings)
    for k, s, p in np.ndindex(3, 3, 2):
        n = output_size(9, kernels[k], strides[s], paddings[p])
        sentence, picture = explorer.sentence(k, s, p), explorer.picture(k, s, p)
        assert f"is {n}: {n} windows" in sentence
        bars = re.findall(r'<path d="M(\d+) \d+H(\d+)"', picture)
        assert len(bars) == n
        assert picture.count("<rect") == 9 + 2 * paddings[p]
        # the last window's end, and how many pixels lie behind it
        behind = 9 + 2 * paddings[p] - (int(bars[-1][1]) + 2) // 20
        assert (f"last {behind} of" in sentence) == (behind > 0)


def test_the_activation_explorer_names_the_strongest_channel():
    model = ResidualCNN(3, width=4)
    params = model.init(np.random.default_rng(0))
    X, _ = make_synthetic_images(1, n_classes=3, seed=0)
    explorer = activation_explorer(model, params, X, names=("a", "b", "c"))
    stops = explorer.sliders["after"]
    assert stops == ["stem + ReLU", "block1 + ReLU", "max pool", "block2 + ReLU"]
    maps = [y for name, y in activation_maps(model, params, X) if "bn" not in name]
    last = maps[-1][1]
    sentence = explorer.sentence(1, 3)
    assert f"Channel {last.mean(axis=(1, 2)).argmax() + 1} is" in sentence
    assert sentence.startswith("B after block2 + ReLU: 8 channels of 8 × 8.")
    assert explorer.picture(1, 3) != explorer.picture(0, 3)


def test_the_activation_explorer_takes_other_models():
    model = SimpleCNN(3)
    params = model.init(np.random.default_rng(0))
    X, _ = make_synthetic_images(1, n_classes=3, seed=0)
    explorer = activation_explorer(model, params, X)
    assert explorer.sliders["after"][0] == "conv1 + ReLU"


def test_the_temperature_changes_confidence_and_never_accuracy():
    rng = np.random.default_rng(0)
    y = rng.integers(4, size=300)
    logits = rng.standard_normal((300, 4)) + 2 * np.eye(4)[y]
    explorer = calibration_explorer(logits, y, (0.5, 1, 2))
    assert explorer.start == (1,)
    told = [numbers(explorer.sentence(i)) for i in range(3)]
    stated, accuracy = ([row[column] for row in told] for column in (1, 2))
    assert stated[0] > stated[1] > stated[2]
    assert accuracy[0] == accuracy[1] == accuracy[2]
    right = (logits.argmax(axis=1) == y).mean()
    assert accuracy[0] == pytest.approx(100 * right, abs=0.05)


def test_a_temperature_of_zero_is_refused():
    with pytest.raises(ValueError, match="temperatures must be above 0"):
        calibration_explorer(np.zeros((2, 3)), np.array([0, 1]), (1, 0))


def test_every_picture_is_closed_where_it_was_opened():
    explorers = [
        noise_explorer((0.5, 1), n_examples=2, n_per_class=2),
        window_explorer(np.eye(4, dtype=int), np.eye(2, dtype=int)),
        output_size_explorer(),
        calibration_explorer(np.eye(3), np.arange(3), (1, 2)),
    ]
    for explorer in explorers:
        for stop in explorer.states:
            picture = explorer.picture(*stop)
            for tag in ("div", "svg", "g", "text"):
                opened = re.findall(rf"<{tag}[ >]", picture)
                assert len(opened) == picture.count(f"</{tag}>"), (tag, picture)
        assert html.escape(explorer.sentence(*explorer.start)) in explorer.html()
        assert len(explorer.html()) < 400_000
