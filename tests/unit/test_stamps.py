"""Whether files are still what they were."""

import os
from pathlib import Path

import pytest

from briefing.cache import Cache
from briefing.stamps import ABSENT, differing, files_in, is_older, stamp_of, still_is


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "funding.csv"
    path.write_text("a,b\n1,2\n")
    return path


def test_an_untouched_file_is_what_it_was(file: Path):
    assert still_is(str(file), stamp_of(str(file)))


def test_a_file_that_was_only_touched_is_what_it_was(file: Path):
    stamp = stamp_of(str(file))
    os.utime(file, (1, 1))
    assert still_is(str(file), stamp)


def test_a_changed_file_is_not_though_its_size_and_time_are_the_same(file: Path):
    stamp, status = stamp_of(str(file)), file.stat()
    file.write_text("a,b\n1,3\n")
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert not still_is(str(file), stamp)


def test_a_file_that_comes_or_goes_is_noticed(file: Path):
    here, other = stamp_of(str(file)), file.with_name("other.csv")
    assert stamp_of(str(other)) == ABSENT
    assert still_is(str(other), ABSENT)
    assert differing({str(file): here, str(other): ABSENT}) is None
    other.write_text("")
    assert differing({str(file): here, str(other): ABSENT}) == str(other)
    file.unlink()
    assert not still_is(str(file), here)


def test_a_file_changed_after_a_moment_is_not_older(file: Path, tmp_path: Path):
    cache = Cache(tmp_path / "cache")
    moment = cache.moment()
    assert moment > 0
    assert not is_older(str(file), 0)
    assert is_older(str(file), moment + 3_000_000_000)
    file.write_text("changed")
    assert not is_older(str(file), moment)
    assert is_older(str(tmp_path / "absent"), moment)


def test_every_file_is_found_but_compiled_code(tmp_path: Path):
    for name in ("a.py", "deep/er/b.css", "__pycache__/a.pyc"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    found = {str(Path(path).relative_to(tmp_path)) for path in files_in(str(tmp_path))}
    assert found == {"a.py", "deep/er/b.css"}
