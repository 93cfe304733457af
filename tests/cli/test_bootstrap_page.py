"""The page of `chx bootstrap --report`, of accounts made by hand."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from chx.cli.render.bootstrap.graph import MOST_MARKS
from chx.cli.render.bootstrap.html import page_of
from chx.ops.bootstrap import Makeup, Outcome, Program, Residue, Verdicts, agreement, fixed_point, kinship_of, rows
from chx.ops.bootstrap.equality import classify
from chx.ops.bootstrap.report import BootstrapReport, ItemFacts, Mismatch, Origin, SeedFacts, StageResult
from chx.ops.bootstrap.residue import SharedString
from chx.ops.diff.comparison import ObjectReport
from chx.store import StorePath
from chx.store.difference import ContentChange, ElfChange, FileChange, ObjectDifference, PartChange, TextChange
from chx.store.manifest import Entry

HOSTILE = "</pre></style><script>alert('x')</script>\"' onload=\"x&amp;\x1b[31m\u202e\udcff"

ORIGIN = Origin(
    "2026-01-02T03:04:05Z", "Linux 6.1 on x86_64", "blake3:00", "proofs/proof of <tiny>.json", "ed25519:key", "sig<"
)

Table = dict[str, list[dict[str, str | None]]]
"""Contents by seed, stage and item."""


def hash_of(*words: object) -> str:
    text = " ".join(map(str, words))
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def path_of(item: str, content: str, end: str = "") -> StorePath:
    name = re.sub(r"[^a-z0-9]", "", item) or "item"
    return StorePath.parse(f"/chx/store/{hash_of(item, content)[:32].replace('e', 'x')}-{name}-1.0{end}")


def cell_of(path: StorePath, seed: str, number: int) -> StageResult:
    derivation = path_of(path.name, f"{path} {seed} {number}", ".drv")
    return StageResult(
        path, derivation, hash_of(path), len(path.name) * 10_000, 3, None if number == 1 else 1.5 + number
    )


def report_of(
    table: Table, echoes: dict[str, list[str]] | None = None, impure: tuple[str, ...] = ()
) -> BootstrapReport:
    """The account that such stages would give; an item that is None is not there."""
    outcomes = [
        Outcome(
            seed,
            tuple({item: path_of(item, text) for item, text in stage.items() if text is not None} for stage in stages),
        )
        for seed, stages in table.items()
    ]
    residues = tuple(
        Residue(
            outcome.seed,
            (),
            (),
            (),
            (),
            tuple(
                SharedString(text, next(iter(outcome.last.values())), f"bin/{HOSTILE}")
                for text in (echoes or {}).get(outcome.seed, ())
            ),
        )
        for outcome in outcomes
    )
    kin = kinship_of(
        [
            Makeup(seed, {f"sha256:{seed}": seed}, {}, (Program(hash_of(seed).encode(), "compiler", "cc"),))
            for seed in table
        ]
    )
    verdicts = Verdicts(tuple(map(fixed_point, outcomes)), agreement(outcomes, kin.toolchains), residues, kin)
    items = tuple(
        ItemFacts(
            row.item,
            row.agreed_from,
            {
                seed: tuple(path and cell_of(path, seed, number) for number, path in enumerate(paths))
                for seed, paths in row.cells.items()
            },
        )
        for row in rows(outcomes)
    )
    dissents = []
    for dissent in verdicts.agreement.dissents:
        first, *others = [path for path, _ in dissent.camps if path is not None]
        dissents.append(
            Mismatch(dissent.item, dissent.camps, tuple(object_report_of(first, other) for other in others))
        )
    stages = len(next(iter(table.values())))
    seeds = tuple(SeedFacts(seed, f"the seed {seed}", seed in impure, 5, 10**9) for seed in table)
    return BootstrapReport("tiny", stages, seeds, items, verdicts, tuple(dissents), 3, 2, 4.5, ORIGIN)


def object_report_of(before: StorePath, after: StorePath) -> ObjectReport:
    files = (FileChange("bin/cc", Entry("bin/cc", "x", b"1" * 32, 10), Entry("bin/cc", "x", b"2" * 32, 20)),)
    section = PartChange(".text", 10, 20, 5, 1, True)
    strings = tuple(f"string <{number}>" for number in range(9))
    contents = (
        ContentChange("bin/cc", ElfChange((section,), (), strings, 5, 1)),
        ContentChange("etc/text", TextChange(("@@ -1 +1 @@", "-one", "+<b>two</b>"), 1, 1)),
    )
    return ObjectReport("cc", ObjectDifference(before, after, 10, 20, files), contents)


def converging(seeds: int = 3, stages: int = 3, items: int = 7) -> Table:
    """Compilers that differ in stage 0 and no longer."""
    return {
        f"seed-{seed}": [
            {f"item{n}": f"{seed}" if n == 2 and stage == 0 else "end" for n in range(items)} for stage in range(stages)
        ]
        for seed in range(seeds)
    }


def with_trojan(seeds: int = 3) -> Table:
    table = converging(seeds)
    return {**table, "trojan": [{**stage, "item2": "horse"} for stage in table["seed-0"]]}


class Reader(HTMLParser):
    """Checks that what is opened is closed, and collects what there is."""

    VOID = ("meta", "br")

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs), "an attribute twice"
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def of(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.tags if tag == name]


def classes(reader: Reader, name: str) -> list[str]:
    return [attributes.get("class") or "" for attributes in reader.of(name)]


ACCOUNTS = {
    "proved": report_of(converging()),
    "trojan": report_of(with_trojan(), {"trojan": ["a string of <the> compiler"]}),
    "one seed": report_of(converging(1)),
    "one stage": report_of(converging(2, 1)),
    "a tie": report_of({**converging(1), "other": [{"item2": "x"}] * 3}),
    "period 2": report_of({name: [{"a": "1"}, {"a": "2"}, {"a": "1"}] for name in ("one", "two")}),
    "an item that is missing": report_of({"one": [{"a": "1"}] * 2, "two": [{"a": "1", "b": "2"}] * 2}),
    "no items": report_of({"one": [{}] * 3, "two": [{}] * 3}),
    "many": report_of(converging(7, 5, 40), impure=("seed-3",)),
    "too many to mark": report_of(converging(2, 2, MOST_MARKS + 1)),
}


@pytest.mark.parametrize("account", ACCOUNTS.values(), ids=ACCOUNTS)
def test_is_well_formed_and_needs_nothing_else(account: BootstrapReport) -> None:
    page = page_of(account)
    reader = Reader(page)
    used = {tag for tag, _ in reader.tags}
    assert not used & {"script", "link", "img", "iframe", "object", "embed", "base", "form"}
    assert not re.search(r"https?:|//[a-z]|@import|url\((?!#)", page)
    for _, attributes in reader.tags:
        assert not {"src", "srcset", "onload", "onclick"} & attributes.keys()
    identities = [attributes["id"] for _, attributes in reader.tags if "id" in attributes]
    assert len(set(identities)) == len(identities)
    links = {attributes["href"] for attributes in reader.of("a")} | set(re.findall(r"url\((#[^)]*)\)", page))
    # The proof lies beside the page.
    assert {link for link in links if not (link or "").startswith("#")} == {"proof%20of%20%3Ctiny%3E.json"}
    assert {link for link in links if (link or "").startswith("#")} <= {f"#{identity}" for identity in identities}


@pytest.mark.parametrize("account", ACCOUNTS.values(), ids=ACCOUNTS)
def test_holds_every_digest_and_equal_accounts_give_equal_bytes(account: BootstrapReport) -> None:
    page = page_of(account)
    assert page == page_of(replace(account))
    for item in account.items:
        for cell in (cell for cells in item.cells.values() for cell in cells if cell is not None):
            assert str(cell.path) in page
            assert cell.tree_digest in page
    for seed in account.seeds:
        assert seed.description in page


def test_says_what_is_proved() -> None:
    proved = Reader(page_of(ACCOUNTS["proved"]))
    assert "Proved" in proved.text and "Not proved" not in proved.text
    assert [name for name in classes(proved, "section") if name.startswith("verdict")] == ["verdict yes"] * 3
    trojan = Reader(page_of(ACCOUNTS["trojan"]))
    assert "Not proved" in trojan.text
    assert (
        "The seeds end in 2 different results: seed-0, seed-1 and seed-2; trojan. A majority proves nothing."
        in trojan.text
    )
    answers = [name for name in classes(trojan, "section") if name.startswith("verdict")]
    assert answers == ["verdict yes", "verdict no", "verdict no"]
    alone = Reader(page_of(ACCOUNTS["one seed"]))
    assert "verdict unknown" in classes(alone, "section")


def boxes(account: BootstrapReport) -> list[str]:
    """Classes of the boxes of the wide picture, column by column."""
    wide = page_of(account).partition('class="graph down"')[0]
    return re.findall(r'<g class="box ([^"]*)"', wide)


def test_seeds_with_equal_stages_share_a_box() -> None:
    assert boxes(ACCOUNTS["proved"]) == ["seed"] * 3 + ["passing-0", "passing-1", "passing-2", "final", "final last"]
    trojan = boxes(ACCOUNTS["trojan"])
    assert trojan[4:] == [
        "passing-0",
        "passing-1",
        "passing-2",
        "dissent",
        "dissent",
        "dissent",
        "dissent last",
        "dissent last",
    ]
    assert "seed impure" in boxes(ACCOUNTS["many"])


def test_where_seeds_differ_none_of_them_is_shown_as_the_right_one() -> None:
    for name in ("a tie", "trojan"):
        assert boxes(ACCOUNTS[name])[-2:] == ["dissent last", "dissent last"]
        assert "A majority proves nothing." in page_of(ACCOUNTS[name])


def test_date_machine_packages_and_signature_are_told() -> None:
    text = Reader(page_of(ACCOUNTS["proved"])).text
    for fact in (ORIGIN.date, ORIGIN.machine, ORIGIN.packages, "proof of <tiny>.json", "ed25519:key", "sig<"):
        assert fact in text
    unsigned = replace(ACCOUNTS["proved"], origin=replace(ORIGIN, proof=None, key=None, signature=None))
    assert "chx bootstrap --proof FILE signs what was found" in Reader(page_of(unsigned)).text


def test_where_strings_were_compared_the_word_is_none_found() -> None:
    text = Reader(page_of(ACCOUNTS["proved"])).text
    assert "none found" in text and "A search for strings misses code without text" in text


def test_a_dissenting_cell_leads_to_its_difference() -> None:
    page = page_of(ACCOUNTS["trojan"])
    assert page.count('href="#difference-1"') >= 2 and 'id="difference-1"' in page
    assert "string &lt;8&gt;" in page.partition("<summary>All ")[2], "the rest is there to be opened"
    assert "a string of &lt;the&gt; compiler" in page
    assert "chx diff bootstrap.tiny.seed-0.stage2.packages.item2 bootstrap.tiny.trojan.stage2.packages.item2" in page
    assert "chx bootstrap tiny --seeds seed-0,seed-1,seed-2,trojan --report" in page


def test_nothing_hostile_becomes_markup() -> None:
    table: Table = {HOSTILE: [{HOSTILE: "1"}] * 3, "other": [{HOSTILE: "2"}] * 3, "third": [{HOSTILE: "2"}] * 3}
    account = report_of(table, {HOSTILE: [HOSTILE]}, impure=(HOSTILE,))
    account = replace(account, set=HOSTILE)
    page = page_of(account)
    reader = Reader(page)
    page.encode("utf-8")
    assert not reader.of("script")
    assert reader.text.count("<script>alert('x')</script>") > 10
    assert not re.search("[\x00-\x08\x0b-\x1f\u202e]", page)
    assert "\\xff" in page
    assert not any("onload" in attributes for _, attributes in reader.tags)


def test_times_and_counts_are_those_of_the_account() -> None:
    one, other = (page_of(replace(ACCOUNTS["proved"], seconds=seconds)) for seconds in (130.0, 200.0))
    assert one != other
    assert one.replace("2 min 10 s", "3 min 20 s") == other


def test_classes_say_what_is_the_same_across_stages() -> None:
    equality = classify({"a": ["1", "9"], "b": ["2", "9"], "c": ["9", "9"], "d": ["4", None]})
    letters = {seed: [cls and cls.letter for cls in cells] for seed, cells in equality.cells.items()}
    assert letters == {"a": ["B", "A"], "b": ["C", "A"], "c": ["A", "A"], "d": ["D", None]}
    assert [cls and cls.kind for cls in equality.cells["a"]] == ["passing", "dissent"]
    assert classify({"a": ["1", "9"]}).cells["a"][1].kind == "final"  # type: ignore[union-attr]
    many = classify({str(seed): [str(seed), "end"] for seed in range(30)})
    assert many.cells["29"][0].letter == "AE"  # type: ignore[union-attr]
    assert len({cell.style for cells in equality.cells.values() for cell in cells if cell}) == 4
    assert equality.ordered() == ["c", "a", "b", "d"]


def test_no_seed_keeps_its_colour_where_its_stage_changes() -> None:
    """Not even where colours run out."""
    table: dict[str, list[str | None]] = {str(seed): [f"0 {seed}", f"1 {seed // 2}", "end"] for seed in range(12)}
    for cells in classify(table).cells.values():
        assert len({cls.style for cls in cells if cls is not None}) == 3
