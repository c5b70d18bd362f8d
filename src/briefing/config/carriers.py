"""What may stand in config.yaml about channels other than mail, and the nouns made of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated
from unicodedata import category

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from briefing.config.channels import notify_url
from briefing.config.mail import LinkUrl
from briefing.config.reading import KeyPath, Positions, dotted
from briefing.config.secrets import Reference, check_secret, check_url, has_reference
from briefing.errors import Problem
from briefing.structures import MAIL, ChannelSettings, Resolvable

DELIVERED = "delivered"
"""The one folder inside the archive that issues may be delivered into."""
_FOLDER_EXAMPLE = "s3://bucket/briefings"
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_SECRET_WORDS = {"key", "pass", "pwd", "auth", "credential", "credentials"}
_SECRET_PARTS = ("password", "passwd", "passphrase", "token", "secret", "apikey")


def _notify(value: object) -> str:
    return notify_url(value)


def _folder(value: object) -> str:
    """Check a folder's path or address; where a path leads is known to ``build_carriers``."""
    if not isinstance(value, str) or not value.strip():
        raise ValueError("is no text; write the path of a folder")
    if value.lower().startswith(("file:", "local:")):
        raise ValueError("for a folder of this machine, write its path alone")
    if has_reference(value) or "${" in value:
        raise ValueError("no reference can stand in a folder; give secrets as `options`")
    if any(category(letter) == "Cc" for letter in value):
        raise ValueError("the path holds a control character")
    if value.startswith("~"):
        raise ValueError(f"{value!r} is another folder for each user; write the whole path")
    return check_url(value, _FOLDER_EXAMPLE) if "://" in value else value


def _options(value: object) -> object:
    """Numbers and truth values as words, which is what channels are made with."""
    if not isinstance(value, dict):
        return value
    return {key: _word(item) for key, item in value.items()}


def _word(value: object) -> object:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value


class ChannelKeys(BaseModel):
    """A way to readers other than mail; one of `folder`, `notify` and `use`."""

    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)

    folder: Annotated[str, BeforeValidator(_folder)] = ""
    """A folder into which issues are copied: a path from the project's folder, the whole path of
    a mounted one, or an address that fsspec knows, such as `s3://bucket/briefings`."""
    notify: Annotated[str, BeforeValidator(_notify)] = ""
    """An Apprise address with references, such as `slack://${SLACK_TOKEN}`."""
    use: str = Field(default="", pattern=r"^([A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*)?$")
    """A channel of your own, as module:class."""
    link: LinkUrl = ""
    """For a folder or a notice, where readers find issues: a web address to which an issue's path
    is added."""
    attach: bool = False
    """For a notice, whether the files of the issue go along."""
    options: Annotated[dict[str, str], BeforeValidator(_options)] = {}
    """What a channel of your own, or the file system of an address, is made with; secrets by
    reference."""

    @field_validator("options")
    @classmethod
    def _references(cls, value: dict[str, str]) -> dict[str, str]:
        for key, text in value.items():
            _check_option(key, text)
        return value

    @model_validator(mode="after")
    def _fitting(self) -> ChannelKeys:
        if sum(map(bool, (self.folder, self.notify, self.use))) != 1:
            raise ValueError("give one of `folder`, `notify` and `use`")
        if self.attach and not self.notify:
            raise ValueError("`attach` belongs to `notify`; a folder gets every file")
        if self.link and self.use:
            raise ValueError("`link` belongs to `folder` and `notify`; give it as an option")
        if self.options and not self.use and "://" not in self.folder:
            raise ValueError("`options` belong to `use`, or to a `folder` with an address")
        return self


def _check_option(key: str, text: str) -> None:
    """Check that an option holds no secret itself.

    Raises:
        ValueError: it does, or it is half a reference; the value is not repeated.
    """
    words = {word.lower() for word in _WORDS.findall(key)}
    if words & _SECRET_WORDS or any(part in key.lower() for part in _SECRET_PARTS):
        check_secret(text, key, "_".join(re.findall(r"[A-Z0-9]+", key.upper())) or "NAME")
    elif "://" in text and not text.startswith(("file:", "keyring:")):
        check_url(text, "https://example.org/${NAME}")
    elif "${" in text:
        check_secret(text, key, "NAME")


def build_carriers(
    channels: Mapping[str, ChannelKeys],
    positions: Positions,
    root: Path,
    output: Path,
    taken: Mapping[str, Path],
) -> tuple[tuple[ChannelSettings, ...], list[Problem]]:
    """The nouns of the keys, and which folders cannot take issues.

    Args:
        root: the project's folder.
        output: the archive's folder.
        taken: further folders of the project that hold something else, by what that is.
    """
    problems = []
    for name, keys in channels.items():
        path: KeyPath = ("channels", name)
        if name == MAIL:
            remedy = "Choose another name; mail is described by the key `mail`."
            problems.append(positions.problem(path, "the name is taken", remedy))
        if keys.folder and "://" not in keys.folder:
            what = _misplaced(keys.folder, root, output, taken)
            if what:
                remedy = f"A folder named {DELIVERED} inside the archive is free for this."
                problems.append(positions.problem((*path, "folder"), what, remedy))
    return tuple(
        _settings(name, keys, positions, root) for name, keys in channels.items()
    ), problems


def _misplaced(text: str, root: Path, output: Path, taken: Mapping[str, Path]) -> str:
    """Why issues cannot be copied into a folder; empty where they can."""
    place = (root / text).resolve()
    if not Path(text).is_absolute() and not place.is_relative_to(root):
        return f"the path {text!r} leads outside the project; write a mounted folder's whole path"
    if place.is_relative_to(output / DELIVERED):
        return ""
    if place.is_relative_to(output):
        return f"{text!r} is the archive itself, or lies inside it"
    for what, folder in taken.items():
        if place.is_relative_to(folder):
            return f"{text!r} holds {what}"
    if root.is_relative_to(place):
        return f"{text!r} holds the project itself"
    if any(folder.is_relative_to(place) for folder in (output, *taken.values())):
        return f"{text!r} holds a folder of the project that is needed otherwise"
    return ""


def _settings(name: str, keys: ChannelKeys, positions: Positions, root: Path) -> ChannelSettings:
    def reference(text: str, path: KeyPath) -> Reference:
        return Reference(text, positions.file, positions.line(path), dotted(path), root)

    path: KeyPath = ("channels", name)
    options: list[tuple[str, Resolvable | str]] = [
        (key, reference(text, (*path, "options", key)) if has_reference(text) else text)
        for key, text in keys.options.items()
    ]
    return ChannelSettings(
        name=name,
        kind="folder" if keys.folder else "notify" if keys.notify else "use",
        line=positions.line(path),
        path=keys.folder,
        url=reference(keys.notify, (*path, "notify")) if keys.notify else None,
        use=keys.use,
        link=keys.link,
        attach=keys.attach,
        options=tuple(options),
    )
