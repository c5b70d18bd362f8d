"""Secrets by reference: the form is checked when read, the secret is fetched when it is used.

A reference is ``${NAME}`` for the environment, ``file:PATH`` for a file that only its owner may
read, or ``keyring:SERVICE/USER``. Inside a URL only ``${NAME}`` can stand.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from briefing.errors import Problem, ProblemsError
from briefing.structures.secrets import Secret

FORMS = "${NAME}, file:PATH or keyring:SERVICE/USER"
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_ELSEWHERE = re.compile(r"(file|keyring):(.+)", re.DOTALL)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_MARK = "\ue000"  # stands for a reference while the rest of a URL is looked at
_SECRET_KEYS = {"password", "pass", "passwd", "pwd", "secret", "token", "apikey", "api_key"}
_TOKEN = re.compile(
    r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"  # a UUID
    r"|(?=[A-Za-z]*[0-9])(?=[0-9]*[A-Za-z])[A-Za-z0-9]{20,}",
    re.IGNORECASE,
)
_LARGEST = 65_536  # bytes of a file with a secret
_LONG = 16  # characters from which a part of a secret URL is hidden on its own


@dataclass(frozen=True)
class Reference:
    """A text of config.yaml that names secrets without holding them; its form is checked.

    Attributes:
        text: the text as it stands in the file.
        file: that file, as the reader knows it.
        line: 1-based line in it.
        where: the key.
        root: the project's folder, from which ``file:`` paths start.
    """

    text: str
    file: str
    line: int
    where: str
    root: Path

    def resolve(self, environ: Mapping[str, str]) -> Secret:
        """Fetch the secrets and put them in their places.

        Args:
            environ: the environment.

        Raises:
            ProblemsError: a secret is not there, is empty or holds a line break, its file may be
                read by others, or the keyring cannot be asked.
        """
        if whole := _VARIABLE.fullmatch(self.text):
            value = self._sound(self._variable(whole[1], environ), f"${{{whole[1]}}}")
            return Secret(value, _parts(value))
        if elsewhere := _ELSEWHERE.fullmatch(self.text):
            fetched = (
                self._file(elsewhere[2], environ)
                if elsewhere[1] == "file"
                else self._keyring(elsewhere[2])
            )
            value = self._sound(fetched, self.text)
            return Secret(value, _parts(value))
        return self._filled(environ)

    def _filled(self, environ: Mapping[str, str]) -> Secret:
        """A URL with the references inside replaced, encoded as their places need it."""
        values = {
            name: self._sound(self._variable(name, environ), f"${{{name}}}")
            for name in _VARIABLE.findall(self.text)
        }
        strict = _strict_places(self.text)

        def fill(match: re.Match[str]) -> str:
            exposed = any(start <= match.start() < end for start, end in strict)
            return quote(values[match[1]], safe="" if exposed else "/:")

        return Secret(_VARIABLE.sub(fill, self.text), tuple(values.values()))

    def _variable(self, name: str, environ: Mapping[str, str]) -> str:
        if name not in environ:
            raise self._wrong(
                f"the environment variable {name} is not set",
                "Set it where briefing is started: in the shell, the service's environment file "
                "or the container.",
            )
        return environ[name]

    def _file(self, path: str, environ: Mapping[str, str]) -> str:
        place = self.root / _VARIABLE.sub(lambda found: self._variable(found[1], environ), path)
        try:
            # not to wait for whoever writes into a pipe
            opened = os.open(place, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
            with os.fdopen(opened, "rb") as file:
                self._guarded(os.fstat(opened), place, environ)
                content = file.read(_LARGEST + 1)
        except OSError as error:
            what = f"the file {place} cannot be read: {error.strerror}"
            raise self._wrong(what, "Correct the path, or who owns the file.") from None
        if len(content) > _LARGEST:
            raise self._wrong(f"the file {place} is too large", "Keep one secret in it.")
        try:
            return content.decode("utf-8").removesuffix("\n").removesuffix("\r")
        except UnicodeDecodeError:
            raise self._wrong(f"the file {place} is not UTF-8", "Save it as UTF-8.") from None

    def _guarded(self, status: os.stat_result, place: Path, environ: Mapping[str, str]) -> None:
        if not stat.S_ISREG(status.st_mode):
            raise self._wrong(f"{place} is no file", "Name the file with the secret.")
        others = stat.S_IRWXO | stat.S_IRWXG
        given = environ.get("CREDENTIALS_DIRECTORY", "")
        if given and place.resolve().is_relative_to(Path(given).resolve()):
            # systemd lets the service in by an access list, which shows in the group's bits
            others = stat.S_IRWXO
        if status.st_mode & others:
            mode = f"{stat.S_IMODE(status.st_mode):04o}"
            what = f"the file {place} may be read or written by others than its owner ({mode})"
            raise self._wrong(what, f"Run chmod 600 {place}, and change the secret if others may.")

    def _keyring(self, name: str) -> str:
        service, _, user = name.rpartition("/")
        try:
            keyring = import_module("keyring")
            errors = import_module("keyring.errors")
        except ImportError:
            what = "the package keyring is not installed"
            raise self._wrong(what, f"Run pip install keyring, or write {FORMS}.") from None
        try:
            found = keyring.get_password(service, user)
        except errors.KeyringError as error:
            what = f"the keyring cannot be asked: {type(error).__name__}"
            raise self._wrong(what, "Unlock it, or keep the secret in a file.") from None
        if found is None:
            remedy = f"Run keyring set {service} {user}."
            raise self._wrong(f"the keyring has no {user!r} of {service!r}", remedy)
        return str(found)

    def _sound(self, value: str, source: str) -> str:
        if not value:
            raise self._wrong(f"the secret of {source} is empty", "Set it.")
        if _CONTROL.search(value):
            what = f"the secret of {source} holds a line break or another control character"
            raise self._wrong(what, "Remove it.")
        return value

    def _wrong(self, what: str, remedy: str) -> ProblemsError:
        return ProblemsError([Problem(self.file, self.line, self.where, what, remedy)])


class Redactor:
    """Replaces every secret that it has learnt by ``***``, for logs, errors and events."""

    def __init__(self) -> None:
        self._learnt: tuple[Secret, ...] = ()

    def learn(self, secret: Secret) -> Secret:
        """Hide this secret from now on; it is handed back."""
        if secret not in self._learnt:
            longest_first = sorted(
                (*self._learnt, secret), key=lambda item: len(item.reveal()), reverse=True
            )
            self._learnt = tuple(longest_first)
        return secret

    def __call__(self, text: str) -> str:
        """The text without the secrets."""
        for secret in self._learnt:
            text = secret.hidden_in(text)
        return text


def check_secret(value: object, called: str, example: str) -> str:
    """Check that a value is one reference and nothing else.

    Args:
        value: what stands in the file, of any type.
        called: what it is, such as password.
        example: the name of a variable that would fit.

    Raises:
        ValueError: it is not; the message does not repeat it, because it may be the secret.
    """
    if not isinstance(value, str) or not value.lstrip().startswith(("$", "file:", "keyring:")):
        raise ValueError(
            f"the {called} stands in the file itself; write ${{{example}}}, or {FORMS}"
        )
    if not _is_reference(value):
        raise ValueError(f"the {called} is no whole reference; write ${{{example}}}, or {FORMS}")
    return value


def check_url(
    value: object, example: str, *, schemes: tuple[str, ...] = (), tokens: bool = False
) -> str:
    """Check a URL that may hold references, or that is one as a whole.

    Args:
        value: what stands in the file, of any type.
        example: a URL that would fit.
        schemes: those allowed; any where none are given.
        tokens: whether any part that looks like a token must be a reference too.

    Raises:
        ValueError: it is no such URL, or holds a secret itself; the secret is not repeated.
    """
    if not isinstance(value, str):
        raise ValueError(f"is no text; write {example}")
    if _is_reference(value):
        return value
    plain = _VARIABLE.sub(_MARK, value)
    if "${" in plain or _CONTROL.search(plain) or " " in plain:
        raise ValueError(f"holds a space, or a ${{ without a name and a }}; write {example}")
    try:
        parts = urlsplit(plain)
        literal = parts.password
    except ValueError:
        raise ValueError(f"is no URL; write {example}") from None
    if "://" not in plain or not parts.scheme or (schemes and parts.scheme not in schemes):
        known = f" ({', '.join(schemes)})" if schemes else ""
        raise ValueError(f"is no URL of a kind that is known here{known}; write {example}")
    query = parse_qsl(parts.query)
    asked = [text for key, text in query if key.lower() in _SECRET_KEYS]
    if any(text.replace(_MARK, "") for text in [literal or "", *asked]):
        raise ValueError(f"a password stands in the address itself; write {example}")
    if tokens and any(_TOKEN.search(place) for place in _places(plain)):
        raise ValueError(f"a token stands in the address itself; write {example}")
    return value


def has_reference(text: str) -> bool:
    """Whether a checked text names any secret."""
    return bool(_VARIABLE.search(text)) or _is_reference(text)


def _is_reference(text: str) -> bool:
    if _VARIABLE.fullmatch(text):
        return True
    found = _ELSEWHERE.fullmatch(text)
    if found is None or _CONTROL.search(text) or found[2] != found[2].strip():
        return False
    if found[1] == "file":
        return "${" not in _VARIABLE.sub("", found[2])
    service, _, user = found[2].rpartition("/")
    return bool(service and user)


def _places(url: str) -> list[str]:
    """The parts of a URL in which a token can stand; the host of a web address is none."""
    parts = urlsplit(url)
    host = "" if parts.scheme in {"http", "https"} else parts.hostname or ""
    return [parts.username or "", host, parts.path, parts.query, parts.fragment]


def _strict_places(url: str) -> list[tuple[int, int]]:
    """Where in a URL every special letter must be encoded: user, password and query."""
    start = url.find("://") + 3
    ends = [position for mark in "/?#" if (position := url.find(mark, start)) >= 0]
    at = url.rfind("@", start, min(ends, default=len(url)))
    query = url.find("?", start)
    places = [(start, at)] if at >= 0 else []
    return [*places, (query, len(url))] if query >= 0 else places


def _parts(value: str) -> tuple[str, ...]:
    """The secret, and where it is a URL, the parts of it that libraries show on their own."""
    if "://" not in value:
        return (value,)
    found = [value]
    with suppress(ValueError):
        url = urlsplit(value)
        password = url.password or ""
        places = [*url.path.split("/"), *(text for _, text in parse_qsl(url.query))]
        found += [password, *(place for place in places if len(place) >= _LONG)]
    return tuple(dict.fromkeys(unquote(text) for text in found if text)) or (value,)
