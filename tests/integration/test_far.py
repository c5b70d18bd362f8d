"""Issues made from a bundle, away from archive and readers, are those that are made here.

The real cluster is in the tests of services; here its place is taken by this process, so that
issues with a past can be compared without one.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from pathlib import Path

import pytest
from tests.conftest import ProjectFolder

from briefing import archive, editions, pipeline
from briefing.batches import Maker, Near
from briefing.batches.far import Commission, Far, Made, all_versions, made_in
from briefing.config import load_project
from briefing.errors import EngineError, HeldError
from briefing.executors import Here
from briefing.executors.bundle import Bundle, unpacked
from briefing.executors.versions import check_versions
from briefing.structures import Answered, Project

TODAY = date(2026, 11, 22)
REASON = "A branch had counted twice."


@dataclass
class Away:
    """A cluster of one worker, which knows nothing but what it was sent.

    Attributes:
        lives: after so many issues the cluster is lost, with one more that was handed over.
    """

    folder: Path
    lives: int = 100
    sent: list[Bundle] = field(default_factory=list)

    def send(self, bundle: Bundle) -> None:
        self.sent.append(bundle)

    def as_completed(
        self, _: Callable[[Commission], Made], items: Iterable[Commission]
    ) -> Iterator[Answered[Commission, Made]]:
        work = partial(made_in, unpacked(self.sent[-1], self.folder))
        ahead = enumerate(items)
        drawn = [next(ahead, None), next(ahead, None)]  # as a cluster, it draws ahead
        while (piece := drawn.pop(0)) is not None:
            if not self.lives:
                raise EngineError("The cluster is lost.")
            self.lives -= 1
            (answered,) = Here().as_completed(work, [piece[1]])
            drawn.append(next(ahead, None))
            yield replace(answered, number=piece[0])


@dataclass
class TwoWays:
    """The same issues, made here and made away, each into an archive of its own."""

    folder: ProjectFolder
    away: Away
    notices: list[str] = field(default_factory=list)

    def make(self, *asked: tuple[str, str, int]) -> None:
        """Make editions of periods: each a period, a language, a revision."""
        for name in ("here", "there"):
            project = replace(load_project(self.folder.root), output=self.folder.root / name)
            near = Near(project, Here())
            far = Far(project, self.away, lambda near=near: near, self.notices.append)
            self._fill(project, near if name == "here" else far, asked)

    def _fill(self, project: Project, maker: Maker, asked: Iterable[tuple[str, str, int]]) -> None:
        requests = []
        for period, language, revision in asked:
            edition = editions.edition_of(
                project,
                project.reports["library-loans"],
                TODAY,
                period=period,
                language=language,
            )
            reason = REASON if revision > 1 else ""
            requests.append(pipeline.Request(edition, ("html",), revision=revision, reason=reason))
        for answered in maker.staged(requests):
            assert answered.item is requests[answered.number]
            archive.place(answered.result())

    def assert_same(self, issues: int) -> None:
        here, there = self.folder.files("here"), self.folder.files("there")
        assert here == there
        assert len([name for name in here if name.endswith("manifest.json")]) == issues


@pytest.fixture
def ways(small_project: ProjectFolder, tmp_path: Path) -> TwoWays:
    small_project.append(small_project.report_file, "since_last_issue:\n  tables: [loans]\n")
    return TwoWays(small_project, Away(tmp_path / "away"))


def test_an_issue_that_is_compared_with_the_one_before(ways: TwoWays):
    ways.make(("2026-09", "en", 1))
    ways.make(("2026-10", "en", 1), ("2026-10", "ko", 1))
    ways.assert_same(issues=3)
    assert b"previous/" in ways.folder.files("there")["library-loans/2026-10/en/r1/manifest.json"]
    assert not ways.notices
    assert len({bundle.name for bundle in ways.away.sent}) == 1


def test_a_correction_says_what_it_corrects(ways: TwoWays):
    ways.make(("2026-10", "en", 1))
    ways.folder.replace("data/loans.csv", "main,2026-10-15,book,1500", "main,2026-10-15,book,1400")
    ways.make(("2026-10", "en", 2))
    ways.assert_same(issues=2)
    assert REASON.encode() in ways.folder.files("there")["library-loans/2026-10/en/r2/index.html"]
    assert len({bundle.name for bundle in ways.away.sent}) == 2


def test_what_an_issue_says_to_its_readers_is_decided_away_too(ways: TwoWays, tmp_path: Path):
    ways.folder.append(
        "config.yaml",
        "channels: {shelf: {folder: output/delivered}}\n"
        "deliveries:\n  - {report: library-loans, channels: [shelf], when: changed}",
    )
    project = load_project(ways.folder.root)
    edition = editions.edition_of(project, project.reports["library-loans"], TODAY)
    requests = [pipeline.Request(edition, ("html",))]
    near = Near(project, Here())
    far = Far(project, ways.away, lambda: near, ways.notices.append)
    ((here,), (there,)) = [list(maker.staged(requests)) for maker in (near, far)]
    assert here.result().verdict == there.result().verdict
    assert here.result().verdict is not None
    for answered in (here, there):
        archive.discard(answered.result())


@pytest.mark.parametrize("lives", [0, 1, 2])
def test_what_a_lost_cluster_has_not_made_is_made_here(ways: TwoWays, lives: int):
    ways.away.lives = lives
    ways.make(*(("2026-09", language, 1) for language in ("en", "ko")))
    ways.assert_same(issues=2)
    said = ["The cluster is lost. The rest is built on this machine."]
    assert ways.notices == (said if lives < 2 else [])


def test_an_issue_that_cannot_be_made_is_not_made_again_here(ways: TwoWays):
    check = "{kind: rows, table: loans, at_least: 1000, otherwise: hold}"
    ways.folder.append(ways.folder.report_file, f"gate:\n  enough: {check}\n")
    project = load_project(ways.folder.root)
    edition = editions.edition_of(project, project.reports["library-loans"], TODAY)
    korean = replace(edition, language="ko")
    far = Far(project, ways.away, lambda: Near(project, Here()), ways.notices.append)
    requests = [pipeline.Request(edition, ("html",)), pipeline.Request(korean, ("html",))]
    for answered in far.staged(requests):
        with pytest.raises(HeldError, match="The issue is held"):
            answered.result()
    assert not ways.notices


def test_a_worker_that_runs_something_else_is_refused_with_what_differs():
    here = all_versions()
    check_versions(here, dict(here), "node-1")
    assert all(here[name][0].isdigit() for name in ("python", "pango", "harfbuzz"))
    there = {**here, "pandas": "1.0.0", "python": "2.7"}
    del there["weasyprint"]
    with pytest.raises(EngineError) as refused:
        check_versions(here, there, "node-1")
    said = str(refused.value)
    assert f"pandas 1.0.0 (here {here['pandas']})" in said
    assert "weasyprint not at all" in said
    assert "node-1" in said
