"""Threads that share a list, and streams of random numbers that share a seed."""

import threading

import pytest
import torch

import pinnzo as pz
from pinnzo.parallel import Workers, default_workers, one_thread_kernels
from pinnzo.seeding import generator, stream_seed


@pytest.mark.parametrize("count", [1, 2, 5])
def test_results_come_back_in_order_and_in_the_callers_mode(count):
    def look(i):
        return i, torch.is_inference_mode_enabled(), torch.is_grad_enabled()

    workers = Workers(count)
    with torch.inference_mode():
        assert workers.map(look, range(20)) == [(i, True, False) for i in range(20)]
    with torch.no_grad():
        assert workers.map(look, range(20)) == [(i, False, False) for i in range(20)]
    assert workers.map(look, range(3)) == [(i, False, True) for i in range(3)]
    with torch.no_grad():
        assert workers.map(look, []) == []


def test_work_is_shared():
    barrier = threading.Barrier(2, timeout=10)
    with torch.no_grad():
        # Both threads have to arrive: with one alone the barrier would break.
        assert Workers(2).map(lambda i: barrier.wait() >= 0, range(2)) == [True, True]


def test_where_autograd_is_on_everything_runs_in_the_caller():
    names = Workers(2).map(lambda _: threading.current_thread().name, range(4))
    assert set(names) == {threading.current_thread().name}


@pytest.mark.parametrize("count", [1, 2])
def test_errors_reach_the_caller(count):
    def fail(i):
        if i == 3:
            raise pz.PinnzoError("three")
        return i

    with torch.no_grad(), pytest.raises(pz.PinnzoError, match="three"):
        Workers(count).map(fail, range(5))


def test_kernels_run_on_one_thread_and_the_setting_comes_back():
    before = torch.get_num_threads()

    def fail():
        with one_thread_kernels():
            assert torch.get_num_threads() == 1
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert torch.get_num_threads() == before


def test_the_number_of_workers_heeds_what_torch_was_told(monkeypatch):
    monkeypatch.setattr(torch, "get_num_threads", lambda: 1)
    assert default_workers() == 1
    monkeypatch.setattr(torch, "get_num_threads", lambda: 64)
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0, 1, 2}, raising=False)
    assert default_workers() == 3


def test_purposes_have_streams_of_their_own():
    draws = {
        (seed, purpose): tuple(torch.rand(3, generator=generator(seed, purpose)).tolist())
        for seed in (0, 1, 10**20)
        for purpose in ("points", "parameters", "test")
    }
    assert len(set(draws.values())) == 9
    assert draws[0, "points"] == tuple(torch.rand(3, generator=generator(0, "points")).tolist())
    assert stream_seed(0, "points") == 3300937975382558618  # the same on every machine, for ever


@pytest.mark.parametrize("seed", [-1, 1.0, "0", None, True])
def test_what_is_no_seed(seed):
    with pytest.raises(pz.PinnzoError, match="seed is"):
        stream_seed(seed, "points")


def test_products_have_the_rounding_of_the_caller():
    """A thread that has not been told otherwise runs its kernels on as many threads as torch likes."""
    matrix = torch.randn(20, 81, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    places = range(0, 81, 11)

    def product(start):
        return matrix[:, start : start + 11].T @ matrix[:, : start + 11]

    with torch.inference_mode(), one_thread_kernels():
        for here, there in zip(map(product, places), Workers(2).map(product, places), strict=True):
            assert torch.equal(here, there)
        assert Workers(2).map(lambda _: torch.get_num_threads(), range(8)) == [1] * 8
