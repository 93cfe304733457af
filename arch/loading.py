"""Profiles from their files, by an evaluator that the caller has."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from ..evaluator import to_python
from .errors import UnknownProfile
from .profile import Profile
from .suggestion import PROFILES

if TYPE_CHECKING:
    from ..evaluator import Evaluator, Value


def profile_names(evaluator: Evaluator, folder: str = PROFILES) -> list[str]:
    """The names of all profiles, sorted; none is read for it."""
    return sorted(evaluator.attr_names(_all(evaluator, folder)))


def profile_data(name: str, evaluator: Evaluator, folder: str = PROFILES) -> dict[str, Any]:
    """A profile as plain data, its attributes named as in its file.

    Raises `UnknownProfile` if there is no such file, `EvalError` if it is not as the schema says.
    """
    names = profile_names(evaluator, folder)
    if name not in names:
        raise UnknownProfile(name, names, folder)
    data: dict[str, Any] = to_python(evaluator, evaluator.select(_all(evaluator, folder), name))
    return data


def load_profile(name: str, evaluator: Evaluator, folder: str = PROFILES) -> Profile:
    """A profile as a value; raises what `profile_data` raises."""
    return Profile.of(profile_data(name, evaluator, folder))


def _all(evaluator: Evaluator, folder: str) -> Value:
    path = os.path.join(os.path.abspath(folder), "default.nix")
    return evaluator.eval_file(os.fsencode(path).decode("latin-1"))
