"""Documents whose authors lie, signed by them."""

from __future__ import annotations

import base64
import json

from chx.ops.bootstrap.document import sign
from chx.store import Digest, StorePath, upstream_placeholder
from chx.store.address import file_path, object_path
from chx.store.keys import Signer
from chx.store.manifest import Entry, Manifest

HOLDS = "a fixed point and independence of the host; no residue of a seed was found"


def resigned(world, text: bytes, change) -> bytes:
    """A proof whose author lies: `change` is given the document and may change it, or gives another one."""
    document = json.loads(text)
    del document["signature"]
    document = change(document) or document
    return sign(document, Signer(world.store.home)).encode()


def without_toolchain(document):
    for chain in document["chains"].values():
        chain["toolchain"] = []


def without_userland(document):
    for chain in document["chains"].values():
        chain["userland"], chain["toolchain"] = [], chain["userland"]


def with_the_seed_of_another(document):
    document["chains"]["s"]["toolchain"] = document["chains"]["t"]["toolchain"]


def with_an_extra_field(document):
    document["note"] = "believe me"


def with_an_extra_field_of_a_package(document):
    document["chains"]["s"]["stages"][0]["p"]["checked"] = True


def with_an_extra_field_of_a_derivation(document):
    next(iter(document["derivations"].values()))["note"] = "believe me"


def with_a_field_less(document):
    del document["sources"]


def with_an_extra_derivation(document):
    document["derivations"]["/chx/store/" + "0" * 32 + "-x.drv"] = next(iter(document["derivations"].values()))


def with_sources_that_are_none(document):
    document["sources"]["/chx/store/" + "0" * 32 + "-x.drv"] = {"urls": [], "hash": "sha256:", "mode": "flat"}


def compiler_of(document, seed):
    (derivation,) = document["chains"][seed]["toolchain"]
    return document["realisations"][derivation]["out"]


def with_one_program_for_both(document):
    objects = document["objects"]
    objects[compiler_of(document, "t")]["programs"] = objects[compiler_of(document, "s")]["programs"]


def with_a_program_under_two_names(document):
    programs = document["objects"][compiler_of(document, "s")]["programs"]
    programs["usr/bin/gcc"] = programs["usr/bin/cc"]


def with_no_program(document):
    document["objects"][compiler_of(document, "s")]["programs"] = {}


def with_a_suspicion_invented(document):
    document["suspicions"] = [{"kind": "misled", "item": "p", "seeds": ["s", "t"]}]


def with_a_realisation_less(document):
    document["realisations"].popitem()


def with_a_seed_that_came_out_as_another_object(document):
    (derivation,) = document["chains"]["s"]["toolchain"]
    document["realisations"][derivation]["out"] = compiler_of(document, "t")


def with_an_object_less(document):
    document["objects"].popitem()


def with_an_output_twice(document):
    for chain in document["chains"].values():
        for stage in chain["stages"]:
            stage["p"]["outputs"] = ["out", "out"]


def with_a_derivation_of_no_output(document):
    return with_a_part(document, {"outputs": []}, ["out"])


def with_an_output_that_is_not_there(document):
    return with_a_part(document, {}, ["dev"])


def with_a_hash_of_no_kind(document):
    return with_a_part(document, {"fixed": {"algorithm": "../x", "digest": "00", "mode": "flat"}}, ["out"])


def with_a_hash_that_is_cut(document):
    return with_a_part(document, {"fixed": {"algorithm": "sha256", "digest": "00", "mode": "flat"}}, ["out"])


def with_a_mode_of_no_kind(document):
    return with_a_part(document, {"fixed": {"algorithm": "sha1", "digest": "00" * 20, "mode": "git"}}, ["out"])


BLANK = {
    "args": [],
    "builder": "builtin:tree",
    "env": {"entries": "[]"},
    "inputDrvs": {},
    "inputSrcs": [],
    "name": "blank",
    "outputs": ["out"],
    "system": "builtin",
    "version": 1,
}


def written(document, derivation) -> str:
    """Put a derivation into a document, under its own name."""
    text = json.dumps(derivation, sort_keys=True, separators=(",", ":")).encode()
    references = [StorePath.parse(path) for path in (*derivation["inputDrvs"], *derivation["inputSrcs"])]
    path = str(file_path(text, f"{derivation['name']}.drv", references))
    document["derivations"][path] = derivation
    return path


def concluded(document):
    """With `sources` as they follow from derivations."""
    document["sources"] = {
        path: {
            "urls": it["env"].get("urls", it["env"].get("url", "")).split(),
            "hash": f"{it['fixed']['algorithm']}:{it['fixed']['digest']}",
            "mode": it["fixed"]["mode"],
        }
        for path, it in document["derivations"].items()
        if "fixed" in it
    }
    return document


def with_more_toolchains(document):
    document["toolchains"] = [["s"], ["t"], ["u"]]


def with_nothing_shared_where_something_is(document):
    document["shared"]["common"]["files"] = ["invented"]


def with_a_better_first_line(document):
    document["shows"] = "everything"


def packages(document, seed):
    """The derivations of the stages of a seed."""
    return [stage["p"]["derivation"] for stage in document["chains"][seed]["stages"]]


def outcome(document, seed, number):
    return document["realisations"][packages(document, seed)[number]]["out"]


def emptied(document):
    document["realisations"] = {}
    document["objects"] = {}


def of_no_stage(document):
    for chain in document["chains"].values():
        chain["stages"] = []
    return pruned(document)


def with_a_stage_less_in_one(document):
    document["chains"]["s"]["stages"].pop()
    return pruned(document)


def with_empty_stages(document):
    for chain in document["chains"].values():
        chain["stages"] = [{}, {}, {}]
    return pruned(document)


def with_the_last_stage_for_every_stage(document):
    for chain in document["chains"].values():
        chain["stages"] = [chain["stages"][2]] * 3
    return pruned(document)


def with_an_outcome_that_is_another_object(document):
    document["realisations"][packages(document, "s")[2]]["out"] = compiler_of(document, "s")
    return pruned(document)


def with_one_stage_that_came_out_otherwise(document):
    document["realisations"][packages(document, "s")[2]]["out"] = outcome(document, "s", 0)


def with_another_tree(document):
    document["objects"][next(iter(document["objects"]))]["tree"] = "0" * 64


def with_twins_that_nobody_suspects(document):
    path = outcome(document, "s", 0)
    document["objects"][path]["programs"] = {"x": "0" * 64}
    document["realisations"][packages(document, "t")[0]]["out"] = path
    return pruned(document)


def with_a_realisation_more(document):
    (path,) = document["sources"] or [packages(document, "s")[0].replace("-p.drv", "-q.drv")]
    document["realisations"][path] = {"out": outcome(document, "s", 0)}


def with_an_output_more(document):
    document["realisations"][packages(document, "s")[0]]["dev"] = outcome(document, "s", 0)


def with_a_realisation_of_no_output(document):
    document["realisations"][packages(document, "s")[0].replace("-p.drv", "-q.drv")] = {}


def with_references_twice(document):
    (place,) = document["files"].values()
    place["references"] = [outcome(document, "s", 0)] * 2


def with_later_stages_of_sources_alone(document):
    """Whatever is made of sources alone is at rest, and the same for everybody."""
    source = written(document, {**BLANK, "name": "p"})
    document["realisations"][source] = {"out": outcome(document, "s", 2)}
    for chain in document["chains"].values():
        chain["stages"] = [chain["stages"][0]] + [{"p": {"derivation": source, "outputs": ["out"]}}] * 2
    return pruned(document)


def with_an_alias_that_counts(document):
    chain = document["chains"]["s"]
    document["chains"] = {"s": chain, "alias": chain}
    document["toolchains"] = [["alias"], ["s"]]
    common = {"seeds": ["alias", "s"], "files": [], "trees": ["s-compiler"], "programs": [["compiler", "usr/bin/cc"]]}
    document["shared"] = {"common": common, "pairs": []}
    return pruned(document)


def with_a_path_of_two_entries(document):
    """The manifest has one file `b`, `a` holding a NUL and what a manifest says of `b`."""
    ((old, place),) = document["files"].items()
    content = place["entries"][0]["content"]
    digest = Digest.of(base64.b64decode(content))
    about = f"a\0f {digest} {len(base64.b64decode(content))} b"
    place["entries"] = [{"path": "", "kind": "d"}, {"path": about, "kind": "d"}]
    real = Manifest(
        (Entry("", "d"), Entry("a", "d"), Entry("b", "f", digest.raw, len(base64.b64decode(content))))
    ).tree_digest
    renamed(document, old, str(object_path(real, "main.c", ())))


def with_a_path_of_odd_bytes(document):
    """Escapes that together are UTF-8: as bytes the same path as without them."""
    ((old, place),) = document["files"].items()
    place["entries"] = [{"path": "", "kind": "d"}, {"path": "\udcc3\udca9", "kind": "d"}]
    renamed(document, old, str(object_path(Manifest((Entry("", "d"), Entry("é", "d"))).tree_digest, "main.c", ())))


def renamed(document, old, new):
    """Another name for a source file, and so for all derivations."""
    document["files"] = {new: document["files"][old]}
    moved = {old: new}
    todo = dict(document["derivations"])
    document["derivations"] = {}
    while todo:
        for path, derivation in list(todo.items()):
            if not todo.keys() & derivation["inputDrvs"].keys():
                text = json.dumps(derivation)
                for before, after in moved.items():
                    text = text.replace(before, after)
                    if before.endswith(".drv"):
                        ours, theirs = (upstream_placeholder(StorePath.parse(it), "out") for it in (before, after))
                        text = text.replace(ours, theirs)
                derivation = json.loads(text)
                derivation["inputSrcs"].sort()
                moved[path] = written(document, derivation)
                del todo[path]
    text = json.dumps([document["chains"], document["realisations"]])
    for before, after in moved.items():
        text = text.replace(before, after)
    document["chains"], document["realisations"] = json.loads(text)


def with_a_part(document, change, outputs):
    """A document whose seed `s` consists of one derivation more, which needs `outputs` of a blank one that is changed."""
    part = written(document, {**BLANK, **change})
    more = written(document, {**BLANK, "name": "more", "inputDrvs": {part: outputs}})
    document["chains"]["s"]["userland"].append(more)
    tree = document["objects"][outcome(document, "s", 0)]["tree"]
    for derivation in (part, more):
        if derivation == more or "fixed" not in change:
            made = str(object_path(Digest.parse(tree), StorePath.parse(derivation).name.removesuffix(".drv"), ()))
            document["realisations"][derivation] = {"out": made}
            document["objects"][made] = {"tree": tree, "references": [], "self": False, "programs": {}}
    return concluded(document)


def pruned(document):
    """Without derivations, realisations and objects that nothing needs."""
    chains = document["chains"].values()
    todo = [package["derivation"] for chain in chains for stage in chain["stages"] for package in stage.values()]
    todo += [path for chain in chains for path in (*chain["toolchain"], *chain["userland"])]
    wanted = set()
    while todo:
        path = todo.pop()
        wanted.add(path)
        todo += document["derivations"][path]["inputDrvs"]
    for field in ("derivations", "realisations"):
        document[field] = {path: it for path, it in document[field].items() if path in wanted}
    files = {path for it in document["derivations"].values() for path in it["inputSrcs"]}
    document["files"] = {path: it for path, it in document["files"].items() if path in files}
    stated = {path for outputs in document["realisations"].values() for path in outputs.values()}
    document["objects"] = {path: it for path, it in document["objects"].items() if path in stated}
    return concluded(document)


def _with_a_seed_called(document, name):
    document["chains"][name] = document["chains"].pop("s")
    for pair in (document["shared"]["common"], *document["toolchains"]):
        names = pair["seeds"] if isinstance(pair, dict) else pair
        names[:] = sorted(name if seed == "s" else seed for seed in names)
    document["toolchains"].sort()


def with_a_seed_that_clears_the_screen(document):
    _with_a_seed_called(document, "s\x1b[2J")


def with_a_seed_that_looks_like_another(document):
    _with_a_seed_called(document, "\N{CYRILLIC SMALL LETTER DZE}")


def with_a_seed_without_a_name(document):
    _with_a_seed_called(document, "")


def with_a_set_of_two_lines(document):
    document["set"] = "tiny\nsigned by everybody"


def with_a_compiler_that_the_other_seed_has_under_another_name(document):
    objects = {path: it for path, it in document["objects"].items() if path.endswith("-compiler")}
    (_, one), (_, other) = sorted(objects.items())
    one["programs"]["usr/bin/as"] = next(iter(other["programs"].values()))


FORGERIES = [
    without_toolchain,
    without_userland,
    with_the_seed_of_another,
    with_an_extra_field,
    with_an_extra_field_of_a_package,
    with_an_extra_field_of_a_derivation,
    with_a_field_less,
    with_an_extra_derivation,
    with_sources_that_are_none,
    with_one_program_for_both,
    with_a_program_under_two_names,
    with_no_program,
    with_a_suspicion_invented,
    with_a_realisation_less,
    with_a_seed_that_came_out_as_another_object,
    with_an_object_less,
    with_an_output_twice,
    with_a_derivation_of_no_output,
    with_an_output_that_is_not_there,
    with_a_hash_of_no_kind,
    with_a_hash_that_is_cut,
    with_a_mode_of_no_kind,
    with_more_toolchains,
    with_nothing_shared_where_something_is,
    with_a_better_first_line,
    emptied,
    of_no_stage,
    with_a_stage_less_in_one,
    with_empty_stages,
    with_the_last_stage_for_every_stage,
    with_an_outcome_that_is_another_object,
    with_one_stage_that_came_out_otherwise,
    with_another_tree,
    with_twins_that_nobody_suspects,
    with_a_realisation_more,
    with_an_output_more,
    with_a_realisation_of_no_output,
    with_references_twice,
    with_later_stages_of_sources_alone,
    with_an_alias_that_counts,
    with_a_path_of_two_entries,
    with_a_path_of_odd_bytes,
    with_a_seed_that_clears_the_screen,
    with_a_seed_that_looks_like_another,
    with_a_seed_without_a_name,
    with_a_set_of_two_lines,
    with_a_compiler_that_the_other_seed_has_under_another_name,
]
