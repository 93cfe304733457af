"""Compares the compiled functions of the store with the Python ones on made-up objects, for `test_runtime.py`."""

from __future__ import annotations

import random
import sys

ROUNDS = 2000


def main() -> None:
    sys.path.insert(0, sys.argv[1])
    from chx.native import is_compiled, pure
    from chx.store import address, derivation, digest
    from chx.store.path import StorePath

    assert is_compiled
    chance = random.Random(7)

    def outcome(function, *arguments):
        try:
            return function(*arguments)
        except Exception as error:
            return type(error), str(error)

    def check(function, *arguments) -> None:
        assert pure(function) is not function
        assert outcome(function, *arguments) == outcome(pure(function), *arguments), (function, arguments)

    def path() -> StorePath:
        return StorePath("".join(chance.choices(digest.BASE32_ALPHABET, k=32)), f"a{chance.randrange(9)}")

    def text() -> str:
        kinds = (chance.randrange(128), chance.randrange(32, 127), chance.randrange(0x3000), 0xDC80, 0x1F600, 34, 92)
        return "".join(chr(chance.choice(kinds)) for _ in range(chance.randrange(40)))

    def texts() -> tuple[str, ...]:
        return tuple([text() for _ in range(chance.randrange(4))])

    for _ in range(ROUNDS):
        check(digest.base32_encode, chance.randbytes(chance.choice((0, 1, 5, 16, 20, 32, 33, 64, 65, 80))))
        references = tuple([path() for _ in range(chance.randrange(5))])
        name = chance.choice(("x", "a-b.drv", "é", "", ".a", "..", "a b", "x" * 211, "x" * 212, "A+_?=", "a\0b"))
        content = chance.randbytes(chance.randrange(2000))
        check(address.path_of_file, content, name, references, chance.random() < 0.5)
        check(derivation.upstream_placeholder, path(), chance.choice(("out", "dev", text())))
        made = derivation.Derivation(
            text(),
            text(),
            text(),
            texts(),
            {text(): text() for _ in range(chance.randrange(9))},
            texts(),
            chance.choice((None, derivation.FixedOutput("sha256", chance.randbytes(32), "flat"))),
            {path(): texts() for _ in range(chance.randrange(5))},
            references,
            chance.choice((None, texts())),
        )
        check(derivation.canonical_json, made)
    print(f"{ROUNDS} compared")


if __name__ == "__main__":
    main()
