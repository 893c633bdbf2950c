"""Who handles SIGTERM: the process of `ctk`, never a program that calls it."""

from __future__ import annotations

import signal

import pytest

from toolkit import termination
from toolkit.app import main


def test_a_program_that_calls_ctk_keeps_its_own_way(capsys: pytest.CaptureFixture[str]):
    before = signal.getsignal(signal.SIGTERM)
    assert main(["--version"]) == 0
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_handler_of_somebody_else_stays():
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        termination.interrupt_on_termination()
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGTERM, before)
