"""The store of what was made before: whatever goes wrong, it only holds nothing."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from briefing.cache import Cache, cache_folder, key_of

KEY = key_of("some", "thing")


def entries(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and path.name != ".written"]


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / ".briefing" / "cache")


def test_what_is_put_is_got(cache: Cache):
    assert cache.get(KEY) is None
    cache.put(KEY, b"bytes")
    assert cache.get(KEY) == b"bytes"
    cache.put_object(KEY, {"a": (1, "b")})
    assert cache.get_object(KEY) == {"a": (1, "b")}


@given(st.lists(st.dictionaries(st.text(), st.text()) | st.text(), max_size=3))
def test_a_key_is_the_same_for_the_same_parts_and_no_others(parts: list[str | dict[str, str]]):
    assert key_of(*parts) == key_of(*parts)
    assert key_of(*parts) != key_of(*parts, "")
    assert key_of(*parts, "ab", "c") != key_of(*parts, "a", "bc")


def test_the_folder_is_its_owners_alone(cache: Cache):
    cache.put(KEY, b"bytes")
    assert cache.folder is not None
    assert cache.folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    "damage",
    [
        lambda body: body[:-1],
        lambda body: body[:10],
        lambda _: b"",
        lambda body: body + b"x",
        lambda body: body[:40] + bytes([body[40] ^ 1]) + body[41:],
    ],
)
def test_a_damaged_entry_is_missed_and_removed(cache: Cache, damage):
    cache.put(KEY, b"many bytes in a row")
    (entry,) = entries(cache.folder)
    entry.write_bytes(damage(entry.read_bytes()))
    assert cache.get(KEY) is None
    assert entries(cache.folder) == []


def test_an_object_of_other_code_is_missed(cache: Cache):
    cache.put(KEY, b"\x80\x05cbriefing.gone\nNothing\n.")
    assert cache.get_object(KEY) is None


def test_what_cannot_be_written_as_bytes_is_not_kept(cache: Cache):
    cache.put_object(KEY, lambda: None)
    assert cache.get_object(KEY) is None


def test_where_it_cannot_be_written_nothing_is_kept_and_nobody_hears(tmp_path: Path):
    (tmp_path / "file").write_text("in the way")
    cache = Cache(tmp_path / "file" / "cache")
    cache.put(KEY, b"bytes")
    assert cache.get(KEY) is None
    assert cache.moment() == 0
    cache.prune()


def test_without_a_folder_nothing_is_kept():
    cache = Cache(None)
    cache.put(KEY, b"bytes")
    assert cache.get(KEY) is None
    assert cache.moment() == 0


def test_the_environment_switches_it_off(tmp_path: Path):
    assert cache_folder(tmp_path, {}) == tmp_path / ".briefing" / "cache"
    assert cache_folder(tmp_path, {"BRIEFING_CACHE": "off"}) is None


def test_the_least_recently_used_go_first(cache: Cache):
    keys = [key_of(str(number)) for number in range(10)]
    for age, key in enumerate(keys):
        cache.put(key, bytes(100))
        os.utime(cache.folder / key[:2] / key[2:], (1000 + age, 1000 + age))
    assert cache.get(keys[0])  # used just now
    Cache(cache.folder, bound=700).prune()
    left = [key for key in keys if cache.get(key)]
    assert left == [keys[0], *keys[-3:]]


def test_it_stays_within_its_bound(cache: Cache):
    small = Cache(cache.folder, bound=50_000)
    for number in range(500):
        small.put(key_of(str(number)), bytes(1000))
    taken = sum(path.stat().st_size for path in entries(cache.folder))
    assert 20_000 < taken < 55_000


def test_what_a_killed_writer_left_is_swept_when_it_is_old(cache: Cache):
    cache.put(KEY, b"bytes")
    old, new = cache.folder / ".making-old", cache.folder / KEY[:2] / ".making-new"
    for path in (old, new):
        path.write_bytes(b"half")
    os.utime(old, (1, 1))
    cache.prune()
    assert not old.exists()
    assert new.exists()
    assert cache.get(KEY) == b"bytes"


CROWD = """
import random, sys
from pathlib import Path
from briefing.cache import Cache, key_of
cache = Cache(Path(sys.argv[1]), bound=60_000)
draw = random.Random(int(sys.argv[2]))
hits = 0
for _ in range(400):
    number = draw.randrange(80)
    wanted = (str(number) * 2000).encode()
    found = cache.get(key_of(str(number)))
    if found is None:
        cache.put(key_of(str(number)), wanted)
    elif found != wanted:
        sys.exit(f"{number} holds something else")
    else:
        hits += 1
cache.prune()
sys.exit(0 if hits else "nothing was ever found")
"""


def test_many_processes_read_write_and_prune_at_once(cache: Cache):
    crowd = [
        subprocess.Popen(
            [sys.executable, "-c", CROWD, str(cache.folder), str(number)], stderr=subprocess.PIPE
        )
        for number in range(3)
    ]
    ended = [(process.communicate()[1], process.returncode) for process in crowd]
    assert ended == [(b"", 0)] * 3
    assert sum(path.stat().st_size for path in entries(cache.folder)) < 80_000
    assert not list(cache.folder.rglob(".making-*"))
