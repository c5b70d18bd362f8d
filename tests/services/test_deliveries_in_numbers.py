"""Ten thousand readers: how fast issues go out, in how much memory, and to nobody twice."""

from __future__ import annotations

import os
import shutil
import time
from collections import Counter
from collections.abc import Callable
from email.parser import BytesHeaderParser
from email.policy import SMTP

import pytest
from tests.faults.processes import resident
from tests.services.mailroom import LANGUAGE, Mailroom
from tests.services.mailserver import DOMAIN, until

pytest_plugins = ["tests.services.mailroom_fixtures"]
pytestmark = pytest.mark.soak
MOST_MEMORY = 60_000
"""KiB by which a postman may grow, however many readers there are."""


def _timed(mailroom: Mailroom, channel: str, count: int) -> str:
    """Deliver everything over a channel; how fast, and in how much memory."""
    before = resident(os.getpid())
    start = time.monotonic()
    states = mailroom.work(channel)
    seconds = time.monotonic() - start
    after = resident(os.getpid())
    assert states == {"sent": count}
    assert after - before < MOST_MEMORY
    return (
        f"{count} readers over {channel}: {seconds:.0f} s, {count / seconds:.0f} a second, "
        f"{before // 1024} MiB before, {after // 1024} MiB after"
    )


def test_ten_thousand_readers_of_a_folder(mailroom: Mailroom, tell: Callable[[str], None]):
    count = 10_000
    rows = [f"r{number}@{DOMAIN},Reader,{LANGUAGE},shelf" for number in range(count)]
    config = (mailroom.root / "config.yaml").read_text(encoding="utf-8")
    mailroom.write("config.yaml", config.replace(", channels: [shelf]", ""))
    start = time.monotonic()
    mailroom.queue_rows(["address,name,language,channel", *rows])
    tell(f"{count} readers queued: {time.monotonic() - start:.1f} s")
    tell(_timed(mailroom, "shelf", count))
    files = list((mailroom.root / "shelf").rglob("*.eml"))
    assert len(files) == count
    parser = BytesHeaderParser(policy=SMTP)
    to = Counter(str(parser.parsebytes(file.read_bytes()[:4000])["To"]) for file in files)
    assert len(to) == count
    assert mailroom.work("shelf") == {"sent": count}
    shutil.rmtree(mailroom.root / "shelf")


def test_two_thousand_readers_by_mail(mailroom: Mailroom, tell: Callable[[str], None]):
    count = 2_000
    boxes = ("anna", "ben", "chloe")
    mailroom.queue(f"{boxes[number % 3]}+{number}" for number in range(count))
    tell(_timed(mailroom, "mail", count))
    until("the queue to empty", lambda: mailroom.servers.waiting() == 0, 300)
    account = mailroom.account("none: two thousand readers")
    assert account.once == count
    assert set(mailroom.arrived("archive").values()) == {1}
    assert len(mailroom.arrived("archive")) == count
