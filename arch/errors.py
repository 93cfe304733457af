"""What can go wrong with the name of a profile; what is wrong inside one is an error of evaluation."""

from __future__ import annotations


class UnknownProfile(Exception):
    """There is no profile of this name; `candidates` are the names that there are."""

    code = "A001"
    labels = ()
    frames = ()
    details = ()

    def __init__(self, name: str, candidates: list[str]) -> None:
        import difflib

        self.name = name
        self.candidates = candidates
        self.message = f"there is no architecture '{name}'"
        near = difflib.get_close_matches(name, candidates, 1)
        self.hint = f"did you mean '{near[0]}'?" if near else f"there are {', '.join(candidates) or 'none at all'}"
        super().__init__(self.message)
