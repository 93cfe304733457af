"""Guess the licence of a source tree, as an SPDX expression."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .tree import SourceTree

_FILES: Final = ("COPYING*", "LICENSE*", "LICENCE*", "COPYRIGHT*", "copying*", "license*", "licence*", "UNLICENSE*")
_SOURCES: Final = ("*.c", "*.h", "*.cc", "*.cpp", "*.py", "*.y", "*.l")
_MOST_SOURCES: Final = 60
_HEAD: Final = 4096

# Phrases in which a licence is known again: all of the second, none of the third. Text is compared in small letters,
# with blanks and marks of comments made one blank. The first that fits in a group is taken.
_Phrases = tuple[str, tuple[str, ...], tuple[str, ...]]
_GROUPS: Final[tuple[tuple[_Phrases, ...], ...]] = (
    (
        ("AGPL-3.0", ("gnu affero general public license version 3",), ()),
        ("LGPL-3.0", ("gnu lesser general public license version 3",), ()),
        ("LGPL-2.1", ("gnu lesser general public license version 2.1",), ()),
        ("LGPL-2.0", ("gnu library general public license version 2",), ()),
        ("GPL-3.0", ("gnu general public license version 3",), ()),
        ("GPL-2.0", ("gnu general public license version 2",), ()),
        ("GPL-1.0", ("gnu general public license version 1",), ()),
    ),
    (
        (
            "BSD-4-Clause",
            ("redistribution and use in source and binary forms", "all advertising materials mentioning features"),
            (),
        ),
        ("BSD-3-Clause", ("redistribution and use in source and binary forms", "endorse or promote products"), ()),
        ("BSD-2-Clause", ("redistribution and use in source and binary forms",), ("apache license",)),
    ),
    (
        (
            "MIT-0",
            ("permission is hereby granted, free of charge", "without restriction"),
            ("shall be included", "x consortium"),
        ),
        ("MIT", ("permission is hereby granted, free of charge", "without restriction", "shall be included"), ()),
    ),
    (
        (
            "ISC",
            ("permission to use, copy, modify, and", "distribute this software for any purpose", "copyright notice"),
            ("documentation for any purpose",),
        ),
        ("0BSD", ("permission to use, copy, modify, and", "distribute this software for any purpose"), ()),
    ),
    (("Apache-2.0", ("apache license", "version 2.0"), ()),),
    (("MPL-2.0", ("mozilla public license version 2.0",), ()), ("MPL-2.0", ("mozilla public license, v. 2.0",), ())),
    (("BSL-1.0", ("boost software license - version 1.0",), ()),),
    (("Zlib", ("provided 'as-is', without any express or implied", "must not be misrepresented"), ()),),
    (("Unlicense", ("this is free and unencumbered software released into the public domain",), ()),),
    (("CC0-1.0", ("cc0 1.0 universal",), ()),),
    (("EPL-2.0", ("eclipse public license - v 2.0",), ()),),
    (("PSF-2.0", ("python software foundation license version 2",), ()),),
    (("LicenseRef-public-domain", ("public domain",), ("unencumbered", "cc0", "general public license")),),
)
_VERSIONED: Final = ("AGPL-", "LGPL-", "GPL-")
_SHORT: Final = {
    "agpl-3": "AGPL-3.0-only",
    "apache-2.0": "Apache-2.0",
    "artistic": "Artistic-1.0-Perl",
    "bsd-2-clause": "BSD-2-Clause",
    "bsd-3-clause": "BSD-3-Clause",
    "bsd-4-clause": "BSD-4-Clause",
    "bsl-1.0": "BSL-1.0",
    "cc0-1.0": "CC0-1.0",
    "expat": "MIT",
    "gpl-1": "GPL-1.0-only",
    "gpl-2": "GPL-2.0-only",
    "gpl-3": "GPL-3.0-only",
    "isc": "ISC",
    "lgpl-2": "LGPL-2.0-only",
    "lgpl-2.1": "LGPL-2.1-only",
    "lgpl-3": "LGPL-3.0-only",
    "mit": "MIT",
    "mpl-2.0": "MPL-2.0",
    "public-domain": "LicenseRef-public-domain",
    "unlicense": "Unlicense",
    "zlib": "Zlib",
}
"""SPDX identifiers by the short names of Debian's machine-readable copyright files."""


class LicenceGuess(NamedTuple):
    """An SPDX expression, and the file that it was read in."""

    expression: str
    source: str


def guess_licence(tree: SourceTree, debian: SourceTree | None = None) -> LicenceGuess | None:
    """Return the licence that `debian/copyright`, identifiers of SPDX or the text of a licence tell; None if none does.

    `debian` is the tree of Debian's packaging, if there is one.
    """
    for packaging in (debian, tree):
        if packaging is not None:
            stated = _of_debian(packaging.text("debian/copyright"))
            if stated is not None:
                return LicenceGuess(stated, "debian/copyright")
    texts = [(path, tree.text(path)) for path in tree.top(*_FILES)]
    texts += [(path, tree.text(path)) for path in tree.paths if path.startswith("LICENSES/")]
    sources = [tree.text(path, _HEAD) for path in tree.matching(*_SOURCES)[:_MOST_SOURCES]]
    later = any("any later version" in _plain(text) for text in sources)
    for path, text in texts:
        told = list(dict.fromkeys(_recognised(text, later)))
        if told:
            return LicenceGuess(" AND ".join(told), path)
    identifiers = {
        found[1].strip() for text in sources if (found := re.search(r"SPDX-License-Identifier:\s*([^*\n]+)", text))
    }
    if len(identifiers) == 1:
        return LicenceGuess(identifiers.pop(), "its sources")
    for text in sources:
        told = list(dict.fromkeys(_recognised(text, later)))
        if told:
            return LicenceGuess(" AND ".join(told), "its sources")
    return None


def _recognised(text: str, later: bool) -> Iterator[str]:
    plain = _plain(text)
    for group in _GROUPS:
        for identifier, wanted, refused in group:
            if all(phrase in plain for phrase in wanted) and not any(phrase in plain for phrase in refused):
                suffix = ("-or-later" if later else "-only") if identifier.startswith(_VERSIONED) else ""
                yield identifier + suffix
                break


def _plain(text: str) -> str:
    text = text.replace("\u2018", "'").replace("\u2019", "'").replace("``", "'").replace("''", "'").replace("`", "'")
    return re.sub(r"[\s*#;/]+", " ", text.lower().replace("and/or", "and or")).strip()


def _of_debian(text: str) -> str | None:
    """Return the licence of `Files: *` in a machine-readable copyright file."""
    for stanza in re.split(r"\n[ \t]*\n", text):
        fields = dict(re.findall(r"^([A-Za-z-]+):[ \t]*(.*)$", stanza, re.MULTILINE))
        if fields.get("Files", "").split() == ["*"]:
            return _translated(fields.get("License", ""))
    return None


def _translated(text: str) -> str | None:
    words = []
    for word in text.replace(",", " ").split():
        if word.lower() in ("and", "or"):
            words.append(word.upper())
            continue
        known = _SHORT.get(word.lower().removesuffix("+").removesuffix(".0")) or _SHORT.get(word.lower())
        if known is None:
            return None
        if word.endswith("+"):
            known = known.replace("-only", "-or-later")
        words.append(known)
    # Names and operators take turns.
    for number, word in enumerate(words):
        if (word in ("AND", "OR")) is not bool(number % 2):
            return None
    return " ".join(words) if len(words) % 2 else None
