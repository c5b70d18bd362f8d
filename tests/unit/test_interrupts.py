"""Ctrl-C in the middle of what must be done whole."""

import signal
import threading

import pytest

from briefing.interrupts import whole


def test_what_must_be_whole_is_done_to_its_end_first():
    done = []
    with pytest.raises(KeyboardInterrupt):  # noqa: PT012 -- it comes at the end of the inner block
        with whole():
            with whole():
                signal.raise_signal(signal.SIGINT)
                done.append("inner")
            done.append("outer")
        done.append("after")
    assert done == ["inner", "outer"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_signal_reaches_who_listens_for_it():
    heard: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _: heard.append(number))
    try:
        with whole():
            signal.raise_signal(signal.SIGTERM)
            assert heard == []
        assert heard == [signal.SIGTERM]
    finally:
        signal.signal(signal.SIGTERM, before)


def test_an_error_inside_goes_on_its_way():
    with pytest.raises(ValueError, match="inside"), whole():
        raise ValueError("inside")
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_other_threads_hear_of_no_signals_anyway():
    done = []

    def work() -> None:
        with whole():
            done.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done == [True]
