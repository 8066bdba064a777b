"""Folders of models on the Hugging Face hub; huggingface_hub is the extra ``hub``."""

import re
from pathlib import Path
from typing import Union

from mmagenc.engine.model_folder import CARD, CONFIG, WEIGHTS, is_model_folder

NAME = re.compile(r'[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*')
PATTERNS = [CONFIG, WEIGHTS, CARD]
"""What is fetched and sent; nothing else of a repository or a folder."""


class HubError(OSError):
    """The hub, or what was looked for on it, cannot be had."""


def is_hub_name(text: str) -> bool:
    """Whether a text may be ``owner/name`` on the hub: of that form, and no path into a folder that is here."""
    return NAME.fullmatch(text) is not None and not Path(text).parent.exists()


def fetch_folder(name: str) -> Path:
    """The folder of a model on the hub, fetched into the hub's own cache, or found there.

    Args:
        name: ``owner/name``, or ``owner/name@revision``.

    Raises:
        ImportError: huggingface_hub is not installed.
        HubError: it is neither on the hub nor in the cache, or there is no connection; the message says what was looked for.
    """
    hub = _hub()
    repository, _, revision = name.partition('@')
    try:
        folder = Path(hub.snapshot_download(repository, revision=revision or None, allow_patterns=PATTERNS))
    except Exception as error:  # of several libraries of the network, which change with its version
        raise HubError(f'{name}: {CONFIG} and {WEIGHTS} of this name were looked for on the Hugging Face hub and in its cache here, and '
                       f'cannot be had: {_words(error)}') from error
    if not is_model_folder(folder):
        raise HubError(f'{name}: this repository of the Hugging Face hub holds no {CONFIG}, so it is no model of mmagenc')
    return folder


def push_folder(folder: Union[str, Path], name: str, *, private: bool = True) -> str:
    """Send the folder of a model to the hub, as whoever is logged in there.

    Args:
        folder: of :func:`~mmagenc.apis.save_pretrained`.
        name: ``owner/name``; the repository is made if it is not there.
        private: make it so that only its owner sees it; one that is there already stays as it is.

    Returns:
        str: its address.

    Raises:
        ImportError: huggingface_hub is not installed.
        ValueError: no ``owner/name``.
        HubError: no connection, or no right to.
    """
    check_name(name)
    hub = _hub()
    try:
        hub.create_repo(name, private=private, exist_ok=True)
        hub.upload_folder(repo_id=name, folder_path=str(folder), allow_patterns=PATTERNS)
    except Exception as error:  # as above
        raise HubError(f'{name}: cannot be sent to the Hugging Face hub: {_words(error)}; the folder {folder} is written') from error
    return f'https://huggingface.co/{name}'


def check_name(name: str) -> None:
    """Raise ValueError unless a text has the form of a name on the hub, and ImportError unless it can be reached from here at all."""
    if NAME.fullmatch(name) is None:
        raise ValueError(f'{name!r} is no name on the hub, such as owner/name')
    _hub()


def _hub():
    try:
        import huggingface_hub
    except ImportError as error:
        raise ImportError('models of the Hugging Face hub need huggingface_hub: pip install mmagenc[hub]') from error
    return huggingface_hub


def _words(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f'{type(error).__name__}: {lines[0][:200] if lines else "it says nothing more"}'
