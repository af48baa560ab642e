"""Text from data as a reader may see it: nothing invisible, nothing that turns the page around, not endless."""

import unicodedata


def visible(text: str) -> str:
    r"""Control, format and unpaired surrogate characters made visible; line breaks and tabs stay.

    Right-to-left marks and their like would reorder the text around them, zero-width ones hide in it, and an
    unpaired surrogate cannot be written as UTF-8.

    >>> visible("a\x00b\x1b[31m")
    'a⟨U+0000⟩b⟨U+001B⟩[31m'
    """
    return "".join(character if _plain(character) else f"⟨U+{ord(character):04X}⟩" for character in text)


def shortened(text: str, characters: int) -> tuple[str, int]:
    """The start of a text and how many characters were cut off.

    >>> shortened("abcdef", 4)
    ('abcd', 2)
    """
    return text[:characters], max(0, len(text) - characters)


def one_line(text: str, characters: int) -> str:
    r"""A name fit for a figure: visible, on one line, an ellipsis where it was cut.

    >>> one_line("a long\nname", 7)
    'a long…'
    """
    line = " ".join(visible(text).split())
    return line if len(line) <= characters else f"{line[: characters - 1].rstrip()}…"


def _plain(character: str) -> bool:
    if character in "\n\t":
        return True
    return unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Zl", "Zp")
