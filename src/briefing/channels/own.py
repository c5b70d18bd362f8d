"""Channels of the author's own: found by name, made with their options, and kept from harm."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import ClassVar

from briefing.abc import Channel
from briefing.errors import BriefingError, ChannelError, unforeseen
from briefing.extensions import load
from briefing.structures.channels import Receipt
from briefing.structures.deliveries import Parcel
from briefing.structures.secrets import Secret

_MEND = "Mend the code that `use` names in config.yaml."


def own_channel(
    name: str, use: str, options: Mapping[str, Secret | str], folders: tuple[Path, ...]
) -> Channel:
    """The channel that ``use: module:class`` names.

    Args:
        name: of the channel in config.yaml.
        options: handed to the class by keyword, as texts.
        folders: where ``module.py`` is looked for before what is installed.

    Raises:
        ExtensionError: there is no such class, or its module cannot be imported.
        ChannelError: it is no channel, or cannot be made with these options.
    """
    made = load(use, folders)
    if not (isinstance(made, type) and issubclass(made, Channel)):
        raise ChannelError(
            f"The channel {name!r} cannot be used: {use} is no subclass of briefing.abc.Channel.",
            _MEND,
        )
    secrets = tuple(value for value in options.values() if isinstance(value, Secret))
    words = {
        key: value.reveal() if isinstance(value, Secret) else value
        for key, value in options.items()
    }
    try:
        own: Channel = made(**words)
    except BriefingError:
        raise
    except Exception as error:  # the author's code may raise anything
        said = _said(name, error, secrets)
        raise ChannelError(f"{said} It cannot be opened.", f"{_MEND} Or its options.") from None
    return (_RepeatableGuard if made.repeatable else _Guard)(name, own, secrets)


class _Guard(Channel):
    """Hands on to a channel of the author's own; what it raises becomes a receipt."""

    def __init__(self, name: str, own: Channel, secrets: tuple[Secret, ...]) -> None:
        self._name = name
        self._own = own
        self._secrets = secrets

    def deliver(self, parcel: Parcel, still_wanted: Callable[[], bool]) -> Receipt:
        """Let the channel deliver.

        Raises:
            BriefingError: what the channel says to a person; and whatever ``still_wanted`` raises
                of its kind.
        """
        try:
            receipt = self._own.deliver(parcel, still_wanted)
        except BriefingError:
            raise
        except Exception as error:  # the author's code may raise anything
            return self._failed(_said(self._name, error, self._secrets))
        if not isinstance(receipt, Receipt):  # own code may do as it likes
            kind = type(receipt).__name__
            return self._failed(f"The channel {self._name!r} answered with {kind}, no Receipt.")
        return receipt

    def close(self) -> None:
        """Let the channel close.

        Raises:
            ChannelError: it failed; what it has delivered, it has.
        """
        try:
            self._own.close()
        except BriefingError:
            raise
        except Exception as error:  # the author's code may raise anything
            raise ChannelError(_said(self._name, error, self._secrets), _MEND) from None

    def _failed(self, text: str) -> Receipt:
        if self.repeatable:
            return Receipt("deferred", "message", text=text, remedy=_MEND)
        remedy = f"Look whether it arrived before it is sent again. {_MEND}"
        return Receipt("uncertain", "dot", text=text, remedy=remedy)


class _RepeatableGuard(_Guard):
    """The same for a channel that may be asked again without harm."""

    repeatable: ClassVar[bool] = True


def _said(name: str, error: Exception, secrets: tuple[Secret, ...]) -> str:
    text = " ".join(f"The channel {name!r} failed. {unforeseen(error)}".split())
    for secret in secrets:
        text = secret.hidden_in(text)
    return text
