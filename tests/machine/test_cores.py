"""A process on each core, and BLAS in one thread."""

import os
import threading
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
import pytest
from tasks import end_process
from threadpoolctl import threadpool_info

from ch335_helpers.machine.cores import (
    Cores,
    all_cores,
    map_in_threads,
    one_blas_thread,
)


def n_threads():
    return [b["num_threads"] for b in threadpool_info() if b["user_api"] == "blas"]


known_blas = pytest.mark.skipif(
    not n_threads(), reason="threadpoolctl does not know this BLAS, such as macOS's own"
)


def process(*ignored):
    return os.getpid()


def test_the_executor_is_closed_after_the_block():
    with all_cores() as executor:
        assert executor.submit(divmod, 7, 2).result() == (3, 1)
    with pytest.raises(RuntimeError, match="after shutdown"):
        executor.submit(print)


def test_in_a_browser_there_is_no_executor(monkeypatch):
    monkeypatch.setattr("ch335_helpers.machine.cores.IN_BROWSER", True)
    with all_cores() as executor:
        assert executor is None


def test_a_lost_process_costs_its_own_call_alone():
    with Cores(2) as executor:
        futures = [executor.submit([process, end_process][n == 3], n) for n in range(8)]
        for n, future in enumerate(futures):
            if n == 3:
                with pytest.raises(BrokenExecutor):
                    future.result()
            else:
                assert future.result() != os.getpid()


def test_each_process_has_many_calls():
    with Cores(1) as executor:
        assert len({executor.submit(process).result() for _ in range(5)}) == 1


def test_errors_of_a_call_and_keywords_come_through():
    with Cores(1) as executor:
        assert executor.submit(int, "11", base=2).result() == 3
        with pytest.raises(ZeroDivisionError):
            executor.submit(divmod, 1, 0).result()


def only_in(process):
    if os.getpid() != process:
        raise KeyError(process)


class OfThisProcess:
    """What no other process can unpack."""

    def __reduce__(self):
        return only_in, (os.getpid(),)


def test_what_cannot_be_unpacked_is_an_error_of_its_call():
    with Cores(1) as executor:
        with pytest.raises(KeyError):
            executor.submit(abs, OfThisProcess()).result()
        assert executor.submit(abs, -1).result() == 1


@known_blas
def test_blocks_of_several_threads_leave_blas_as_it_was():
    """The first to begin is the first to end, which would put back the limit."""
    before, first_out = n_threads(), threading.Event()
    inside = []

    def second():
        with one_blas_thread():
            begun.set()
            first_out.wait()
            inside.append(n_threads())

    begun, thread = threading.Event(), threading.Thread(target=second)
    with one_blas_thread():
        assert set(n_threads()) == {1}
        thread.start()
        begun.wait()
    first_out.set()
    thread.join()
    assert set(inside[0]) == {1}
    assert n_threads() == before


@pytest.mark.parametrize("n_cores", [1, 2, 3, 8])
@pytest.mark.parametrize("n_parts", [1, 2, 5, 7])
def test_results_come_in_the_order_of_the_parts(n_cores, n_parts, monkeypatch):
    monkeypatch.setattr("ch335_helpers.machine.cores._n_cores", lambda: n_cores)
    assert map_in_threads(lambda n: n * n, [*range(n_parts)]) == [
        n * n for n in range(n_parts)
    ]


def thread(part):
    return threading.get_ident()


def test_parts_are_computed_in_threads_unless_blas_has_only_one(monkeypatch):
    monkeypatch.setattr("ch335_helpers.machine.cores._n_cores", lambda: 2)
    mine = threading.get_ident()
    first, second = map_in_threads(thread, [0, 1])
    assert first == mine != second
    with one_blas_thread():
        assert map_in_threads(thread, [0, 1]) == [mine, mine]
    nested = map_in_threads(lambda part: map_in_threads(thread, [0, 1]), [0, 1])
    assert [len(set(inner)) for inner in nested] == [1, 1]
    monkeypatch.setattr("ch335_helpers.machine.cores.IN_BROWSER", True)
    assert map_in_threads(thread, [0, 1]) == [mine, mine]


def test_a_thread_has_the_settings_of_its_caller(monkeypatch):
    monkeypatch.setattr("ch335_helpers.machine.cores._n_cores", lambda: 2)
    with np.errstate(over="raise", under="ignore"):
        settings = map_in_threads(lambda part: np.geterr(), [0, 1])
        assert settings == [np.geterr()] * 2


@pytest.mark.parametrize("bad", [0, 1])
def test_an_error_in_any_part_comes_through_and_leaves_blas_as_it_was(bad, monkeypatch):
    monkeypatch.setattr("ch335_helpers.machine.cores._n_cores", lambda: 2)
    before = n_threads()
    with pytest.raises(ZeroDivisionError):
        map_in_threads(lambda n: 1 // (n - bad), [0, 1])
    assert n_threads() == before


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_copy_of_this_process_has_threads_of_its_own(monkeypatch):
    monkeypatch.setattr("ch335_helpers.machine.cores._n_cores", lambda: 2)
    assert map_in_threads(abs, [-1, -2]) == [1, 2]
    with ProcessPoolExecutor(1, get_context("fork")) as executor:
        assert executor.submit(map_in_threads, abs, [-3, -4]).result(60) == [3, 4]
