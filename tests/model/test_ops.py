"""The operations: by hand, against loops, as properties, and their gradients."""

import math
import re
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import loops
from ch335_helpers.model.ops import (
    batch_norm,
    conv2d,
    cross_entropy,
    global_avg_pool,
    global_max_pool,
    gradients_from_dy,
    gradients_from_x,
    linear,
    log_sum_exp_pool,
    max_pool,
    output_size,
    relu,
    softmax,
)

# ----------------------------------------------------------------------- shared helpers

SEEDS = st.integers(0, 2**32 - 1)
DTYPES = st.sampled_from([np.float32, np.float64])


def contiguous(a):
    return np.ascontiguousarray(a)


def column_major(a):
    return np.asfortranarray(a)


def transposed(a):  # channels last in memory
    return np.ascontiguousarray(np.moveaxis(a, 0, -1)).transpose(-1, *range(a.ndim - 1))


def sliced(a):  # every second value of a wider array
    return np.repeat(a, 2, axis=-1)[..., ::2]


def flipped(a):  # negative strides along every axis
    return np.flip(np.flip(a).copy())


LAYOUTS = st.sampled_from([contiguous, column_major, transposed, sliced, flipped])


def numbers(rng, shape, dtype=np.float64):
    """Values in random order, none near 0, no two near each other: no kink is near."""
    size = math.prod(shape)
    values = (rng.permutation(size) - size // 2 + 0.5) * (4 / size)
    return values.reshape(shape).astype(dtype)


def assert_close(actual, expected):
    """Equal up to the rounding of the actual array's dtype."""
    tolerance = {"float32": 3e-5, "float64": 1e-11}[str(actual.dtype)]
    scale = max(1.0, np.abs(expected).max())
    np.testing.assert_allclose(actual, expected, rtol=0, atol=tolerance * scale)


def run_backward(backward, dy):
    """The gradients as a list, without the None that stands for a missing bias."""
    gradients = backward(dy)
    gradients = gradients if isinstance(gradients, tuple) else (gradients,)
    return [gradient for gradient in gradients if gradient is not None]


def norm_in_training(x, gamma, beta):
    C = x.shape[1]
    running = np.zeros(C, x.dtype), np.ones(C, x.dtype)
    return batch_norm(x, gamma, beta, *running, train=True)


def norm_in_evaluation(x, gamma, beta):
    C = x.shape[1]
    running = np.full(C, 0.25, x.dtype), np.full(C, 2, x.dtype)
    return batch_norm(x, gamma, beta, *running, train=False)


MANY = 65  # images: several of the blocks that conv2d works in, and one image more
CONV_SHAPES = [(MANY, 2, 5, 6), (3, 2, 3, 2), (3,)]
NORM_SHAPES = [(3, 2, 4, 3), (2,), (2,)]
OPERATIONS = {
    "conv2d": (partial(conv2d, padding=1), CONV_SHAPES),
    "conv2d stride 2": (partial(conv2d, stride=2, padding=2), CONV_SHAPES),
    "conv2d no bias": (partial(conv2d, padding=1), CONV_SHAPES[:2]),
    "max_pool": (max_pool, [(2, 3, 4, 7)]),
    "max_pool overlapping": (partial(max_pool, size=3, stride=1), [(2, 3, 4, 7)]),
    "global_avg_pool": (global_avg_pool, [(2, 3, 4, 5)]),
    "global_max_pool": (global_max_pool, [(2, 3, 4, 5)]),
    "log_sum_exp_pool": (log_sum_exp_pool, [(2, 3, 4, 5)]),
    "relu": (relu, [(2, 3, 4, 5)]),
    "linear": (linear, [(4, 3), (2, 3), (2,)]),
    "batch_norm training": (norm_in_training, NORM_SHAPES),
    "batch_norm evaluation": (norm_in_evaluation, NORM_SHAPES),
}
each_operation = pytest.mark.parametrize(
    ("f", "shapes"), OPERATIONS.values(), ids=OPERATIONS.keys()
)


# ------------------------------------------------------- what holds for every operation


@each_operation
def test_the_gradient_agrees_with_a_central_difference(
    f, shapes, rng, directional_error
):
    arrays = [numbers(rng, shape) for shape in shapes]
    assert directional_error(f, arrays, rng) < 1e-7


@each_operation
@given(seed=SEEDS, dtype=DTYPES, layout=LAYOUTS, dy_layout=LAYOUTS)
def test_the_layout_in_memory_changes_no_result(
    f, shapes, seed, dtype, layout, dy_layout
):
    rng = np.random.default_rng(seed)
    arrays = [numbers(rng, shape, dtype) for shape in shapes]
    y, backward = f(*(layout(array) for array in arrays))
    expected, expected_backward = f(*(array.astype(np.float64) for array in arrays))
    dy = numbers(rng, y.shape, dtype)
    assert_close(y, expected)
    for actual, exact in zip(
        run_backward(backward, dy_layout(dy)),
        run_backward(expected_backward, dy.astype(np.float64)),
        strict=True,
    ):
        assert_close(actual, exact)


@each_operation
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_dtype_that_goes_in_comes_out(f, shapes, dtype, rng):
    arrays = [numbers(rng, shape, dtype) for shape in shapes]
    y, backward = f(*arrays)
    gradients = run_backward(backward, numbers(rng, y.shape, dtype))
    assert [a.dtype for a in (y, *gradients)] == [dtype] * (1 + len(arrays))


@each_operation
def test_a_gradient_has_the_shape_of_its_array(f, shapes, rng):
    y, backward = f(*(numbers(rng, shape) for shape in shapes))
    assert [g.shape for g in run_backward(backward, numbers(rng, y.shape))] == shapes


@each_operation
def test_the_inputs_are_never_changed(f, shapes, rng):
    arrays = [numbers(rng, shape) for shape in shapes]
    kept = [array.copy() for array in arrays]
    y, backward = f(*arrays)
    dy = numbers(rng, y.shape)
    kept_dy = dy.copy()
    backward(dy)
    for array, before in zip([*arrays, dy], [*kept, kept_dy], strict=True):
        np.testing.assert_array_equal(array, before)


@each_operation
def test_read_only_inputs_are_welcome(f, shapes, rng):
    arrays = [numbers(rng, shape) for shape in shapes]
    dy = numbers(rng, f(*arrays)[0].shape)
    for array in (*arrays, dy):
        array.flags.writeable = False
    y, backward = f(*arrays)
    gradients = run_backward(backward, dy)
    assert all(array.flags.writeable for array in (y, *gradients))


@each_operation
def test_results_share_no_memory_with_the_inputs(f, shapes, rng):
    arrays = [numbers(rng, shape) for shape in shapes]
    y, backward = f(*arrays)
    dy = numbers(rng, y.shape)
    results = [y, *run_backward(backward, dy)]
    assert not any(np.shares_memory(r, a) for r in results for a in (*arrays, dy))


@each_operation
def test_backward_twice_gives_the_same_arrays(f, shapes, rng):
    y, backward = f(*(numbers(rng, shape) for shape in shapes))
    dy = numbers(rng, y.shape)
    first = run_backward(backward, dy)
    kept = [gradient.copy() for gradient in first]
    second = run_backward(backward, dy)
    for a, b, c in zip(first, kept, second, strict=True):
        np.testing.assert_array_equal(a, b)
        np.testing.assert_array_equal(b, c)


@each_operation
def test_backward_is_linear_in_dy(f, shapes, rng):
    y, backward = f(*(numbers(rng, shape) for shape in shapes))
    a, b = numbers(rng, y.shape), numbers(rng, y.shape)
    together = run_backward(backward, 2 * a - b)
    parts = zip(run_backward(backward, a), run_backward(backward, b), strict=True)
    for whole, (from_a, from_b) in zip(together, parts, strict=True):
        assert_close(whole, 2 * from_a - from_b)


@each_operation
def test_two_forward_passes_can_be_alive_at_once(f, shapes, rng):
    inputs = [[numbers(rng, shape) for shape in shapes] for _ in range(2)]
    alone = []
    dys = [numbers(rng, f(*inputs[0])[0].shape) for _ in range(2)]
    for arrays, dy in zip(inputs, dys, strict=True):
        alone.append(run_backward(f(*arrays)[1], dy))
    (_, backward_0), (_, backward_1) = f(*inputs[0]), f(*inputs[1])
    together = [run_backward(backward_0, dys[0]), run_backward(backward_1, dys[1])]
    for expected, actual in zip(alone, together, strict=True):
        for a, b in zip(expected, actual, strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("name", [name for name in OPERATIONS if name != "relu"])
def test_a_dy_of_another_shape_than_y_is_refused(name, rng):
    f, shapes = OPERATIONS[name]
    y, backward = f(*(numbers(rng, shape) for shape in shapes))
    for shape in [y.shape[1:], (1, *y.shape[1:]), (*y.shape[:-1], 1), (*y.shape, 1)]:
        with pytest.raises(ValueError, match="dy .*" + re.escape(str(shape))):
            backward(np.zeros(shape))


# -------------------------------------------------------------- check_axes, output_size


def test_output_size_of_examples_worked_by_hand():
    assert output_size(5, 3) == 3  # starts 0, 1, 2
    assert output_size(5, 3, stride=2) == 2  # starts 0, 2
    assert output_size(6, 3, stride=2) == 2  # starts 0, 2; from 4 it would stick out
    assert output_size(5, 3, padding=1) == 5
    assert output_size(32, 5, stride=2, padding=2) == 16


@given(
    size=st.integers(1, 12),
    kernel=st.integers(1, 6),
    stride=st.integers(1, 5),
    padding=st.integers(0, 3),
)
def test_output_size_counts_the_places_of_the_window(size, kernel, stride, padding):
    starts = range(-padding, size + padding - kernel + 1, stride)
    if len(starts):
        assert output_size(size, kernel, stride, padding) == len(starts)
    else:
        with pytest.raises(ValueError, match=rf"kernel .*{size}.*{kernel}"):
            output_size(size, kernel, stride, padding)


@pytest.mark.parametrize(
    ("bad", "shown"),
    [
        ({"stride": 0}, "stride .*0"),
        ({"stride": -1}, "stride .*-1"),
        ({"padding": -2}, "padding .*-2"),
        ({"kernel": 0}, "kernel .*0"),
    ],
)
def test_output_size_refuses_what_makes_no_window(bad, shown):
    with pytest.raises(ValueError, match=shown):
        output_size(**{"size": 5, "kernel": 3} | bad)


# ------------------------------------------------------------------------------- conv2d


def in_float64(*arrays):
    return [array.astype(np.float64) for array in arrays]


@st.composite
def convolutions(draw, dtypes=DTYPES):
    """Arguments of conv2d: any shapes, strides, paddings, kernels, layouts."""
    rng, dtype = np.random.default_rng(draw(SEEDS)), draw(dtypes)
    N = draw(st.sampled_from([1, 2, MANY]))
    C, F = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    H, W = draw(st.integers(1, 7)), draw(st.integers(1, 7))
    stride, padding = draw(st.integers(1, 4)), draw(st.integers(0, 3))
    kH = draw(st.integers(1, min(5, H + 2 * padding)))
    kW = draw(st.integers(1, min(5, W + 2 * padding)))
    x = draw(LAYOUTS)(rng.standard_normal((N, C, H, W)).astype(dtype))
    w = draw(LAYOUTS)(rng.standard_normal((F, C, kH, kW)).astype(dtype))
    b = rng.standard_normal(F).astype(dtype) if draw(st.booleans()) else None
    return x, w, b, stride, padding


IMAGE = np.array([[[[1.0, 2, 3], [4, 5, 6], [7, 8, 9]]]])
FILTER = np.array([[[[1.0, 0], [0, 2]]]])


def test_conv2d_of_an_example_worked_by_hand():
    y, _ = conv2d(IMAGE, FILTER, np.array([10.0]))
    # upper left: 1·1 + 2·5 + 10
    np.testing.assert_array_equal(y, [[[[21, 24], [30, 33]]]])


def test_conv2d_does_not_turn_the_filter_round():
    y, _ = conv2d(IMAGE, np.array([[[[1.0, 0, 0], [0, 0, 0], [0, 0, 0]]]]))
    assert y.item() == 1  # the upper left pixel; a true convolution would give 9


def test_conv2d_with_stride_and_padding_worked_by_hand():
    y, _ = conv2d(IMAGE, FILTER, stride=2, padding=1)
    # the padded image starts 0 0 0 0 0 / 0 1 2 3 0: upper left 2·1, upper right 2·3
    np.testing.assert_array_equal(y, [[[[2, 6], [14, 23]]]])


def test_conv2d_adds_up_the_channels():
    x = np.array([[[[1.0]], [[10.0]]]])
    w = np.array([[[[2.0]], [[3.0]]], [[[1.0]], [[-1.0]]]])
    np.testing.assert_array_equal(conv2d(x, w)[0], [[[[32]], [[-9]]]])


def test_the_gradients_of_conv2d_worked_by_hand():
    _, backward = conv2d(IMAGE, FILTER, np.array([10.0]))
    dx, dw, db = backward(np.array([[[[1.0, 0], [0, -1]]]]))
    # the filter at the upper left, minus the filter at the lower right
    np.testing.assert_array_equal(dx, [[[[1, 0, 0], [0, 2 - 1, 0], [0, 0, -2]]]])
    np.testing.assert_array_equal(dw, [[[[1 - 5, 2 - 6], [4 - 8, 5 - 9]]]])
    np.testing.assert_array_equal(db, [0])


@given(convolutions())
def test_conv2d_equals_the_loops(arguments):
    x, w, b, stride, padding = arguments
    b = np.zeros(len(w)) if b is None else b
    y, _ = conv2d(*arguments)
    assert_close(y, loops.conv_forward(*in_float64(x, w, b), stride, padding))


@given(convolutions(), SEEDS, LAYOUTS)
def test_the_gradients_of_conv2d_equal_the_loops(arguments, seed, layout):
    x, w, b, stride, padding = arguments
    y, backward = conv2d(*arguments)
    dy = np.random.default_rng(seed).standard_normal(y.shape).astype(y.dtype)
    dx, dw, db = backward(layout(dy))
    arrays = in_float64(dy, x, w)
    expected_dx, expected_dw, expected_db = loops.conv_backward(
        *arrays, stride, padding
    )
    assert_close(dx, expected_dx)
    assert_close(dw, expected_dw)
    if b is None:
        assert db is None
    else:
        assert_close(db, expected_db)


@given(arguments=convolutions(st.just(np.float64)), seed=SEEDS)
def test_conv2d_has_the_gradient_of_a_central_difference(
    arguments, seed, directional_error
):
    x, w, b, stride, padding = arguments
    f = partial(conv2d, stride=stride, padding=padding)
    arrays = [x, w] if b is None else [x, w, b]
    assert directional_error(f, arrays, np.random.default_rng(seed)) < 1e-6


@given(convolutions(st.just(np.float64)))
def test_conv2d_pads_with_zeros(arguments):
    x, w, b, stride, padding = arguments
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    assert_close(conv2d(*arguments)[0], conv2d(padded, w, b, stride)[0])


@given(convolutions(st.just(np.float64)))
def test_a_stride_keeps_every_so_manyth_window(arguments):
    x, w, b, stride, padding = arguments
    all_windows, _ = conv2d(x, w, b, 1, padding)
    assert_close(conv2d(*arguments)[0], all_windows[:, :, ::stride, ::stride])


@given(convolutions(st.just(np.float64)), SEEDS)
def test_forward_and_backward_of_conv2d_are_adjoint(arguments, seed):
    x, w, _, stride, padding = arguments
    y, backward = conv2d(x, w, None, stride, padding)
    dy = np.random.default_rng(seed).standard_normal(y.shape)
    dx, dw, _ = backward(dy)
    assert (dx * x).sum() == pytest.approx((dy * y).sum(), abs=1e-9)
    assert (dw * w).sum() == pytest.approx((dy * y).sum(), abs=1e-9)


def test_conv2d_moves_with_its_image(rng):
    x, w = np.zeros((1, 2, 9, 9)), rng.standard_normal((3, 2, 3, 3))
    x[:, :, 2:5, 2:5] = rng.standard_normal((2, 3, 3))
    moved = np.roll(x, (2, 1), axis=(2, 3))
    y, y_moved = conv2d(x, w, padding=1)[0], conv2d(moved, w, padding=1)[0]
    assert_close(y_moved, np.roll(y, (2, 1), axis=(2, 3)))


def test_each_image_is_convolved_on_its_own(rng):
    x, w = rng.standard_normal((MANY, 2, 5, 5)), rng.standard_normal((3, 2, 3, 3))
    y, _ = conv2d(x, w)
    for n in range(MANY):
        assert_close(y[n : n + 1], conv2d(x[n : n + 1], w)[0])


@pytest.mark.parametrize(
    ("x", "w", "b", "message"),
    [
        ((3, 4, 4), (2, 3, 3, 3), None, r"x .*\(3, 4, 4\)"),
        ((1, 3, 4, 4), (3, 3, 3), None, r"w .*\(3, 3, 3\)"),
        ((1, 3, 4, 4), (2, 1, 3, 3), None, r"w .*3.*\(2, 1, 3, 3\)"),
        ((1, 3, 4, 4), (2, 3, 3, 3), (3,), r"b .*\(3,\)"),
        ((1, 3, 4, 4), (2, 3, 3, 3), (2, 1), r"b .*\(2, 1\)"),
        ((0, 3, 4, 4), (2, 3, 3, 3), None, r"x .*\(0, 3, 4, 4\)"),
        ((1, 3, 4, 4), (0, 3, 3, 3), None, r"w .*\(0, 3, 3, 3\)"),
        ((1, 3, 4, 9), (2, 3, 5, 3), None, r"kernel .*4.*5"),
        ((1, 3, 9, 4), (2, 3, 3, 5), None, r"kernel .*4.*5"),
    ],
)
def test_conv2d_refuses_what_does_not_fit_and_says_why(x, w, b, message):
    b = None if b is None else np.zeros(b)
    with pytest.raises(ValueError, match=message):
        conv2d(np.zeros(x), np.zeros(w), b)


@pytest.mark.parametrize(
    ("bad", "message"),
    [({"stride": 0}, "stride .*0"), ({"padding": -1}, "padding .*-1")],
)
def test_conv2d_refuses_a_bad_stride_or_padding(bad, message):
    with pytest.raises(ValueError, match=message):
        conv2d(IMAGE, FILTER, **bad)


@pytest.mark.parametrize(("stride", "padding"), [(1, 0), (1, 1), (2, 1), (3, 2)])
def test_conv2d_agrees_with_pytorch(stride, padding, rng):
    torch = pytest.importorskip("torch")
    arrays = [rng.standard_normal(s) for s in ((MANY, 3, 9, 8), (4, 3, 3, 2), (4,))]
    tensors = [torch.tensor(array, requires_grad=True) for array in arrays]
    y, backward = conv2d(*arrays, stride, padding)
    expected = torch.nn.functional.conv2d(*tensors, stride=stride, padding=padding)
    dy = rng.standard_normal(y.shape)
    expected.backward(torch.tensor(dy))
    assert_close(y, expected.detach().numpy())
    for gradient, tensor in zip(backward(dy), tensors, strict=True):
        assert_close(gradient, tensor.grad.numpy())


# ----------------------------------------------------------------------------- max_pool


@st.composite
def poolings(draw):
    """Images full of ties, in any layout; size and stride."""
    rng, dtype = np.random.default_rng(draw(SEEDS)), draw(DTYPES)
    shape = [draw(st.integers(1, top)) for top in (3, 3, 7, 7)]
    size = draw(st.integers(1, min(4, *shape[2:])))
    x = draw(LAYOUTS)(rng.integers(-1, 2, shape).astype(dtype))
    return x, size, draw(st.integers(1, 4))


def test_max_pool_of_an_example_worked_by_hand():
    x = np.array([[[[1.0, 5, 2, 0], [3, 4, 8, 1], [0, -2, -3, -1], [-5, -1, -4, -2]]]])
    y, backward = max_pool(x)
    np.testing.assert_array_equal(y, [[[[5, 8], [0, -1]]]])
    dx = backward(np.array([[[[10.0, 20], [30, 40]]]]))
    np.testing.assert_array_equal(
        dx, [[[[0, 10, 0, 0], [0, 0, 20, 0], [30, 0, 0, 40], [0, 0, 0, 0]]]]
    )


def test_a_tie_goes_to_the_first_maximum():
    _, backward = max_pool(np.array([[[[1.0, 2], [2, 2]]]]))
    np.testing.assert_array_equal(backward(np.array([[[[7.0]]]])), [[[[0, 7], [0, 0]]]])


def test_first_means_in_row_order_not_in_column_order():
    _, backward = max_pool(np.array([[[[0.0, 2], [2, 0]]]]))
    np.testing.assert_array_equal(backward(np.array([[[[7.0]]]])), [[[[0, 7], [0, 0]]]])


def test_a_window_of_equal_values_sends_its_gradient_to_the_upper_left():
    _, backward = max_pool(np.full((1, 1, 3, 3), -1.0), size=3, stride=3)
    dx = backward(np.array([[[[7.0]]]]))
    assert dx[0, 0, 0, 0] == 7
    assert np.count_nonzero(dx) == 1


def test_overlapping_windows_add_up_their_gradients():
    x = np.array([[[[0.0, 0, 0], [0, 9, 0], [0, 0, 0]]]])
    _, backward = max_pool(x, size=2, stride=1)
    dx = backward(np.array([[[[1.0, 2], [3, 4]]]]))
    np.testing.assert_array_equal(dx, [[[[0, 0, 0], [0, 10, 0], [0, 0, 0]]]])


def test_rows_and_columns_that_fill_no_window_are_left_out(rng):
    x = rng.standard_normal((2, 1, 5, 7))
    x[:, :, 4], x[:, :, :, 6] = 99, 99
    y, backward = max_pool(x)
    assert y.shape == (2, 1, 2, 3)
    assert y.max() < 99
    dx = backward(np.ones(y.shape))
    assert not dx[:, :, 4].any()
    assert not dx[:, :, :, 6].any()


def test_a_window_of_many_pixels_knows_its_last_place():
    x = np.arange(400.0).reshape(1, 1, 20, 20)
    y, backward = max_pool(x, size=20, stride=20)
    assert y.item() == 399
    assert backward(np.array([[[[5.0]]]]))[0, 0, 19, 19] == 5


@given(poolings(), SEEDS, LAYOUTS)
def test_max_pool_equals_the_loops(arguments, seed, layout):
    y, backward = max_pool(*arguments)
    dy = np.random.default_rng(seed).standard_normal(y.shape).astype(y.dtype)
    np.testing.assert_array_equal(y, loops.pool_forward(*arguments))
    (dy64,) = in_float64(dy)
    assert_close(backward(layout(dy)), loops.pool_backward(dy64, *arguments))


@given(arguments=poolings(), seed=SEEDS)
def test_max_pool_has_the_gradient_of_a_central_difference(
    arguments, seed, directional_error
):
    x, size, stride = arguments
    rng = np.random.default_rng(seed)
    f = partial(max_pool, size=size, stride=stride)
    assert directional_error(f, [numbers(rng, x.shape)], rng) < 1e-6


@given(poolings())
def test_max_pool_hands_back_all_of_dy_and_no_more(arguments):
    y, backward = max_pool(*arguments)
    assert backward(np.full(y.shape, 0.5, y.dtype)).sum() == 0.5 * y.size


@pytest.mark.parametrize(
    ("shape", "arguments", "message"),
    [
        ((4, 4), {}, r"x .*\(4, 4\)"),
        ((0, 1, 4, 4), {}, r"x .*\(0, 1, 4, 4\)"),
        ((1, 1, 4, 1), {}, r"(size|kernel).*1.*2"),
        ((1, 1, 4, 9), {"size": 5}, r"(size|kernel).*4.*5"),
        ((1, 1, 4, 4), {"size": 0}, r"(size|kernel).*0"),
        ((1, 1, 4, 4), {"stride": 0}, r"stride.*0"),
    ],
)
def test_max_pool_refuses_what_does_not_fit_and_says_why(shape, arguments, message):
    with pytest.raises(ValueError, match=message):
        max_pool(np.zeros(shape), **arguments)


@pytest.mark.parametrize(("size", "stride"), [(2, 2), (3, 1), (3, 2), (2, 3)])
def test_max_pool_agrees_with_pytorch(size, stride, rng):
    torch = pytest.importorskip("torch")
    x = rng.integers(0, 4, (3, 2, 9, 8)).astype(float)  # with ties
    tensor = torch.tensor(x, requires_grad=True)
    y, backward = max_pool(x, size, stride)
    expected = torch.nn.functional.max_pool2d(tensor, size, stride)
    dy = rng.standard_normal(y.shape)
    expected.backward(torch.tensor(dy))
    assert_close(y, expected.detach().numpy())
    assert_close(backward(dy), tensor.grad.numpy())


def test_conv2d_can_spare_the_gradient_of_its_input(rng):
    x, w = rng.standard_normal((3, 2, 7, 8)), rng.standard_normal((4, 2, 3, 3))
    for stride in (1, 2):
        y, backward = conv2d(x, w, np.ones(4), stride=stride, padding=1)
        dy = rng.standard_normal(y.shape)
        _, dw, db = backward(dy)
        nothing, dw_alone, db_alone = backward(dy, with_dx=False)
        assert nothing is None
        np.testing.assert_allclose(dw_alone, dw, rtol=1e-12, atol=1e-12)
        np.testing.assert_array_equal(db_alone, db)


@pytest.mark.parametrize("padding", [0, 1, 3])
def test_both_ways_to_the_gradient_of_the_filters_agree(padding, rng):
    x, w = rng.standard_normal((2, 5, 6, 4)), rng.standard_normal((3, 4, 3, 2))
    Ho, Wo = output_size(5, 3, padding=padding), output_size(6, 2, padding=padding)
    dy = rng.standard_normal((2, Ho, Wo, 3))
    from_dy, from_x = np.full((2, *x.shape), np.nan)
    dw = gradients_from_dy(x, dy, w, padding, from_dy)
    other = gradients_from_x(x, dy, w, padding, from_x, stride=1)
    np.testing.assert_allclose(dw, other, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(from_dy, from_x, rtol=1e-12, atol=1e-12)


# ------------------------------------------------------------- global_avg_pool and relu


def test_global_avg_pool_of_an_example_worked_by_hand():
    x = np.array([[[[1.0, 2], [3, 6]], [[0, 0], [0, -4]]]])
    y, backward = global_avg_pool(x)
    np.testing.assert_array_equal(y, [[3, -1]])
    dx = backward(np.array([[4.0, 8]]))
    np.testing.assert_array_equal(dx, [[[[1, 1], [1, 1]], [[2, 2], [2, 2]]]])


@given(st.tuples(*[st.integers(1, 5)] * 4), SEEDS, DTYPES, LAYOUTS)
def test_global_avg_pool_equals_the_loops(shape, seed, dtype, layout):
    x = np.random.default_rng(seed).standard_normal(shape).astype(dtype)
    expected = [[sum(map(float, ch.flat)) / ch.size for ch in image] for image in x]
    assert_close(global_avg_pool(layout(x))[0], np.array(expected))


@pytest.mark.parametrize("shape", [(2, 3), (3, 4, 4), (1, 0, 4, 4)])
def test_global_avg_pool_refuses_what_is_no_batch_of_images(shape):
    with pytest.raises(ValueError, match="x .*" + re.escape(str(shape))):
        global_avg_pool(np.zeros(shape))


# --------------------------------------------------- global_max_pool, log_sum_exp_pool


def test_global_max_pool_gives_a_tie_to_the_first_in_row_order():
    x = np.array([[[[1.0, 5], [5, 2]], [[-3, -4], [-5, -1]]]])
    y, backward = global_max_pool(x)
    np.testing.assert_array_equal(y, [[5, -1]])
    dx = backward(np.array([[4.0, 8]]))
    np.testing.assert_array_equal(dx, [[[[0, 4], [0, 0]], [[0, 0], [0, 8]]]])


def test_log_sum_exp_pool_of_an_example_worked_by_hand():
    y, backward = log_sum_exp_pool(np.log([[[[1.0, 2], [3, 4]]]]))
    np.testing.assert_allclose(np.exp(y), [[10]])
    np.testing.assert_allclose(backward(np.array([[5.0]])), [[[[0.5, 1], [1.5, 2]]]])


@given(st.tuples(*[st.integers(1, 5)] * 4), SEEDS, DTYPES, LAYOUTS)
def test_the_other_global_pools_equal_the_loops(shape, seed, dtype, layout):
    x = np.random.default_rng(seed).standard_normal(shape).astype(dtype)
    largest = [[max(map(float, ch.flat)) for ch in image] for image in x]
    assert_close(global_max_pool(layout(x))[0], np.array(largest))
    soft = [[math.log(sum(map(math.exp, ch.flat))) for ch in image] for image in x]
    assert_close(log_sum_exp_pool(layout(x))[0], np.array(soft))


@given(SEEDS, DTYPES)
def test_log_sum_exp_pool_lies_between_the_maximum_and_log_places_above(seed, dtype):
    x = 1000 * np.random.default_rng(seed).standard_normal((2, 3, 4, 5)).astype(dtype)
    above = log_sum_exp_pool(x)[0] - global_max_pool(x)[0]  # and no exp overflows
    assert (above >= 0).all() and (above <= math.log(4 * 5) + 1e-3).all()


@pytest.mark.parametrize("pool", [global_max_pool, log_sum_exp_pool])
@pytest.mark.parametrize("shape", [(2, 3), (3, 4, 4), (1, 0, 4, 4)])
def test_the_other_global_pools_refuse_what_is_no_batch_of_images(pool, shape):
    with pytest.raises(ValueError, match="x .*" + re.escape(str(shape))):
        pool(np.zeros(shape))
    _, backward = pool(np.zeros((2, 3, 4, 5)))
    with pytest.raises(ValueError, match="dy .*" + re.escape("(2, 3, 4, 5)")):
        backward(np.zeros((2, 3, 4, 5)))


def test_relu_of_an_example_worked_by_hand():
    y, backward = relu(np.array([-2.0, 0, 3]))
    np.testing.assert_array_equal(y, [0, 0, 3])
    np.testing.assert_array_equal(backward(np.array([5.0, 6, 7])), [0, 0, 7])


@given(st.lists(st.integers(1, 4), min_size=1, max_size=5), SEEDS, DTYPES)
def test_relu_equals_the_loops_on_an_array_of_any_shape(shape, seed, dtype):
    rng = np.random.default_rng(seed)
    x, dy = rng.integers(-2, 3, shape).astype(dtype), rng.standard_normal(shape)
    y, backward = relu(x)
    dx = backward(dy)
    for index in np.ndindex(*shape):
        assert y[index] == (x[index] if x[index] > 0 else 0)
        assert dx[index] == (dy[index] if x[index] > 0 else 0)


# ------------------------------------------------------------------------------- linear


def test_linear_of_an_example_worked_by_hand():
    x, w, b = np.array([[1.0, 2]]), np.array([[3.0, 4], [5, -6]]), np.array([10.0, 20])
    y, backward = linear(x, w, b)
    np.testing.assert_array_equal(y, [[3 + 8 + 10, 5 - 12 + 20]])
    dx, dw, db = backward(np.array([[1.0, 2]]))
    np.testing.assert_array_equal(dx, [[3 + 2 * 5, 4 - 2 * 6]])
    np.testing.assert_array_equal(dw, [[1, 2], [2, 4]])
    np.testing.assert_array_equal(db, [1, 2])


@given(st.tuples(*[st.integers(1, 5)] * 3), SEEDS, DTYPES, LAYOUTS)
def test_linear_equals_the_loops(sizes, seed, dtype, layout):
    (N, D, K), rng = sizes, np.random.default_rng(seed)
    x, w, b, dy = (
        rng.standard_normal(shape).astype(dtype)
        for shape in ((N, D), (K, D), (K,), (N, K))
    )
    y, backward = linear(layout(x), layout(w), b)
    expected, dx = np.zeros((N, K)), np.zeros((N, D))
    dw, db = np.zeros((K, D)), np.zeros(K)
    for n, k in np.ndindex(N, K):
        expected[n, k] = sum(float(x[n, d]) * w[k, d] for d in range(D)) + b[k]
        dx[n] += dy[n, k] * w[k]
        dw[k] += dy[n, k] * x[n]
        db[k] += dy[n, k]
    for actual, looped in zip(
        (y, *backward(layout(dy))), (expected, dx, dw, db), strict=True
    ):
        assert_close(actual, looped)


@pytest.mark.parametrize(
    ("x", "w", "b", "message"),
    [
        ((3,), (2, 3), (2,), r"x .*\(3,\)"),
        ((1, 3, 1, 1), (2, 3), (2,), r"x .*\(1, 3, 1, 1\)"),
        ((4, 3), (6,), (2,), r"w .*\(6,\)"),
        ((4, 3), (3, 2), (3,), r"w .*\(3, 2\)"),
        ((4, 3), (2, 3), (3,), r"b .*\(3,\)"),
        ((0, 3), (2, 3), (2,), r"x .*\(0, 3\)"),
    ],
)
def test_linear_refuses_what_does_not_fit_and_says_why(x, w, b, message):
    with pytest.raises(ValueError, match=message):
        linear(np.zeros(x), np.zeros(w), np.zeros(b))


# --------------------------------------------------------------------------- batch_norm


def one_channel(*values):
    return np.array(values, float).reshape(-1, 1, 1, 1)


def test_batch_norm_in_training_worked_by_hand():
    x = one_channel(1, 1, 3, 3)  # mean 2, biased variance 1, unbiased 4/3
    mean, var = np.array([10.0]), np.array([1.0])
    gamma, beta = np.array([5.0]), np.array([7.0])
    y, _ = batch_norm(x, gamma, beta, mean, var, train=True, momentum=0.25, eps=0)
    np.testing.assert_allclose(y.ravel(), [2, 2, 12, 12])  # 7 ± 5
    np.testing.assert_allclose(mean, 0.75 * 10 + 0.25 * 2)
    np.testing.assert_allclose(var, 0.75 * 1 + 0.25 * 4 / 3)


def test_the_gradients_of_batch_norm_in_training_worked_by_hand():
    x = one_channel(1, 1, 3, 3)  # normalised: -1, -1, 1, 1
    gamma, beta, running = np.array([2.0]), np.array([0.0]), (np.zeros(1), np.ones(1))
    _, backward = batch_norm(x, gamma, beta, *running, train=True, eps=0)
    dx, dgamma, dbeta = backward(one_channel(1, 0, 0, 0))
    # γ (dy - mean of dy - normalised x times mean of dy times normalised x)
    np.testing.assert_allclose(
        dx.ravel(), [2 * (1 - 0.25 - 0.25), -1, 0, 0], atol=1e-15
    )
    np.testing.assert_allclose((dgamma.item(), dbeta.item()), (-1, 1))


def test_batch_norm_in_evaluation_worked_by_hand():
    x, gamma, beta = one_channel(5), np.array([3.0]), np.array([1.0])
    mean, var = np.array([1.0]), np.array([4.0])
    y, backward = batch_norm(x, gamma, beta, mean, var, train=False, eps=0)
    assert y.item() == (5 - 1) / 2 * 3 + 1
    dx, dgamma, dbeta = backward(one_channel(2))
    assert (dx.item(), dgamma.item(), dbeta.item()) == (2 * 3 / 2, 2 * (5 - 1) / 2, 2)


def test_eps_is_added_to_the_variance_under_the_root():
    x, gamma, beta = one_channel(1, 3), np.ones(1), np.zeros(1)  # variance 1
    y, _ = batch_norm(x, gamma, beta, np.zeros(1), np.ones(1), train=True, eps=3)
    np.testing.assert_allclose(y.ravel(), [-0.5, 0.5])


@st.composite
def normalisations(draw):
    """x, gamma, beta and the running averages, in any layout."""
    rng, dtype = np.random.default_rng(draw(SEEDS)), draw(DTYPES)
    N, C, H, W = (draw(st.integers(1, top)) for top in (4, 3, 5, 5))
    N += N * H * W == 1
    x = numbers(rng, (N, C, H, W), dtype) * 3 + 1
    per_channel = [(rng.random(C) + 0.5).astype(dtype) for _ in range(4)]
    return draw(LAYOUTS)(x), *per_channel


def naive_batch_norm(x, gamma, beta, mean, var, train, momentum=0.1, eps=1e-5):
    """One channel after another: y and the running averages."""
    y, mean, var = np.zeros(x.shape), mean.astype(float), var.astype(float)
    for c in range(x.shape[1]):
        values = [float(v) for v in x[:, c].flat]
        m, v = mean[c], var[c]
        if train:
            m = sum(values) / len(values)
            v = sum((value - m) ** 2 for value in values) / len(values)
            unbiased = v * len(values) / (len(values) - 1)
            mean[c] = (1 - momentum) * mean[c] + momentum * m
            var[c] = (1 - momentum) * var[c] + momentum * unbiased
        y[:, c] = gamma[c] * (x[:, c] - m) / np.sqrt(v + eps) + beta[c]
    return y, mean, var


@given(normalisations(), st.booleans(), st.floats(0, 1))
def test_batch_norm_equals_the_loops(arguments, train, momentum):
    expected, mean, var = naive_batch_norm(*arguments, train, momentum)
    y, _ = batch_norm(*arguments, train=train, momentum=momentum)
    assert_close(y, expected)
    assert_close(arguments[3], mean)
    assert_close(arguments[4], var)


@given(arguments=normalisations(), seed=SEEDS, train=st.booleans())
def test_batch_norm_has_the_gradient_of_a_central_difference(
    arguments, seed, train, directional_error
):
    x, gamma, beta, mean, var = (array.astype(np.float64) for array in arguments)

    def f(x, gamma, beta):
        return batch_norm(x, gamma, beta, mean.copy(), var.copy(), train=train)

    rng = np.random.default_rng(seed)
    assert directional_error(f, [x, gamma, beta], rng) < 1e-6


@given(normalisations())
def test_a_normalised_channel_has_mean_beta_and_deviation_gamma(arguments):
    _, gamma, beta, _, _ = arguments
    y, _ = batch_norm(*arguments, train=True)
    y = y.astype(np.float64)
    np.testing.assert_allclose(y.mean(axis=(0, 2, 3)), beta, atol=1e-4)
    np.testing.assert_allclose(y.std(axis=(0, 2, 3)), gamma, rtol=1e-3)


@given(normalisations(), SEEDS)
def test_no_gradient_is_left_along_what_batch_norm_takes_away(arguments, seed):
    x, *rest = (array.astype(np.float64) for array in arguments)
    y, backward = batch_norm(x, *rest, train=True, eps=0)
    dx, _, _ = backward(np.random.default_rng(seed).standard_normal(y.shape))
    np.testing.assert_allclose(dx.sum(axis=(0, 2, 3)), 0, atol=1e-9)
    np.testing.assert_allclose((dx * x).sum(axis=(0, 2, 3)), 0, atol=1e-9)


def test_evaluation_leaves_the_running_averages_alone(rng):
    x, mean, var = rng.standard_normal((4, 2, 3, 3)), np.full(2, 0.5), np.full(2, 2.0)
    y, backward = batch_norm(x, np.ones(2), np.zeros(2), mean, var, train=False)
    backward(rng.standard_normal(y.shape))
    np.testing.assert_array_equal(mean, 0.5)
    np.testing.assert_array_equal(var, 2)


def test_only_the_forward_pass_moves_the_running_averages(rng):
    x, mean, var = rng.standard_normal((4, 2, 3, 3)), np.zeros(2), np.ones(2)
    y, backward = batch_norm(x, np.ones(2), np.zeros(2), mean, var, train=True)
    after_forward = mean.copy(), var.copy()
    backward(rng.standard_normal(y.shape))
    np.testing.assert_array_equal((mean, var), after_forward)


def test_the_running_averages_come_to_the_batch_if_it_never_changes(rng):
    x, mean, var = 3 + 2 * rng.standard_normal((8, 1, 4, 4)), np.zeros(1), np.ones(1)
    for _ in range(300):
        batch_norm(x, np.ones(1), np.zeros(1), mean, var, train=True)
    np.testing.assert_allclose(mean, x.mean())
    np.testing.assert_allclose(var, x.var(ddof=1))


def test_evaluation_gives_an_image_the_same_result_in_any_company(rng):
    x = rng.standard_normal((5, 2, 3, 3))
    values = rng.random((4, 2)) + 0.5
    y, _ = batch_norm(x, *values, train=False)
    assert_close(y[2:3], batch_norm(x[2:3], *values, train=False)[0])


def test_a_constant_channel_divides_by_no_zero():
    x = np.full((2, 1, 3, 3), 4.0)
    y, backward = norm_in_training(x, np.array([2.0]), np.array([0.5]))
    np.testing.assert_array_equal(y, 0.5)
    assert np.isfinite(backward(np.arange(18.0).reshape(x.shape))[0]).all()


def test_float32_far_from_zero_keeps_its_digits(rng):
    x = (1000 + rng.standard_normal((16, 1, 8, 8))).astype(np.float32)
    y, _ = norm_in_training(x, np.ones(1, np.float32), np.zeros(1, np.float32))
    exact = (x.astype(np.float64) - x.mean(dtype=np.float64)) / x.std(dtype=np.float64)
    np.testing.assert_allclose(y, exact, atol=1e-3)


@pytest.mark.parametrize(
    ("position", "name"),
    [(0, "gamma"), (1, "beta"), (2, "running_mean"), (3, "running_var")],
)
def test_batch_norm_wants_one_value_a_channel(position, name):
    values = [np.ones(2) for _ in range(4)]
    values[position] = np.ones(3)
    with pytest.raises(ValueError, match=rf"{name} .*2.*\(3,\)"):
        batch_norm(np.zeros((2, 2, 3, 3)), *values, train=True)


@pytest.mark.parametrize("shape", [(2, 2), (2, 3, 3), (0, 2, 3, 3)])
def test_batch_norm_refuses_what_is_no_batch_of_images(shape):
    with pytest.raises(ValueError, match="x .*" + re.escape(str(shape))):
        batch_norm(np.zeros(shape), *np.ones((4, 2)), train=True)


def test_batch_norm_cannot_train_on_a_single_value():
    with pytest.raises(ValueError, match=r"x .*\(1, 2, 1, 1\)"):
        batch_norm(np.zeros((1, 2, 1, 1)), *np.ones((4, 2)), train=True)
    y, _ = batch_norm(np.zeros((1, 2, 1, 1)), *np.ones((4, 2)), train=False, eps=0)
    np.testing.assert_array_equal(y.ravel(), [0, 0])  # (0 - 1) / 1 · 1 + 1


@pytest.mark.parametrize("train", [True, False])
def test_batch_norm_agrees_with_pytorch(train, rng):
    torch = pytest.importorskip("torch")
    arrays = [rng.standard_normal((5, 3, 4, 6)), *rng.standard_normal((2, 3))]
    running = rng.random((2, 3)) + 0.5
    tensors = [torch.tensor(array, requires_grad=True) for array in arrays]
    their_running = [torch.tensor(array) for array in running.copy()]
    y, backward = batch_norm(*arrays, *running, train=train)
    expected = torch.nn.functional.batch_norm(
        tensors[0], *their_running, *tensors[1:], training=train
    )
    dy = rng.standard_normal(y.shape)
    expected.backward(torch.tensor(dy))
    assert_close(y, expected.detach().numpy())
    assert_close(running, np.stack([array.numpy() for array in their_running]))
    for gradient, tensor in zip(backward(dy), tensors, strict=True):
        assert_close(gradient, tensor.grad.numpy())


# ------------------------------------------------------------ softmax and cross_entropy

LOG3 = math.log(3)


def test_softmax_of_an_example_worked_by_hand():
    p = softmax(np.array([[0, LOG3], [LOG3, 0]]))  # exp: 1 and 3
    np.testing.assert_allclose(p, [[0.25, 0.75], [0.75, 0.25]])


def test_softmax_of_equal_scores_is_even():
    np.testing.assert_array_equal(softmax(np.full((1, 4), 7.0)), [[0.25] * 4])


def test_softmax_of_huge_scores_does_not_overflow():
    p = softmax(np.array([[1e4, 0, -1e4]]))
    np.testing.assert_array_equal(p, [[1, 0, 0]])


@given(st.integers(1, 4), st.integers(1, 6), SEEDS, DTYPES, LAYOUTS)
def test_softmax_equals_the_loops_and_its_rows_sum_to_1(N, K, seed, dtype, layout):
    z = (5 * np.random.default_rng(seed).standard_normal((N, K))).astype(dtype)
    p = softmax(layout(z))
    assert p.dtype == dtype
    for row, scores in zip(p, z.astype(float), strict=True):
        total = sum(math.exp(score) for score in scores)
        assert_close(row, np.array([math.exp(score) / total for score in scores]))
        assert row.sum() == pytest.approx(1, abs=1e-6)


@given(SEEDS, st.floats(-50, 50))
def test_softmax_does_not_feel_a_shift_of_the_whole_row(seed, shift):
    z = np.random.default_rng(seed).standard_normal((3, 4))
    assert_close(softmax(z + shift), softmax(z))


def test_softmax_leaves_its_scores_alone():
    z = np.array([[1.0, 2, 3]])
    softmax(z)
    np.testing.assert_array_equal(z, [[1, 2, 3]])


@pytest.mark.parametrize("shape", [(3,), (2, 3, 1), (0, 3), (2, 0)])
def test_softmax_refuses_what_is_no_table_of_scores(shape):
    with pytest.raises(ValueError, match="z .*" + re.escape(str(shape))):
        softmax(np.zeros(shape))


def test_cross_entropy_of_an_example_worked_by_hand():
    # probabilities 1/4 and 3/4; once the first label is right, once the second
    logits = np.array([[0, LOG3], [0, LOG3]])
    loss, dlogits = cross_entropy(logits, np.array([0, 1]))
    assert loss == pytest.approx((math.log(4) + math.log(4 / 3)) / 2)
    np.testing.assert_allclose(dlogits, np.array([[-0.75, 0.75], [0.25, -0.25]]) / 2)


def test_a_network_that_knows_nothing_loses_log_k():
    loss, _ = cross_entropy(np.zeros((3, 10)), np.array([0, 4, 9]))
    assert loss == pytest.approx(math.log(10))


def test_the_loss_is_a_plain_float():
    loss, _ = cross_entropy(np.zeros((2, 3), np.float32), np.array([0, 1]))
    assert type(loss) is float


def test_a_hopeless_score_costs_its_distance_and_no_infinity():
    loss, dlogits = cross_entropy(np.array([[1e4, 0.0]]), np.array([1]))
    assert loss == 1e4
    np.testing.assert_array_equal(dlogits, [[1, -1]])


@st.composite
def scores_and_labels(draw):
    N, K = draw(st.integers(1, 5)), draw(st.integers(2, 6))
    rng = np.random.default_rng(draw(SEEDS))
    logits = draw(LAYOUTS)(3 * rng.standard_normal((N, K)).astype(draw(DTYPES)))
    label_type = draw(st.sampled_from([np.int64, np.int32, np.uint8]))
    return logits, rng.integers(0, K, N).astype(label_type)


@given(scores_and_labels())
def test_cross_entropy_equals_the_loops(arguments):
    logits, y = arguments
    loss, dlogits = cross_entropy(logits, y)
    expected, gradient = 0, np.zeros(logits.shape)
    for n, (row, label) in enumerate(zip(logits.astype(float), y, strict=True)):
        p = [math.exp(score) / sum(map(math.exp, row)) for score in row]
        expected -= math.log(p[label]) / len(y)
        gradient[n] = [(p[k] - (k == label)) / len(y) for k in range(len(row))]
    assert loss == pytest.approx(expected, rel=1e-5, abs=1e-6)
    assert dlogits.dtype == logits.dtype
    assert_close(dlogits, gradient)


@given(scores_and_labels())
def test_cross_entropy_has_the_gradient_of_a_central_difference(arguments):
    logits, y = arguments[0].astype(np.float64), arguments[1]
    direction = np.random.default_rng(1).standard_normal(logits.shape)
    above, _ = cross_entropy(logits + 1e-6 * direction, y)
    below, _ = cross_entropy(logits - 1e-6 * direction, y)
    exact = (cross_entropy(logits, y)[1] * direction).sum()
    assert (above - below) / 2e-6 == pytest.approx(exact, abs=1e-7)


@given(scores_and_labels())
def test_the_gradient_of_the_scores_of_an_image_sums_to_0(arguments):
    _, dlogits = cross_entropy(*arguments)
    np.testing.assert_allclose(dlogits.sum(axis=1), 0, atol=1e-6)


def test_cross_entropy_leaves_its_arrays_alone():
    logits, y = np.array([[1.0, 2, 3]]), np.array([1])
    cross_entropy(logits, y)
    np.testing.assert_array_equal(logits, [[1, 2, 3]])
    np.testing.assert_array_equal(y, [1])


@pytest.mark.parametrize(
    ("logits", "y", "error", "message"),
    [
        ((3,), [0], ValueError, r"logits .*\(3,\)"),
        ((0, 3), [], ValueError, r"logits .*\(0, 3\)"),
        ((2, 3), [0, 3], ValueError, r"y .*2.*3"),
        ((2, 3), [-1, 0], ValueError, r"y .*-1"),
        ((2, 3), [0, 1, 2], ValueError, r"y .*2.*\(3,\)"),
        ((2, 3), [[0, 1]], ValueError, r"y .*\(1, 2\)"),
        ((2, 3), [0.0, 1.0], TypeError, r"y .*float64"),
        ((2, 3), [True, False], TypeError, r"y .*bool"),
    ],
)
def test_cross_entropy_refuses_bad_labels_and_says_why(logits, y, error, message):
    with pytest.raises(error, match=message):
        cross_entropy(np.zeros(logits), np.array(y))


def test_cross_entropy_agrees_with_pytorch(rng):
    torch = pytest.importorskip("torch")
    logits, y = 4 * rng.standard_normal((20, 7)), rng.integers(0, 7, 20)
    tensor = torch.tensor(logits, requires_grad=True)
    expected = torch.nn.functional.cross_entropy(tensor, torch.tensor(y))
    expected.backward()
    loss, dlogits = cross_entropy(logits, y)
    assert loss == pytest.approx(expected.item())
    assert_close(dlogits, tensor.grad.numpy())


def test_in_training_the_running_averages_must_be_floats():
    x, ones = np.arange(8.0).reshape(2, 1, 2, 2), np.ones(1)
    for place, name in ((0, "running_mean"), (1, "running_var")):
        running = [np.zeros(1), np.ones(1)]
        running[place] = np.ones(1, int)
        with pytest.raises(TypeError, match=f"{name} must be an array of floats"):
            batch_norm(x, ones, ones, *running, train=True)
        batch_norm(x, ones, ones, *running, train=False)  # there they only are read
