"""Write a proposed package as an expression."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .proposal import Proposal


def package_text(proposal: Proposal) -> str:
    """Return the text of `package.nix`; what is not known is a comment in it."""
    return "".join(f"{line}\n" for line in _lines(proposal))


def _lines(proposal: Proposal) -> Iterator[str]:
    for sentence in proposal.lacking:
        yield f"# To do: {_comment(sentence)}."
    yield "{"
    asked = ["mkDerivation", "fetchurl", "unpack", *dict.fromkeys([*proposal.tools, *proposal.libraries])]
    yield from (f"  {name}," for name in asked)
    yield "}:"
    yield ""
    yield "mkDerivation {"
    yield f"  pname = {_string(proposal.pname)};"
    yield f"  version = {_string(proposal.version)};"
    yield ""
    yield "  src = unpack {"
    yield f"    name = {_string(proposal.pname + '-source')};"
    yield "    src = fetchurl {"
    yield f"      name = {_string(proposal.file)};"
    yield "      urls = ["
    if proposal.url.startswith("file:"):
        yield "        # Upstream's address of the same file goes here."
    yield f"        {_string(proposal.url)}"
    yield "      ];"
    yield f"      hash = {_string(proposal.hash)};"
    yield "    };"
    yield "  };"
    yield ""
    yield f"  style = {_string(proposal.style)};"
    yield from (f"  {line}" for line in proposal.settings)
    if proposal.is_cxx:
        yield "  languages = ["
        yield '    "c"'
        yield '    "c++"'
        yield "  ];"
    yield from _list("tools", proposal.tools)
    yield from _list("libraries", proposal.libraries)
    for one in proposal.missing:
        yield f"  # not in the set: {_comment(one.name.replace('|', ' or '))} ({_comment(one.source)})"
    yield ""
    yield "  meta = {"
    yield from _said("description", proposal.description)
    yield from _said("homepage", proposal.homepage)
    if proposal.licence is not None:
        yield f"    # Guessed from {_comment(proposal.licence_source or '')}."
    yield from _said("license", proposal.licence)
    yield "  };"
    yield "}"


def _list(attribute: str, names: Iterable[str]) -> Iterator[str]:
    names = list(names)
    if names:
        yield f"  {attribute} = ["
        yield from (f"    {name}" for name in names)
        yield "  ];"


def _said(attribute: str, value: str | None) -> Iterator[str]:
    yield f'    # {attribute} = "";' if value is None else f"    {attribute} = {_string(value)};"


def _string(text: str) -> str:
    for plain, escaped in (("\\", "\\\\"), ('"', '\\"'), ("${", "\\${"), ("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t")):
        text = text.replace(plain, escaped)
    return f'"{text}"'


def _comment(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
