"""What transformers loads from hub ids and local folders, each failure one sentence."""

import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from math import prod
from pathlib import Path
from typing import Any, NamedTuple

import torch
from huggingface_hub import model_info, try_to_load_from_cache
from huggingface_hub.errors import HTTPError, OfflineModeIsEnabled, RepositoryNotFoundError, RevisionNotFoundError
from safetensors import SafetensorError, safe_open
from transformers import AutoConfig, AutoTokenizer
from transformers.utils import logging as progress

from rmexp.left_files import damage_told, read_json
from rmexp.models.backbones.location import is_model_folder
from rmexp.models.backbones.own_template import with_own_template

DTYPES = ("float32", "bfloat16", "float16")
HALVES = DTYPES[1:]
_STORED = {"F32": "float32", "BF16": "bfloat16", "F16": "float16"}  # what safetensors calls them
AS_SAVED = "auto"  # type of weights: the one that they are saved in


class Source(NamedTuple):
    """Where a model is, and how it is read.

    Attributes:
        path: local folder, or hub id without its revision.
        commit: of a hub repository.
        dtype: of the weights, one of `DTYPES` or `AS_SAVED`.
        trust_remote_code: whether code from the repository may run.
    """

    path: str
    commit: str | None
    dtype: str
    trust_remote_code: bool

    @property
    def options(self) -> dict[str, Any]:
        """Arguments of `from_pretrained` of whatever is read there."""
        at = {} if self.commit is None else {"revision": self.commit}
        return {"trust_remote_code": self.trust_remote_code, **at}

    @property
    def folder(self) -> Path:
        """Where its files are, once they have been loaded."""
        cached = None if self.commit is None else try_to_load_from_cache(self.path, "config.json", revision=self.commit)
        return Path(cached).parent if isinstance(cached, str) else Path(self.path)

    @property
    def save_dtype(self) -> str:
        """The type that what is made of it is saved in: the one of its files, or a half one that it is trained in."""
        return self.dtype if self.dtype in HALVES else dtype_of_files(self.folder)

    def config(self) -> Any:
        """Its configuration."""
        return from_pretrained(AutoConfig, self.path, **self.options)

    def tokenizer(self) -> Any:
        """Its tokenizer, as other programs find it.

        Raises:
            ValueError: there is none; of some families transformers makes an empty one then.
        """
        tokenizer = from_pretrained(AutoTokenizer, self.path, **self.options)
        if len(tokenizer.get_vocab()) <= len(tokenizer.get_added_vocab()):
            raise ValueError(
                f"{self.path}: expected a tokenizer with a vocabulary, such as a file tokenizer.json, got none"
            )
        return tokenizer

    def own_tokenizer(self) -> Any:
        """Its tokenizer with the chat template that the model was trained with."""
        return with_own_template(self.tokenizer(), self.folder)

    def model(self, auto_class: Any, **options: Any) -> tuple[Any, list[str]]:
        """The model as `auto_class` of transformers loads it, and the names of weights that are not there."""
        dtype = self.dtype if self.dtype == AS_SAVED else getattr(torch, self.dtype)
        options |= {"dtype": dtype, "output_loading_info": True}
        model, loading = from_pretrained(auto_class, self.path, **self.options, **options)
        return model, sorted(loading["missing_keys"])


def find_source(path: str, revision: str | None, dtype: str, trust_remote_code: bool) -> Source:
    """Where a model is.

    Args:
        path: local folder, or hub id with `@` and a revision if need be.
        revision: commit, tag or branch of a hub repository; the commit it stands for is recorded.
        dtype: of the weights.
        trust_remote_code: whether code from the repository may run.

    Raises:
        ValueError: no such type, no folder, or a repository that cannot be read.
    """
    if dtype not in (*DTYPES, AS_SAVED):
        raise ValueError(f"model.dtype must be one of {', '.join(DTYPES)}, got {dtype}")
    if is_model_folder(path):
        return Source(path, None, dtype, trust_remote_code)
    path, _, named = path.partition("@")
    return Source(path, resolve_commit(path, named or revision), dtype, trust_remote_code)


def dtype_of_files(folder: Path) -> str:
    """The type of most weights in a folder; float32 where its files are not in safetensors, or of none of `DTYPES`."""
    sizes: Counter[str] = Counter()
    for path in folder.glob("*.safetensors"):
        with safe_open(path, "pt") as content:
            for name in content.keys():  # noqa: SIM118  it is no dict
                part = content.get_slice(name)
                sizes[part.get_dtype()] += prod(part.get_shape())
    ((stored, _),) = sizes.most_common(1) or [("", 0)]
    return _STORED.get(stored, "float32")


def load_whole(source: Source, auto_class: Any, kind: str, *, not_needed: tuple[str, ...] = ()) -> Any:
    """A model with all its weights.

    Args:
        source: where it is.
        auto_class: of transformers, to load it with.
        kind: of model that is expected, for messages.
        not_needed: starts of the names of weights that may be missing.

    Raises:
        ValueError: no model is there, or one without some of its weights.
    """
    model, missing = source.model(auto_class)
    refuse_missing(source.path, [name for name in missing if not name.startswith(not_needed)], kind)
    return model


def refuse_missing(path: str, missing: list[str], kind: str) -> None:
    """Refuse a model without some of its weights: transformers would draw them at random.

    Raises:
        ValueError: some are missing.
    """
    if missing:
        raise ValueError(f"{path} is no {kind}: it has no weights for {', '.join(missing[:3])}")


def from_pretrained(auto_class: Any, path: str, **options: Any) -> Any:
    """What `auto_class` of transformers loads from a folder or hub id.

    Raises:
        ValueError: files are missing, damaged or of another kind; one sentence, whatever was raised inside.
    """
    try:
        with without_bars():
            return auto_class.from_pretrained(path, **options)
    except Exception as error:  # whatever the libraries below it raise over what is in the files
        for file in sorted(Path(path).glob("*.json")):
            read_json(file)  # what damages one is a better reason
        _check_weights(Path(path))
        raise ValueError(f"{path} cannot be loaded with {auto_class.__name__}: {in_short(error)}") from error


def _check_weights(folder: Path) -> None:
    """Tell a file of weights in a folder that cannot be opened by its name."""
    for file in sorted(folder.glob("*.safetensors")):
        with damage_told(file):
            try:
                with safe_open(file, "pt"):
                    pass
            except SafetensorError as error:
                raise ValueError(str(error).rpartition("header: ")[2]) from error


@contextmanager
def without_bars() -> Iterator[None]:
    """Transformers draws no bars meanwhile, and afterwards those that the program lets it."""
    drawn = progress.is_progress_bar_enabled()
    progress.disable_progress_bar()
    try:
        yield
    finally:
        if drawn:
            progress.enable_progress_bar()


@contextmanager
def without_remarks() -> Iterator[None]:
    """Transformers says nothing but errors meanwhile: not that a head is missing which an adapter is about to bring."""
    level = progress.get_verbosity()
    progress.set_verbosity_error()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # what peft still calls by its former name
            yield
    finally:
        progress.set_verbosity(level)


def in_short(error: Exception) -> str:
    """What a library says first, without the list of all the classes that it would have liked better."""
    first, _, further = str(error).strip().partition("\n")
    said = f"{first} {further.strip().partition(chr(10))[0]}" if first.endswith(":") else first
    if said.startswith("Unrecognized configuration class"):
        family = said.partition("class '")[2].partition("'")[0].rpartition(".")[2]
        return f"transformers has no such class for {family}"
    if "`ignore_mismatched_sizes`" in said:
        return "its weights have other shapes than its config.json says"
    said = said.partition(" Should have a ")[0]
    # A KeyError or a TypeError says too little without its name.
    return said if said and isinstance(error, OSError | ValueError) else f"{type(error).__name__}: {said}"


def resolve_commit(path: str, revision: str | None) -> str:
    """The commit of a hub repository that a revision stands for, from the local cache or else from the hub.

    Asking for it first makes a missing network one quick sentence, where loading would retry for half a minute.

    Raises:
        ValueError: there is no such repository or revision, or it is not in the cache and the hub cannot be reached.
    """
    cached = try_to_load_from_cache(path, "config.json", revision=revision)
    if isinstance(cached, str):
        return Path(cached).parent.name
    try:
        return str(model_info(path, revision=revision, timeout=10).sha)
    except (RepositoryNotFoundError, RevisionNotFoundError) as error:
        at = f" at revision {revision}" if revision else ""
        raise ValueError(f"{path}{at} is neither a local folder nor a hub repository that can be read") from error
    except (OfflineModeIsEnabled, HTTPError, OSError) as error:
        reason = "HF_HUB_OFFLINE is set" if isinstance(error, OfflineModeIsEnabled) else type(error).__name__
        raise ValueError(
            f"{path} is no local folder, is not in the hub's local cache, and the hub cannot be reached ({reason}); "
            "connect to a network, or name a folder"
        ) from error
