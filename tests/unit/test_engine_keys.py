"""The keys of config.yaml about who does the work: what is taken, and what is refused."""

from pathlib import Path

import pytest
from tests.conftest import ProjectFolder
from tests.unit.keys import Reading, reading_of

from briefing.config import load_project, shared_config
from briefing.config.engine import build_engine
from briefing.config.models import ConfigKeys
from briefing.structures import Engine

BASE = "publisher: P\ntimezone: UTC\nlanguages: [en]\ndataset: d.json\ndefault_report: r\n"


@pytest.fixture
def engine_of(tmp_path: Path) -> Reading:
    for name in ("ca.pem", "cert.pem", "key.pem"):
        (tmp_path / name).touch()
    reading = reading_of(ConfigKeys, build_engine, tmp_path)
    return lambda text: reading(BASE + text)


def test_where_nothing_is_said_this_machine_does_the_work(engine_of: Reading):
    assert engine_of("") == (Engine(), [])


def test_what_is_said_is_taken(engine_of: Reading, tmp_path: Path):
    text = """\
engine: dask
workers: 3
memory: 2 GB
dask:
  scheduler: tls://scheduler.example.org:8786
  ca_file: ca.pem
  cert_file: cert.pem
  key_file: key.pem
  wait: 5
"""
    found, problems = engine_of(text)
    assert not problems
    assert found == Engine(
        "dask",
        3,
        2_000_000_000,
        "tls://scheduler.example.org:8786",
        tmp_path / "ca.pem",
        tmp_path / "cert.pem",
        tmp_path / "key.pem",
        5.0,
    )


@pytest.mark.parametrize(
    "address", ["tcp://127.0.0.1:8786", "tcp://localhost:8786", "tcp://[::1]:8786"]
)
def test_tcp_is_for_this_machine(engine_of: Reading, address: str):
    found, problems = engine_of(f"engine: dask\ndask: {{scheduler: '{address}'}}\n")
    assert not problems
    assert found.scheduler == address


CERTIFICATES = "ca_file: ca.pem, cert_file: cert.pem"


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("dask: {scheduler: 'tcp://10.0.0.7:8786'}", 6, "tcp is for this machine only"),
        ("dask: {scheduler: 'tcp://dask.example.org:8786'}", 6, "tls://scheduler.example.org:8786"),
        ("dask: {scheduler: '10.0.0.7:8786'}", 6, "is no address of a scheduler"),
        ("dask: {scheduler: 'tls://x'}", 6, "is no address of a scheduler"),
        ("dask: {scheduler: 'tls://x:1'}", 6, "`ca_file` and `cert_file` and `key_file`"),
        (f"dask: {{scheduler: 'tls://x:1', {CERTIFICATES}}}", 6, "needs `key_file` too"),
        ("dask: {ca_file: ca.pem}", 6, "`ca_file` is for a scheduler at tls:// only"),
        (
            f"dask: {{scheduler: 'tls://x:1', {CERTIFICATES}, key_file: no.pem}}",
            6,
            "there is no file no.pem",
        ),
        ("workers: 0", 6, "greater than or equal to 1"),
        ("memory: much", 6, "'much' is no amount of memory"),
        ("memory: 10 MB", 6, "too little"),
        ("engine: spark", 6, "'local' or 'dask'"),
        ("dask: {address: 'tcp://x'}", 6, "Known keys: scheduler"),
    ],
)
def test_what_is_refused_has_its_line(engine_of: Reading, text: str, line: int, said: str):
    _, problems = engine_of(text + "\n")
    assert [problem.line for problem in problems] == [line]
    assert said in str(problems[0])


def test_what_is_shared_names_no_reader_and_no_way_and_makes_the_same_project(
    small_project: ProjectFolder,
):
    small_project.write("readers.csv", "address,name,language\nr@example.org,R,en\n")
    small_project.append(
        "config.yaml",
        "audiences: {all: {file: readers.csv}}\n"
        "mail: {host: mail.example.org, sender: a@example.org}\n"
        "deliveries:\n  - {report: library-loans, to: [all]}",
    )
    body = shared_config(small_project.root)
    assert not [word for word in (b"example.org", b"readers", b"schedules") if word in body]
    whole = load_project(small_project.root)
    small_project.write("config.yaml", body.decode())
    shared = load_project(small_project.root)
    assert shared.reports == whole.reports
    assert shared.publisher == whole.publisher
    assert not shared.deliveries.rules
