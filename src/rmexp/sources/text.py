"""Plain text for language-model training: files to passages, nothing lost but white space between them."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

from rmexp.jsonl import describe
from rmexp.lines import all_lines
from rmexp.preference_data import PreferenceData
from rmexp.records import Candidates
from rmexp.sources.file_rows import file_rows
from rmexp.sources.rows import Row

_TABLES = (".jsonl", ".json", ".csv", ".tsv", ".parquet")
# Where a passage may end, from the best place on: a blank line, a line, a sentence, a word.
_ENDS = (re.compile(r"\n\s*\n"), re.compile(r"\n"), re.compile(r"(?<=[.!?])\s"), re.compile(r"\s"))


def text(
    *, paths: list[str], fields: list[str] | None, passage_characters: Annotated[int, "at least 1"], encoding: str
) -> PreferenceData:
    """Read texts as demonstrations without a prompt.

    Args:
        paths: files: `.jsonl`, `.json`, `.csv`, `.tsv` and `.parquet` hold one text a row, any other suffix is plain
            text; each but the last also with `.gz` or `.xz`.
        fields: whose values make a row's text, joined by line breaks; empty ones are left out. None where all files
            are plain.
        passage_characters: longest passage; longer texts are cut at the end of a paragraph, line, sentence or word.
        encoding: of the files, such as `utf-8`, `utf-16` or `latin-1`.

    Returns:
        One split `all`, of passages in the order of the files; `meta.document` tells which belong to one text.

    Raises:
        ValueError: a file cannot be read, is in another encoding, a row lacks a field, or there is no text at all.
    """
    if not paths:
        raise ValueError("expected at least one file, got none (set data.paths)")
    if passage_characters < 1:
        raise ValueError(f"data.passage_characters must be at least 1, got {passage_characters}")
    passages = tuple(
        Candidates("", (passage,), meta={"document": name})
        for path in paths
        for name, document in _documents(Path(path), fields, encoding)
        for passage in passages_of(document, passage_characters)
    )
    if not passages:
        raise ValueError(f"expected text, but there is none in {', '.join(paths)} (set data.paths)")
    return PreferenceData({}, demonstrations={"all": passages})


def passages_of(document: str, characters: int) -> Iterator[str]:
    """Pieces of at most so many characters that together hold all of the text but white space at their ends.

    >>> list(passages_of("One. Two three. Four", 16))
    ['One. Two three.', 'Four']
    """
    rest = document.strip()
    while len(rest) > characters:
        cut = _cut(rest, characters)
        yield rest[:cut].rstrip()
        rest = rest[cut:].lstrip()
    if rest:
        yield rest


def _cut(rest: str, characters: int) -> int:
    """The last good place in the second half of what fits; any place when there is none."""
    for end in _ENDS:
        found = [place.end() for place in end.finditer(rest, 0, characters + 1) if place.start() <= characters]
        if found and found[-1] > characters // 2:
            return found[-1]
    return characters


def _documents(path: Path, fields: Sequence[str] | None, encoding: str) -> Iterator[tuple[str, str]]:
    suffixes = [suffix for suffix in path.suffixes if suffix not in (".gz", ".xz")]
    if not suffixes or suffixes[-1] not in _TABLES:
        content = b"".join(line for _, line in all_lines(path, key="data.paths", encoding=encoding))
        try:
            yield path.name, content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise ValueError(
                f"{path}: expected UTF-8 text, but byte {error.start + 1} is not (is the file in Latin-1 or "
                "Windows-1252? data.encoding=latin-1 or cp1252 reads it)"
            ) from error
        return
    if not fields:
        raise ValueError(f"{path} holds rows: expected the names of the fields that make their text (set data.fields)")
    for row in file_rows(path, key="data.paths", encoding=encoding):
        yield f"{path.name}:{row.number}", "\n".join(_values(row, fields))


def _values(row: Row, fields: Sequence[str]) -> Iterator[str]:
    if row.error is not None:
        raise row.error
    for name in fields:
        value = row.content.get(name)
        if not isinstance(value, str):
            has = ", ".join(row.content) or "no fields"
            got = describe(value) if name in row.content else f"only {has}"
            raise ValueError(f"{row.place}: expected text in the field `{name}`, got {got} (set data.fields)")
        if value.strip():
            yield value
