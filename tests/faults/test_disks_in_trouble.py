"""Disks that are full, out of inodes, read-only or rationed: no torn file, and it goes on."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.faults.conftest import Settle
from tests.faults.days import editions, issue
from tests.faults.newsroom import Newsroom
from tests.faults.processes import wait_for
from tests.faults.surroundings import Disk, small_disk
from tests.faults.witness import Witness

pytestmark = pytest.mark.faults
PATIENT = {"every": "day", "at": '"00:00"', "retry": str(["1 second"] * 60)}
TICK = ("--tick", "0.3")


def no_torn_file(output: Path) -> bool:
    """Whether every issue that lies in the archive is whole."""
    wanted = ("manifest.json", "index.html")
    return all((path / name).is_file() for path in output.glob("*/*/*/r1") for name in wanted)


def fill(disk: Disk) -> None:
    """Leave no room on a disk."""
    disk.run("sh", "-c", f"dd if=/dev/zero of={disk.place}/filler bs=1k 2>/dev/null; true")


def make_room(disk: Disk) -> None:
    """Leave room on it again."""
    disk.run("rm", "-f", f"{disk.place}/filler")


def test_no_room_in_the_archive(newsroom: Newsroom, witness: Witness, settle: Settle):
    newsroom.branches(3)
    newsroom.report("daily", editions=True, **PATIENT)
    with small_disk(newsroom.root / "output", "size=1m") as disk:
        newsroom.seen_at = disk.folder
        fill(disk)
        desk = newsroom.rehearse(*TICK, before=disk.before)
        reasons = newsroom.failures(editions(3))
        assert all("No space left on device" in reason for reason in reasons)
        assert not newsroom.leftovers()
        make_room(disk)
        newsroom.wait_until(editions(3))
        assert no_torn_file(newsroom.output)
        assert desk.stop() == 0
        settle("no room in the archive", 1, editions(3))


def test_no_inodes_in_the_archive(newsroom: Newsroom, witness: Witness, settle: Settle):
    newsroom.report("daily", **PATIENT)
    with small_disk(newsroom.root / "output", "nr_inodes=6") as disk:
        newsroom.seen_at = disk.folder
        desk = newsroom.rehearse(*TICK, before=disk.before)
        assert "No space left on device" in newsroom.failures([issue()])[0]
        disk.remount("nr_inodes=600")
        newsroom.wait_until([issue()])
        assert no_torn_file(newsroom.output)
        assert desk.stop() == 0
        settle("no inodes in the archive", 1, [issue()])


def test_an_archive_that_is_read_only(newsroom: Newsroom, witness: Witness, settle: Settle):
    newsroom.report("daily", **PATIENT)
    with small_disk(newsroom.root / "output", "size=8m") as disk:
        newsroom.seen_at = disk.folder
        disk.remount("ro")
        desk = newsroom.rehearse(*TICK, before=disk.before)
        assert "Read-only file system" in newsroom.failures([issue()])[0]
        disk.remount("rw")
        newsroom.wait_until([issue()])
        assert desk.stop() == 0
        settle("a read-only archive", 1, [issue()])


def test_no_room_for_the_ledger(newsroom: Newsroom, witness: Witness, settle: Settle):
    newsroom.branches(6)
    newsroom.report("daily", "slow 1", editions=True, **PATIENT)
    place = newsroom.root / ".briefing"
    with small_disk(place, "size=4m") as disk:
        newsroom.ledger_seen_at = disk.folder / "ledger.sqlite"
        desk = newsroom.rehearse(*TICK, "--lease", "15", before=disk.before)
        wait_for("two builds", lambda: len(newsroom.builders()) >= 2)
        fill(disk)
        desk.hear("the ledger does not answer", times=3)
        reasons = [entry["reason"] for entry in desk.said("the ledger does not answer")]
        assert all("Make room where it lies" in reason for reason in reasons)
        make_room(disk)
        newsroom.wait_until(editions(6), within=120)
        assert desk.stop() == 0
        assert not newsroom.leftovers()
        settle("no room for the ledger", 1, editions(6))


def test_no_room_for_a_new_ledger(newsroom: Newsroom, witness: Witness, settle: Settle):
    newsroom.report("daily", **PATIENT)
    place = newsroom.root / ".briefing"
    with small_disk(place, "size=128k") as disk:
        newsroom.ledger_seen_at = disk.folder / "ledger.sqlite"
        fill(disk)
        refused = newsroom.serve(before=disk.before)
        assert refused.wait() == 4
        assert "Traceback" not in refused.tail()
        disk.remount("size=8m")
        make_room(disk)
        desk = newsroom.rehearse(*TICK, before=disk.before)
        newsroom.wait_until([issue()])
        assert desk.stop() == 0
        settle("no room for a new ledger", 1, [issue()])


def test_files_may_not_grow_beyond_a_quota(newsroom: Newsroom, settle: Settle):
    """The ledger stays below it, the page does not."""
    rows = "".join(f"b{number:04},{number}\n" for number in range(1, 1201))
    (newsroom.root / "data" / "loans.csv").write_text(f"branch,lent\n{rows}", encoding="utf-8")
    newsroom.report("daily", **{**PATIENT, "retry": '["1 second"]'})
    desk = newsroom.rehearse(*TICK, before=("prlimit", "--fsize=130000", "--"))
    newsroom.wait_until([issue()], "parked")
    assert "File too large" in newsroom.rows()[issue()].reason
    assert not newsroom.leftovers()
    assert desk.stop() == 0
    settle("RLIMIT_FSIZE", 2, [issue()])
