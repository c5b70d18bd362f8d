"""What the doctor says of this machine, and of machines that lack something."""

import subprocess
import sys
from pathlib import Path

import pytest

from briefing import doctor
from briefing.doctor import Check
from briefing.errors import BriefingError

PROJECT = Path(__file__).parents[1]
LACKING = [
    Check("Python", True, "3.11.2", "", required=True),
    Check("Pango", False, "no PDF", "apt-get install libpango-1.0-0", required=True),
    Check("HarfBuzz-Subset", False, "slow", "apt-get install ...", required=True),
    Check("pandas", False, "not installed", "make briefing", required=True),
]


class Recorder:
    """Stands where subprocess.run would: notes the commands, and answers as told."""

    def __init__(self, failing: str = "") -> None:
        self.commands: list[str] = []
        self._failing = failing

    def __call__(self, command: list[str], **_: object) -> subprocess.CompletedProcess[bytes]:
        self.commands.append(" ".join(command))
        failed = bool(self._failing) and self._failing in command
        return subprocess.CompletedProcess(command, returncode=int(failed))


@pytest.fixture
def as_user(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(doctor.os, "geteuid", lambda: 1000)
    monkeypatch.setattr(doctor.shutil, "which", lambda name: f"/bin/{name}")


@pytest.fixture
def as_root(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(doctor.os, "geteuid", lambda: 0)
    monkeypatch.setattr(doctor.shutil, "which", lambda name: f"/bin/{name}")


def test_this_machine_has_what_a_build_needs():
    checks = doctor.examine(PROJECT)
    assert [check for check in checks if not check.ok] == []
    assert len({check.name for check in checks}) == len(checks)


def test_a_library_that_is_not_there_is_named_with_its_package():
    library = doctor._SharedLibrary("Pango", "no-such-thing", 0, "libpango-1.0-0")
    check = doctor._shared(library)
    assert (check.ok, check.required) == (False, True)
    assert check.remedy == "apt-get install libpango-1.0-0"
    assert doctor.missing_packages([check]) == ["libpango-1.0-0"]


def test_a_version_that_the_lock_does_not_have_is_named_but_stops_nothing(tmp_path: Path):
    (tmp_path / "requirements.lock").write_text("pandas==0.1 \\\n    --hash=sha256:0\n")
    pandas = next(check for check in doctor.examine(tmp_path) if check.name == "pandas")
    assert (pandas.ok, pandas.required) == (False, False)
    assert "the lock says 0.1" in pandas.detail


def test_an_output_folder_that_cannot_be_written_is_named(tmp_path: Path):
    (tmp_path / "output").write_text("a file stands in the way")
    output = doctor.examine(tmp_path)[-1]
    assert (output.ok, output.required) == (False, True)
    assert str(tmp_path / "output") in output.remedy


@pytest.mark.usefixtures("as_root")
def test_root_installs_what_is_missing_and_nothing_else():
    run = Recorder()
    assert doctor.install_missing(LACKING, run, tell=lambda _: None) == [
        "libpango-1.0-0",
        "libharfbuzz-subset0",
    ]
    update, install = run.commands
    assert update.startswith("env DEBIAN_FRONTEND=noninteractive apt-get")
    assert update.endswith(" update")
    assert install.endswith(
        " install -y --no-install-recommends libpango-1.0-0 libharfbuzz-subset0"
    )


@pytest.mark.usefixtures("as_root")
def test_an_old_package_list_is_no_reason_to_give_up():
    said: list[str] = []
    assert doctor.install_missing(LACKING, Recorder(failing="update"), said.append)
    assert any("could be fetched" in line for line in said)


@pytest.mark.usefixtures("as_root")
def test_nothing_missing_runs_nothing():
    run = Recorder()
    assert doctor.install_missing(LACKING[:1], run) == []
    assert run.commands == []


@pytest.mark.usefixtures("as_user")
def test_a_user_with_sudo_and_no_password_installs_through_it():
    run = Recorder()
    doctor.install_missing(LACKING, run, tell=lambda _: None)
    assert run.commands[0] == "sudo -n true"
    assert all(command.startswith("sudo -n env ") for command in run.commands[1:])


@pytest.mark.usefixtures("as_user")
def test_who_may_not_install_is_told_in_one_line():
    with pytest.raises(BriefingError) as refused:
        doctor.install_missing(LACKING, Recorder(failing="sudo"))
    assert str(refused.value) == (
        "These system packages are missing and cannot be installed from here: "
        "libpango-1.0-0 libharfbuzz-subset0. "
        "Run as root: apt-get install libpango-1.0-0 libharfbuzz-subset0"
    )


@pytest.mark.usefixtures("as_root")
def test_an_installation_that_fails_ends_in_the_same_line():
    with pytest.raises(BriefingError, match="cannot be installed from here"):
        doctor.install_missing(LACKING, Recorder(failing="install"), tell=lambda _: None)


def test_it_runs_where_no_package_is_installed():
    """Without site-packages, as on a machine that was just set up."""
    ran = subprocess.run(
        [sys.executable, "-S", "-m", "briefing.doctor", "--project", str(PROJECT)],
        cwd=PROJECT / "src",
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == BriefingError.exit_code
    assert ran.stderr == ""
    assert "LACKING pandas: not installed -> make briefing" in ran.stdout
    assert "ok      Python: " in ran.stdout
