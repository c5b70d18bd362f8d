"""The rules of the house: small files, honest names, floors, and a clock only at the doors."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
SOURCE = REPOSITORY / "src" / "briefing"
MODULES = sorted(SOURCE.rglob("*.py"))
LONGEST = 400
FORBIDDEN = {
    "utils",
    "util",
    "helpers",
    "helper",
    "common",
    "manager",
    "handler",
    "misc",
    "processor",
}
DOORS = {"doctor.py", "__main__.py", "scheduler.py"}
"""And every module of the folders ``cli`` and ``web``."""
CLOCKS = {
    "date.today",
    "datetime.now",
    "datetime.today",
    "datetime.utcnow",
    "time.time",
    "time.localtime",
    "os.environ",
    "os.getenv",
    "os.environb",
}
every_module = pytest.mark.parametrize(
    "path", MODULES, ids=[str(path.relative_to(SOURCE)) for path in MODULES]
)


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@every_module
def test_a_module_is_small_and_has_an_honest_name(path: Path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST
    assert path.stem not in FORBIDDEN
    assert not any(part in FORBIDDEN for part in path.relative_to(SOURCE).parts)


@every_module
def test_a_module_says_in_a_line_what_it_is_for(path: Path):
    docstring = ast.get_docstring(tree(path))
    assert docstring, "it has no docstring"
    first = docstring.split("\n")[0]
    assert first.endswith("."), first
    assert len(first) <= 100


@every_module
def test_only_the_doors_read_the_clock_and_the_environment(path: Path):
    if path.name in DOORS or {"cli", "web"} & set(path.relative_to(SOURCE).parts):
        return
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Attribute):
            dotted = ast.unparse(node)
            found = [clock for clock in CLOCKS if dotted == clock or dotted.endswith(f".{clock}")]
            assert not found, f"line {node.lineno}: {dotted}"
        if isinstance(node, ast.ImportFrom) and node.module in {"os", "time"}:
            names = {alias.name for alias in node.names}
            assert not names & {"environ", "getenv", "time"}, f"line {node.lineno}"


@every_module
def test_functions_and_classes_have_no_vague_names(path: Path):
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            words = set(node.name.lower().strip("_").split("_")) - {"common"}
            assert not words & FORBIDDEN, f"line {node.lineno}: {node.name}"


def test_each_foreign_library_has_one_room():
    rooms = {
        "PIL": "charts/raster.py",
        "alembic": "ledger/",
        "apprise": "channels/notify.py",
        "apscheduler": "scheduler.py",
        "cronsim": "calendars.py",
        "fsspec": "channels/places.py",
        "holidays": "calendars.py",
        "imaplib": "channels/archive_mailbox.py",
        "matplotlib": "charts/",
        "dask": "executors/cluster.py",
        "distributed": "executors/cluster.py",
        "multiprocessing": "executors/",
        "prometheus_client": "status.py",
        "pyarrow": ("sources/columnar.py", "sources/parquet.py"),
        "pydantic": "config/",
        "rich": "terminal.py",
        "smtplib": "channels/email.py",
        "sqlalchemy": ("ledger/", "sources/sql.py"),
        "structlog": "log.py",
        "typer": "cli/",
        "yaml": "config/reading.py",
        "weasyprint": (
            "rendering/pdf.py",
            "rendering/painting.py",
            "rendering/engine.py",
            "rendering/lines.py",
        ),
    }
    for path in MODULES:
        name = str(path.relative_to(SOURCE))
        for node in ast.walk(tree(path)):
            imported = (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else []
            )
            for module in imported:
                room = rooms.get(module.split(".")[0], name)
                assert name.startswith(room), f"{name} imports {module}"


def test_nothing_imports_from_above_or_from_the_room_next_door():
    ran = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout
    assert "KEPT" in ran.stdout


def test_the_tests_use_no_mocks_and_skip_nothing():
    words = ("unittest" + ".mock", "pytest." + "skip", "mark." + "skip", "mark." + "xfail")
    for path in (REPOSITORY / "tests").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert not [word for word in words if word in text], path.name


def test_what_prints_a_pdf_loads_no_pandas_and_starts_no_program():
    """The process beside must be ready when the page is; pandas alone takes half a second."""
    code = (
        "import sys, ctypes.util, importlib\n"
        "from briefing.executors.forking import PRINTING\n"
        "programs = []\n"
        "hook = lambda event, args: event == 'subprocess.Popen' and programs.append(args)\n"
        "sys.addaudithook(hook)\n"
        "ask = ctypes.util.find_library\n"
        "for name in PRINTING:\n    importlib.import_module(name)\n"
        "heavy = {'pandas', 'matplotlib', 'numpy', 'sqlalchemy'} & set(sys.modules)\n"
        "assert 'weasyprint' in sys.modules\n"
        "assert ctypes.util.find_library is ask\n"
        "sys.exit(f'loaded {heavy}, started {programs}' if heavy or programs else 0)\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize("command", ["--version", "--help"])
def test_a_command_loads_only_what_it_needs(command: str):
    """Asking for help draws no chart and reads no data."""
    code = (
        "import sys; sys.argv = ['briefing', sys.argv[1]]\n"
        "from briefing.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "heavy = {'pandas', 'matplotlib', 'weasyprint', 'numpy'} & set(sys.modules)\n"
        "sys.exit(f'loaded {heavy}' if heavy else 0)\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, command], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
