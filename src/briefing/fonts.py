"""Where the one font of charts and pages is found: NanumGothic, from a registry package.

Nothing depends on what fonts the machine has. The package is located, never imported: importing
it would change matplotlib's settings for the whole process.
"""

from __future__ import annotations

from base64 import b64encode
from functools import cache
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path

from briefing.errors import BuildError

FAMILY = "NanumGothic"
_PACKAGE = "koreanize_matplotlib"
_FILES = {"regular": "NanumGothic.ttf", "bold": "NanumGothicBold.ttf"}


@cache
def font_files() -> dict[str, Path]:
    """The TrueType files by weight, ``regular`` and ``bold``.

    Raises:
        BuildError: the package or one of its files is missing.
    """
    spec = find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        raise BuildError(
            f"The font package {_PACKAGE} is not installed.",
            "Run `make briefing`, which installs everything that the lock file names.",
        )
    folder = Path(spec.origin).parent / "fonts"
    found = {weight: folder / name for weight, name in _FILES.items()}
    for path in found.values():
        if not path.is_file():
            raise BuildError(
                f"The font file {path.name} is missing from the package {_PACKAGE}.",
                f"Reinstall it: pip install --force-reinstall {_PACKAGE.replace('_', '-')}",
            )
    return found


def embedded(text: str) -> str:
    """CSS that carries the font itself, cut down to the letters of the text.

    The bytes depend on the letters and the font files alone.
    """
    weights = {"regular": 400, "bold": 700}
    faces = []
    for weight, path in font_files().items():
        data = b64encode(_cut_down(path, text)).decode()
        faces.append(
            f'@font-face {{ font-family: "{FAMILY}"; font-weight: {weights[weight]}; '
            f'src: url("data:font/woff2;base64,{data}") format("woff2") }}'
        )
    return "\n".join(faces)


def _cut_down(path: Path, text: str) -> bytes:
    from fontTools import subset

    options = subset.Options(hinting=False, notdef_outline=True, recalc_timestamp=False)
    options.drop_tables += ["FFTM", "TSI0", "TSI1", "TSI2", "TSI3", "TSI5"]
    font = subset.load_font(str(path), options)
    subsetter = subset.Subsetter(options)
    subsetter.populate(text="".join(sorted(set(text))))
    subsetter.subset(font)
    font.flavor = "woff2"
    buffer = BytesIO()
    font.save(buffer, reorderTables=False)
    font.close()
    return buffer.getvalue()
