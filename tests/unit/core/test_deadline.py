"""What is left of the time that a request has."""

from __future__ import annotations

import math
import threading

import pytest

from shared.deadline import deadline, remaining_s


def test_without_a_deadline_there_is_no_end() -> None:
    assert remaining_s() == math.inf


def test_remaining_time_shrinks_and_is_never_negative() -> None:
    with deadline(60):
        first_s = remaining_s()
        assert first_s <= 60
        assert remaining_s() <= first_s
    with deadline(-1):
        assert remaining_s() == 0


def test_inner_deadline_shortens_and_never_extends() -> None:
    with deadline(60):
        with deadline(5):
            assert remaining_s() <= 5
        with deadline(600):
            assert remaining_s() <= 60
        assert 5 < remaining_s() <= 60


def test_deadline_ends_with_its_block_even_if_that_fails() -> None:
    with pytest.raises(KeyError), deadline(5):
        raise KeyError
    assert remaining_s() == math.inf


def test_requests_in_other_threads_have_deadlines_of_their_own() -> None:
    seen_s: list[float] = []
    with deadline(5):
        thread = threading.Thread(target=lambda: seen_s.append(remaining_s()))
        thread.start()
        thread.join()
    assert seen_s == [math.inf]
