"""Preference data of the Hugging Face hub, or of a local folder that `datasets` can read."""

import logging
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote_plus

from rmexp.jsonl import JsonObject
from rmexp.preference_data import PreferenceData
from rmexp.sources.file_names import is_place
from rmexp.sources.reading import Reading
from rmexp.sources.rows import Format, Row

log = logging.getLogger(__name__)

Opened = Callable[[str], Iterable[JsonObject]]


def hub(
    *,
    path: str,
    revision: str | None,
    subset: str | None,
    folder: str | None,
    train_split: str | None,
    val_split: str | None,
    test_split: str | None,
    format: Format,
    on_bad_row: str,
    max_bad_share: Annotated[float, "in [0, 1]"],
) -> PreferenceData:
    """Read preference pairs.

    Args:
        path: id of a data set such as `Anthropic/hh-rlhf`, or a local folder.
        revision: commit, tag or branch of the repository; the commit it stands for is told and recorded.
        subset: name of one of its configurations; None for the default one.
        folder: of the repository to read instead of all of it, such as `helpful-base`.
        train_split: its name there; split by hash where there is no `val_split`. None leaves it out.
        val_split: name of the validation split.
        test_split: name of the test split.
        format: what a row means.
        on_bad_row: `error` stops at the first malformed row; `skip` leaves such rows out and counts them.
        max_bad_share: share of a split's rows, in [0, 1], that may be left out; more stop the run.

    Raises:
        ValueError: there is no such data set, split or network; or rows are bad as in `files`.
    """
    reading = Reading(on_bad_row=on_bad_row, max_bad_share=max_bad_share)
    opened, origin = open_hub(path, revision, subset, folder)
    named = {"train" if val_split else "all": train_split, "val": val_split, "test": test_split}
    splits = {
        split: reading.records(f"{origin}:{name}", hub_rows(f"{origin}:{name}", opened, name), format)
        for split, name in named.items()
        if name is not None
    }
    if not splits:
        raise ValueError("expected the name of at least one split, got none (set data.train_split)")
    return PreferenceData(splits, bad_rows=tuple(reading.bad_rows), origins=(origin,) if origin != path else ())


def hub_rows(place: str, opened: Opened, split: str) -> Iterator[Row]:
    """The rows of a split.

    Args:
        place: as messages name it.
        opened: what gives them.
        split: its name.

    Raises:
        ValueError: there is no such split, or it cannot be read.
    """
    from datasets.exceptions import DatasetsError

    try:
        for number, content in enumerate(opened(split), start=1):
            yield Row(place, number, content, "row")
    except (OSError, ValueError, KeyError, DatasetsError) as error:
        cause = error.__cause__ or error
        raise ValueError(f"{place} cannot be read: {str(cause).strip().partition(chr(10))[0]}") from error


def open_hub(
    path: str, revision: str | None, subset: str | None, folder: str | None, *, whole: bool = True
) -> tuple[Opened, str]:
    """What gives the rows of a split, and the name of the data set with its commit.

    Args:
        path: see `hub`, as for the next three.
        revision: of a repository.
        subset: of a repository.
        folder: of a repository.
        whole: whether all rows will be read; else nothing more than the first ones is downloaded.

    Raises:
        ValueError: there is no such folder or repository, or the package `datasets` is not installed.
    """
    try:
        import datasets
    except ImportError as error:
        raise ValueError(f"{path}: reading it needs the extra `data`: pip install 'rmexp[data]'") from error
    place = Path(path)
    if (place / "dataset_dict.json").is_file():
        saved = datasets.load_from_disk(path)
        return lambda split: saved[split], path
    options: dict[str, Any] = {"name": subset, "data_dir": folder}
    if place.is_dir():
        # Streamed: the cache of `datasets` takes a changed file of equal size and time for the old one.
        return lambda split: datasets.load_dataset(path, split=split, streaming=True, **options), path
    if place.exists() or is_place(path):
        raise ValueError(f"{path}: expected a folder or a hub id, but there is no such folder (set data.path)")
    commit = _commit(path, revision)
    tell = log.info if whole else log.debug
    if commit is not None:
        tell("%s: commit %s", path, commit)
        options |= {"revision": commit} | ({} if whole else {"streaming": True})
        return lambda split: datasets.load_dataset(path, split=split, **options), f"{path}@{commit}"
    cached = _cached(path, revision, subset, folder)
    tell("%s: commit %s, from the local cache, for the hub cannot be reached", path, cached.name)
    return lambda split: _arrow(cached, split), f"{path}@{cached.name}"


def _commit(path: str, revision: str | None) -> str | None:
    """The commit that a revision stands for, None when the hub cannot be reached.

    Asking for it first makes a missing network quick to see, where loading would retry for half a minute.
    """
    from huggingface_hub import dataset_info
    from huggingface_hub.errors import HTTPError, OfflineModeIsEnabled, RepositoryNotFoundError, RevisionNotFoundError

    try:
        return str(dataset_info(path, revision=revision, timeout=10).sha)
    except (RepositoryNotFoundError, RevisionNotFoundError) as error:
        at = f" at revision {revision}" if revision else ""
        raise ValueError(
            f"{path}{at} is neither a local folder nor a data set of the hub that can be read (set data.path)"
        ) from error
    except (OfflineModeIsEnabled, HTTPError, OSError):
        return None


def _cached(path: str, revision: str | None, subset: str | None, folder: str | None) -> Path:
    """The folder of an earlier download, the newest one where no revision is asked for."""
    import datasets

    *owner, name = path.split("/")
    root = Path(datasets.config.HF_DATASETS_CACHE).expanduser()
    root /= "___".join([*owner, datasets.naming.camelcase_to_snakecase(name)])
    found = [
        made
        for made in root.glob(f"{subset or 'default'}*/*/*/")
        if (made / "dataset_info.json").is_file()
        and revision in (None, made.name)
        and (quote_plus(folder) in made.parts[-3] if folder else "data_dir=" not in made.parts[-3])
    ]
    if not found:
        raise ValueError(
            f"{path} is no local folder, is not in the local cache of data sets, and the hub cannot be reached; "
            "set data.path to a folder, or connect to a network"
        )
    return max(found, key=lambda made: made.stat().st_mtime)


def _arrow(folder: Path, split: str) -> Iterator[JsonObject]:
    import datasets

    shards = sorted([*folder.glob(f"*-{split}.arrow"), *folder.glob(f"*-{split}-*-of-*.arrow")])
    if not shards:
        raise ValueError(f"it has no split `{split}`")
    for shard in shards:
        yield from datasets.Dataset.from_file(str(shard))
