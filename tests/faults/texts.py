"""What stands in the files of a newsroom: a page of one table, and code that misbehaves."""

CONFIG = """\
publisher: City Library
timezone: {zone}
languages: [en]
dataset: data/datapackage.json
default_report: {first}
{more}schedules:
{schedules}"""
REPORT = """\
title: Library loans
grain: {grain}
layout: compact
{parameters}tables:
  by_branch: {{dataset: loans, by: [branch], measures: [lent]}}
  conduct: {{use: "conduct:table"}}
figures:
  listing: {{kind: table, table: by_branch, title: All branches}}
sections:
  - {{title: Loans, figures: [listing]}}
"""
CONDUCT = '''\
"""How a build behaves is written in conduct.txt, and every build is written into builds.log."""
import os, subprocess, sys, time
from pathlib import Path

import pandas

REPORT = Path(__file__).parent
HERE = REPORT.parents[1] / "conduct" / REPORT.name


def table(frames):
    with (HERE / "builds.log").open("ab", buffering=0) as log:
        log.write(f"{os.getpid()} {HERE.name}\\n".encode())
        mine = log.tell()  # others may write theirs at the same moment
    word, _, rest = (HERE / "conduct.txt").read_text().strip().partition(" ")
    if word == "slow":
        time.sleep(float(rest))
    elif word == "until":  # a file of that name appears, or one for this process
        while not any((HERE / name).exists() for name in (rest, f"{rest}-{os.getpid()}")):
            time.sleep(0.05)
    elif word == "hang":
        time.sleep(3600)
    elif word == "grandchild":
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)"])
        with (HERE / "builds.log").open("a") as log:
            log.write(f"{child.pid} grandchild\\n")
        time.sleep(3600)
    elif word == "die":
        os._exit(11)
    elif word == "raise":
        raise ValueError(rest)
    elif word == "raise-in-turn":  # every other build fails
        if (HERE / "builds.log").read_bytes()[:mine].count(b"\\n") % 2:
            raise ValueError(rest)
    elif word == "bomb":
        held = []
        while True:
            held.append(bytearray(16_000_000))
    elif word == "killed":
        os.kill(os.getpid(), 9)
    return pandas.DataFrame({"nothing": ["x"]})
'''
DESCRIPTION = {
    "profile": "tabular-data-package",
    "name": "library",
    "title": "Loans of a city library",
    "resources": [
        {
            "name": "branches",
            "path": "branches.csv",
            "schema": {
                "fields": [
                    {
                        "name": "branch",
                        "type": "string",
                        "constraints": {"required": True, "unique": True},
                    }
                ],
                "primaryKey": ["branch"],
            },
        },
        {
            "name": "loans",
            "path": "loans.csv",
            "measures": {"lent": {"column": "lent"}},
            "schema": {
                "fields": [
                    {"name": "branch", "type": "string", "constraints": {"required": True}},
                    {"name": "lent", "type": "integer", "unit": "items"},
                ]
            },
        },
    ],
}
