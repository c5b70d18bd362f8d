"""What systemd is told, over real sockets; and the unit that is shipped."""

import os
import re
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from configparser import ConfigParser
from contextlib import contextmanager
from pathlib import Path

import pytest

from briefing import systemd
from briefing.scheduler import GRACE, TELLING

REPOSITORY = Path(__file__).parents[2]
UNIT = REPOSITORY / "docs" / "systemd" / "briefing.service"


@contextmanager
def listening(name: str) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as bound:
        bound.bind(f"\0{name[1:]}" if name.startswith("@") else name)
        bound.settimeout(10)
        yield bound


@pytest.mark.parametrize("kind", ["a file", "abstract"])
def test_a_state_is_sent_to_the_socket_that_the_environment_names(tmp_path, kind):
    name = str(tmp_path / "notify") if kind == "a file" else f"@briefing-test-{os.getpid()}"
    with listening(name) as manager:
        environ = {"NOTIFY_SOCKET": name}
        state = f"{systemd.READY}\n{systemd.status('3 schedules')}"
        assert systemd.notify(state, environ)
        assert manager.recv(4096) == b"READY=1\nSTATUS=3 schedules"
        for state in (systemd.WATCHDOG, systemd.STOPPING):
            assert systemd.notify(state, environ)
        assert [manager.recv(64), manager.recv(64)] == [b"WATCHDOG=1", b"STOPPING=1"]


def test_without_systemd_nothing_is_sent_and_nothing_fails(tmp_path):
    for name in ("", "/", "@", "vsock:2:1", "relative", str(tmp_path / "gone"), "@" + "x" * 200):
        assert not systemd.notify(systemd.READY, {"NOTIFY_SOCKET": name})
    assert not systemd.notify(systemd.READY, {})
    with listening(str(tmp_path / "closed")):
        pass
    assert not systemd.notify(systemd.READY, {"NOTIFY_SOCKET": str(tmp_path / "closed")})


def test_a_manager_that_does_not_read_does_not_stop_the_service(tmp_path):
    name = str(tmp_path / "notify")
    with listening(name):
        sent = [systemd.notify("X" * 60_000, {"NOTIFY_SOCKET": name}) for _ in range(3)]
        while sent[-1]:
            sent.append(systemd.notify("X" * 60_000, {"NOTIFY_SOCKET": name}))
    assert sent[0]
    assert not sent[-1]


def test_a_reload_says_when_it_began_on_the_clock_that_never_jumps():
    before = time.monotonic_ns() // 1000
    state = systemd.reloading()
    found = re.fullmatch(r"RELOADING=1\nMONOTONIC_USEC=(\d+)", state)
    assert found
    assert before <= int(found[1]) <= time.monotonic_ns() // 1000


def test_a_status_is_one_line():
    assert systemd.status("all is\nwell\nREADY=1") == "STATUS=all is well READY=1"


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"WATCHDOG_USEC": "120000000"}, 60.0),
        ({"WATCHDOG_USEC": "1000000", "WATCHDOG_PID": str(os.getpid())}, 0.5),
        ({"WATCHDOG_USEC": "1000000", "WATCHDOG_PID": ""}, 0.5),
        ({"WATCHDOG_USEC": "1000000", "WATCHDOG_PID": str(os.getppid())}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "-5"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({"WATCHDOG_USEC": "²"}, None),
        ({}, None),
    ],
)
def test_the_watchdog_is_fed_twice_as_often_as_it_bites(environ, expected):
    assert systemd.watchdog_interval(environ) == expected


# -- the unit ---------------------------------------------------------------------------------


def unit() -> ConfigParser:
    parser = ConfigParser(interpolation=None, strict=True)
    parser.optionxform = str
    parser.read_string(UNIT.read_text(encoding="utf-8"))
    return parser


def test_the_unit_waits_watches_and_stops_as_the_scheduler_does():
    service = unit()["Service"]
    assert service["Type"] == "notify"
    assert service["ExecReload"] == "/bin/kill -HUP $MAINPID"
    assert float(service["WatchdogSec"]) > 90
    assert float(service["TimeoutStopSec"]) > GRACE.total_seconds() + 2 * TELLING
    assert service["KillMode"] == "mixed"
    assert service["Restart"] == "on-failure"


def test_the_unit_may_write_only_where_issues_and_state_lie():
    service = unit()["Service"]
    assert service["ProtectSystem"] == "strict"
    assert service["ReadWritePaths"].split() == ["/srv/briefing/output", "/srv/briefing/.briefing"]
    assert service["NoNewPrivileges"] == service["PrivateTmp"] == "yes"
    # it asks of any process whether it lives
    assert not {"ProtectProc", "ProcSubset", "PrivatePIDs"} & set(service)


def test_the_unit_starts_a_command_that_exists():
    program, command, *options = shlex.split(unit()["Service"]["ExecStart"])
    assert (Path(program).name, command) == ("briefing", "serve")
    help_text = subprocess.run(
        [sys.executable, "-m", "briefing", command, "--help"],
        capture_output=True,
        text=True,
        check=True,
        env={"COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"},
    ).stdout
    assert [option for option in options if option.startswith("--")] == ["--project"]
    assert "--project" in help_text


@pytest.mark.services
def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path):
    program = Path(sys.executable).parent / "briefing"
    text = UNIT.read_text(encoding="utf-8")
    assert "/srv/briefing/.venv/bin/briefing" in text
    copy = tmp_path / "briefing.service"
    copy.write_text(text.replace("/srv/briefing/.venv/bin/briefing", str(program)))
    ran = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", copy],
        capture_output=True,
        text=True,
        check=False,
    )
    # it names what it ignores, and is content all the same
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
    judged = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", "--threshold=25", copy],
        capture_output=True,
        text=True,
        check=False,
    )
    assert judged.returncode == 0, judged.stdout
