"""Fixtures of the tests that deliver: servers and one built issue for all, a project for each."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.conftest import write_small_project
from tests.services.mailroom import CONFIG, FaultTable, Mailroom
from tests.services.mailserver import MailServers, mail_servers


@pytest.fixture(scope="session")
def mail_table(tell: Callable[[str], None]) -> Iterator[FaultTable]:
    """Adds up what every fault did, and shows it at the end."""
    table = FaultTable()
    yield table
    for line in table.lines() if table.rows else ():
        tell(line)


@pytest.fixture(scope="session")
def mail_is_up() -> Iterator[MailServers]:
    """Postfix and Dovecot, as long as the tests run."""
    with mail_servers() as servers:
        yield servers


@pytest.fixture(scope="session")
def built_mailroom(tmp_path_factory: pytest.TempPathFactory, mail_is_up: MailServers) -> Path:
    """A project with its one issue built, for tests to copy."""
    root = tmp_path_factory.mktemp("mailroom") / "library"
    write_small_project(root)
    room = Mailroom(root, mail_is_up, FaultTable())
    text = CONFIG.format(
        submission=mail_is_up.submission, imaps=mail_is_up.imaps, authority=mail_is_up.authority
    )
    room.write("config.yaml", text)
    room.readers(["anna"])
    room.write("away.txt", "")
    assert room.build(deliver=False).state == "new"
    room.close()
    return root


@pytest.fixture
def mailroom(
    tmp_path: Path, built_mailroom: Path, mail_is_up: MailServers, mail_table: FaultTable
) -> Iterator[Mailroom]:
    """The project for one test; the mailboxes are empty afterwards."""
    root = tmp_path / "library"
    shutil.copytree(built_mailroom, root)
    room = Mailroom(root, mail_is_up, mail_table)
    yield room
    room.close()
    mail_is_up.empty()
