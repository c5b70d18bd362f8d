"""Frictionless, the standard's own tool, refuses what we refuse, and accepts what ships."""

import json

import pytest
from frictionless import Package, system

from briefing.config import load_project
from briefing.errors import ProblemsError

DEFECTS = {
    "a broken number": ("data/loans.csv", "book,1500", "book,many"),
    "a broken date": ("data/loans.csv", "2026-09-15", "2026-09-31"),
    "a duplicate key": ("data/loans.csv", "l-2,main", "l-1,main"),
    "a dangling key": ("data/loans.csv", "harbour,2026", "harbor,2026"),
    "an unknown word": ("data/loans.csv", "film,220", "disc,220"),
    "a missing cell": ("data/branches.csv", "Main Library,", ","),
    "a value out of bounds": ("data/loans.csv", "book,1500", "book,-1500"),
    "a key of another form": ("data/loans.csv", "l-3,harbour", "loan3,harbour"),
    "a cell too many": ("data/branches.csv", "1908-05-01,2020", "1908-05-01,x,2020"),
}


def standard_says_valid(project) -> bool:
    descriptor = json.loads(project.read("data/datapackage.json"))
    del descriptor["profile"]  # it would ask each table for a profile of its own
    with system.use_context(trusted=True):
        package = Package(descriptor, basepath=str(project.root / "data"))
        return bool(package.validate().valid)


def we_say_valid(project) -> bool:
    try:
        load_project(project.root)
    except ProblemsError:
        return False
    return True


def test_both_accept_the_small_project(small_project):
    assert standard_says_valid(small_project)
    assert we_say_valid(small_project)


@pytest.mark.parametrize("defect", DEFECTS)
def test_both_refuse(small_project, defect):
    path, old, new = DEFECTS[defect]
    small_project.replace(path, old, new)
    assert not standard_says_valid(small_project)
    assert not we_say_valid(small_project)
