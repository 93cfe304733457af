"""chx.toml: what is not known in it is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from chx.builder.configuration import KEYS, check_names, setting
from chx.builder.errors import BadConfiguration

WHOLE = """
[fetch]
debian-mirror = "file:///x"
hashed-mirrors = []
[caches]
urls = []
trusted-keys = []
signatures = 1
[limits]
timeout = 3
[gc]
keep-outputs = true
[inputs]
x = "path:."
"""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[input]", "there is no section [input]; did you mean [inputs]?"),
        ("[cache]", "there is no section [cache]; did you mean [caches]?"),
        ("[frobnicate]", "there is no section [frobnicate]; there are [fetch], [caches]"),
        ('trusted-keys = ["k"]', "`trusted-keys` belongs in [caches]"),
        ('[caches]\ntrusted_keys = ["k"]', "`trusted_keys` in [caches] is no setting; did you mean `trusted-keys`?"),
        ("[gc]\nkeep = true", "`keep` in [gc] is no setting"),
        ('[fetch]\nproxy = "x"', "`proxy` in [fetch] is no setting; there are `debian-mirror`"),
    ],
)
def test_what_is_not_known_is_an_error_with_a_guess(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "chx.toml").write_text(text)
    with pytest.raises(BadConfiguration) as caught:
        setting("caches", "urls", list, str(tmp_path))
    assert said in caught.value.message and str(tmp_path) in caught.value.message


def test_all_that_is_documented_is_known(tmp_path: Path) -> None:
    (tmp_path / "chx.toml").write_text(WHOLE)
    assert setting("caches", "signatures", int, str(tmp_path)) == 1
    documented = (Path(__file__).resolve().parents[2] / "docs" / "configuration.md").read_text()
    for section, keys in KEYS.items():
        assert f"[{section}]" in documented
        assert all(key in documented for key in keys or ())


def test_a_section_that_is_no_table_is_for_its_reader() -> None:
    check_names("x", {"caches": 3, "limits": {"what": 1}})
