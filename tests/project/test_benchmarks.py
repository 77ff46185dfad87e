"""The benchmarks measure what they say: same network, same batches, right counts."""

import sys

import numpy as np
import pytest

from ch335_helpers import (
    Chain,
    Conv,
    GlobalAvgPool,
    Linear,
    ResidualCNN,
    cross_entropy,
    fit,
    save_params,
)

pytest.importorskip("psutil")
from benchmarks import report, run, workers
from benchmarks.threads import InThreads


@pytest.fixture
def pytorch_side():
    pytest.importorskip("torch")
    from benchmarks import pytorch_side

    return pytorch_side


# --------------------------------------------------------------------------- report


def test_functions_take_turns_and_each_begins_once():
    called = []
    turns = {name: lambda name=name: called.append(name) or name for name in "abc"}
    results = report.interleave(turns, 4)
    assert "".join(called) == "abcbcacababc"
    assert results == {name: [name] * 4 for name in "abc"}


def test_a_ratio_is_their_time_over_ours_and_the_spread_its_median_and_extremes():
    ratio = report.ratios([2.0, 3.0, 8.0], [2.0, 2.0, 2.0])
    assert ratio == [1, 1.5, 4]
    assert report.spread(ratio) == "1.50 (1.00 to 4.00)"


def test_the_fastest_has_the_smallest_median():
    assert report.fastest({"a": [1, 9, 9], "b": [5, 5, 5]}) == "b"


def test_seconds_to_an_accuracy_are_those_of_all_epochs_up_to_it():
    assert report.seconds_to(0.9, [0.5, 0.9, 0.8], [1.0, 2.0, 4.0]) == 3
    assert report.seconds_to(0.95, [0.5, 0.9, 0.8], [1.0, 2.0, 4.0]) is None


def test_operations_counted_by_hand():
    # 6 x 6 image, kernel 3, stride 2, padding 1: 3 x 3 places of 2 filters, 9 weights
    conv = Conv("conv", 1, 2, kernel=3, stride=2)
    model = Chain(conv, Conv("next", 2, 4), GlobalAvgPool(), Linear("linear", 4, 5))
    counts = {"conv": 3 * 3 * 2 * 9, "next": 3 * 3 * 4 * 2 * 9, "linear": 4 * 5}
    assert report.multiply_adds(model, 6) == counts
    # forwards and both gradients, but for that of the image
    expected = 2 * (2 * counts["conv"] + 3 * (counts["next"] + counts["linear"]))
    assert report.training_flop(model, 6) == expected


def test_every_convolution_of_the_residual_network_is_counted():
    counts = report.multiply_adds(ResidualCNN(), 32)
    names = ResidualCNN().init(np.random.default_rng(0))
    assert set(counts) == {n.removesuffix(".w") for n in names if n.endswith(".w")}
    assert counts["stem.conv"] == 16 * 16 * 16 * 25
    assert counts["block2.project"] == 8 * 8 * 32 * 16


# -------------------------------------------------------------------------- workers


@pytest.fixture
def folder(tmp_path, rng):
    """A workers' folder with a few images and the weights of a small network."""
    X = rng.standard_normal((40, 1, 16, 16)).astype(np.float32)
    np.savez(tmp_path / workers.images_file(16), X=X, y=rng.integers(0, 10, 40))
    params = ResidualCNN(width=2).init(rng)
    save_params(tmp_path / workers.weights_file(2), params)
    return tmp_path


SMALL = {"batch": 16, "size": 16, "width": 2, "steps": 2}
needs_linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


@needs_linux
def test_a_worker_does_one_job_after_another_and_sees_its_memory(folder):
    with workers.Worker("numpy_side", folder) as worker:
        assert worker.ask("train", **SMALL) > 0
        assert worker.ask("infer", **SMALL) > 0
        before, most = worker.watch("epoch", n=64)
        assert 10e6 < before < most
    assert worker.process.returncode == 0


@needs_linux
def test_a_worker_that_fails_is_reported(folder, capfd):
    with (
        workers.Worker("numpy_side", folder) as worker,
        pytest.raises(RuntimeError, match="numpy_side has ended"),
    ):
        worker.ask("train", **SMALL | {"width": 3})  # there are no such weights
    assert "weights-3" in capfd.readouterr().err


# ------------------------------------------------------------------------------ run


class Told:
    """A worker whose answer is known, whatever it is asked."""

    def __init__(self, losses):
        self.losses = losses

    def ask(self, job, **settings):
        return {"losses": self.losses}


@pytest.mark.parametrize(
    ("n_steps", "factor", "passes"),
    [(20, 1.0005, True), (20, 1.002, False), (19, 1, False), (20, np.nan, False)],
)
def test_the_benchmark_goes_on_only_if_the_losses_agree(n_steps, factor, passes):
    losses = list(np.linspace(2, 1, n_steps))
    theirs = [*losses[:-1], losses[-1] * factor]
    bench = run.Bench(run.QUICK, None, Told(losses), Told(theirs), None)
    if passes:
        assert "5.0e-04" in run.proof(bench)
    else:
        with pytest.raises(SystemExit, match="losses differ"):
            run.proof(bench)


def test_a_round_has_fewer_steps_where_a_step_takes_longer():
    bench = run.Bench(run.Plan(), None, None, None, None)
    default = bench.steps(**run.DEFAULT)
    assert default == run.Plan().images // 64
    assert bench.steps(batch=128, size=32, width=16) == default // 2
    assert bench.steps(batch=64, size=32, width=32) == default // 2
    assert bench.steps(batch=64, size=64, width=16) == default // 4
    assert bench.steps(batch=256, size=64, width=64) == 2


# --------------------------------------------------------------------- pytorch_side


@pytest.mark.parametrize("layout", ["contiguous", "channels last"])
@pytest.mark.parametrize("train", [True, False])
def test_pytorch_s_network_is_the_helper_s(pytorch_side, layout, train, rng):
    model, x = ResidualCNN(width=3), rng.standard_normal((8, 1, 16, 16), np.float32)
    params, y = model.init(rng), rng.integers(0, 10, 8)
    for name in params:  # running averages that are not those of a new network
        params[name] += 0.1 * rng.random(params[name].shape, np.float32)
    theirs = pytorch_side.ResidualCNN(3)
    pytorch_side.copy_weights(theirs, params)
    theirs.to(memory_format=pytorch_side.LAYOUTS[layout]).train(train)

    logits = theirs(pytorch_side.to_tensor(x, layout))
    ours, backward = model(params, x, train=train)
    np.testing.assert_allclose(logits.detach().numpy(), ours, rtol=1e-3, atol=1e-4)
    loss, dlogits = cross_entropy(ours, y)
    tensor_loss = pytorch_side.functional.cross_entropy(
        logits, pytorch_side.torch.from_numpy(y)
    )
    tensor_loss.backward()
    assert loss == pytest.approx(tensor_loss.item(), rel=1e-4)
    backward(dlogits, grads := {})
    np.testing.assert_allclose(
        grads["stem.conv.w"], theirs.stem.conv.weight.grad.numpy(), atol=1e-4
    )


@pytest.mark.parametrize("n", [2, 3])
def test_threads_compute_what_the_network_computes_alone(n, rng):
    model, found = ResidualCNN(width=4), []
    x, y = rng.standard_normal((7, 1, 12, 12)), rng.integers(0, 10, 7)
    for network in (model, InThreads(model, n)):
        params = model.init(np.random.default_rng(0))
        params = {name: value.astype(np.float64) for name, value in params.items()}
        grads, (logits, backward) = {}, network(params, x, train=True)
        backward(cross_entropy(logits, y)[1], grads)
        found.append(
            {"logits": logits} | params | {f"d{k}": g for k, g in grads.items()}
        )
    assert found[0].keys() == found[1].keys()
    for name, value in found[0].items():
        np.testing.assert_allclose(found[1][name], value, rtol=1e-7, atol=1e-11)


def test_weights_that_do_not_fit_are_refused(pytorch_side, rng):
    params = ResidualCNN(width=2).init(rng)
    del params["linear.b"]
    with pytest.raises(ValueError, match=r"linear\.bias"):
        pytorch_side.copy_weights(pytorch_side.ResidualCNN(2), params)


def test_pytorch_gets_the_batches_that_fit_draws(pytorch_side):
    class Recorder(ResidualCNN):
        seen = []  # noqa: RUF012

        def __call__(self, params, x, train=False):
            if train:
                self.seen.append(x[:, 0, 0, 0].astype(int))
            return super().__call__(params, x, train)

    X = np.zeros((20, 1, 4, 4), np.float32)
    X[:, 0, 0, 0] = np.arange(20)  # each image says its place
    y = np.arange(20) % 10
    model, weights = Recorder(width=2), ResidualCNN(width=2)
    fit(
        model, X, y, X, y, epochs=3, batch_size=8, seed=5, progress=False,
        params=weights.init(np.random.default_rng(0)), n_shards=1,
    )  # fmt: skip
    order = pytorch_side.draw_batches(20, 8, seed=5)
    expected = [next(order) for _ in model.seen]
    assert len(expected) == 9
    np.testing.assert_array_equal(model.seen, expected)
