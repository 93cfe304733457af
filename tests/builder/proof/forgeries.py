"""Documents whose authors lie, signed by them."""

from __future__ import annotations

import json

from chx.builder.proof.document import sign
from chx.store import Digest, StorePath
from chx.store.address import file_path, object_path
from chx.store.keys import Signer

HOLDS = "a fixed point, independence of the host, and no residue of a seed"


def resigned(world, text: bytes, change) -> bytes:
    """A proof whose author lies: `change` is given the document and may change it, or gives another one."""
    document = json.loads(text)
    del document["signature"]
    document = change(document) or document
    return sign(document, Signer(world.store.home)).encode()


def emptied(document):
    document["outcomes"] = {seed: [] for seed in document["outcomes"]}


def without_toolchain(document):
    for chain in document["chains"].values():
        chain["toolchain"] = []


def without_userland(document):
    for chain in document["chains"].values():
        chain["userland"], chain["toolchain"] = [], chain["userland"]


def with_the_seed_of_another(document):
    document["chains"]["s"]["toolchain"] = document["chains"]["t"]["toolchain"]


def of_no_stage(document):
    for chain in document["chains"].values():
        chain["stages"] = []
    emptied(document)
    return pruned(document)


def with_a_stage_less_in_one(document):
    document["chains"]["s"]["stages"].pop()
    document["outcomes"]["s"].pop()
    return pruned(document)


def with_empty_stages(document):
    for seed in document["chains"]:
        document["chains"][seed]["stages"] = [{}, {}, {}]
        document["outcomes"][seed] = [{}, {}, {}]
    return pruned(document)


def with_the_last_stage_for_every_stage(document):
    for seed in document["chains"]:
        document["chains"][seed]["stages"] = [document["chains"][seed]["stages"][2]] * 3
        document["outcomes"][seed] = [document["outcomes"][seed][2]] * 3
    return pruned(document)


def with_an_outcome_that_is_another_object(document):
    document["outcomes"]["s"][2]["p"] = document["chains"]["s"]["toolchain"][0].removesuffix(".drv")


def with_one_stage_that_came_out_otherwise(document):
    document["outcomes"]["s"][2]["p"] = document["outcomes"]["s"][0]["p"]


def with_another_tree(document):
    document["objects"][next(iter(document["objects"]))]["tree"] = "0" * 64


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


def with_twins_that_nobody_suspects(document):
    path = document["outcomes"]["s"][0]["p"]
    document["objects"][path]["programs"] = {"x": "0" * 64}
    document["outcomes"]["t"][0]["p"] = path
    stated = {path for stages in document["outcomes"].values() for stage in stages for path in stage.values()}
    stated |= {path for outputs in document["realisations"].values() for path in outputs.values()}
    document["objects"] = {path: it for path, it in document["objects"].items() if path in stated}


def with_a_realisation_less(document):
    document["realisations"].popitem()


def with_a_realisation_more(document):
    path = document["chains"]["s"]["stages"][0]["p"]["derivation"]
    document["realisations"][path] = {"out": document["outcomes"]["s"][0]["p"]}


def with_a_seed_that_came_out_as_another_object(document):
    (derivation,) = document["chains"]["s"]["toolchain"]
    document["realisations"][derivation]["out"] = compiler_of(document, "t")


def with_an_object_less(document):
    document["objects"].popitem()


def with_references_twice(document):
    (place,) = document["files"].values()
    place["references"] = [document["outcomes"]["s"][0]["p"]] * 2


def with_an_output_twice(document):
    for chain in document["chains"].values():
        for stage in chain["stages"]:
            stage["p"]["outputs"] = ["out", "out"]


def with_later_stages_of_sources_alone(document):
    """Whatever is made of sources alone is at rest, and the same for everybody."""
    source = written(document, {**BLANK, "name": "p"})
    objects = document["objects"]
    for seed, chain in document["chains"].items():
        chain["stages"] = [chain["stages"][0]] + [{"p": {"derivation": source, "outputs": ["out"]}}] * 2
        last = document["outcomes"][seed][2]
        document["outcomes"][seed] = [document["outcomes"][seed][0], last, last]
        for stage in document["outcomes"][seed]:
            assert stage["p"] in objects
    return pruned(document)


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


def with_a_part(document, change, outputs):
    """A document whose seed `s` consists of one derivation more, which needs `outputs` of a blank one that is changed."""
    part = written(document, {**BLANK, **change})
    more = written(document, {**BLANK, "name": "more", "inputDrvs": {part: outputs}})
    path = document["outcomes"]["s"][0]["p"]
    about = {"tree": document["objects"][path]["tree"], "references": [], "self": False, "programs": {}}
    document["chains"]["s"]["userland"].append(more)
    for derivation in (part, more):
        name = derivation.removesuffix(".drv").partition("-")[2]
        made = str(object_path(Digest.parse(about["tree"]), name, ()))
        if derivation == more or "fixed" not in change:
            document["realisations"][derivation] = {"out": made}
            document["objects"][made] = about
    return concluded(document)


def pruned(document):
    """Without derivations and objects that nothing needs."""
    chains = document["chains"].values()
    todo = [package["derivation"] for chain in chains for stage in chain["stages"] for package in stage.values()]
    todo += [path for chain in chains for path in (*chain["toolchain"], *chain["userland"])]
    wanted = set()
    while todo:
        path = todo.pop()
        wanted.add(path)
        todo += document["derivations"][path]["inputDrvs"]
    document["derivations"] = {path: it for path, it in document["derivations"].items() if path in wanted}
    files = {path for it in document["derivations"].values() for path in it["inputSrcs"]}
    document["files"] = {path: it for path, it in document["files"].items() if path in files}
    stated = {path for stages in document["outcomes"].values() for stage in stages for path in stage.values()}
    stated |= {path for outputs in document["realisations"].values() for path in outputs.values()}
    document["objects"] = {path: it for path, it in document["objects"].items() if path in stated}
    return concluded(document)


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


def with_an_alias_that_counts(document):
    for field in ("chains", "outcomes"):
        document[field] = {"s": document[field]["s"], "alias": document[field]["s"]}
    document["toolchains"] = [["alias"], ["s"]]
    common = {"seeds": ["alias", "s"], "files": [], "trees": ["s-compiler"], "programs": [["compiler", "usr/bin/cc"]]}
    document["shared"] = {"common": common, "pairs": []}
    kept = document["chains"]["s"]["toolchain"]
    document["realisations"] = {path: it for path, it in document["realisations"].items() if path in kept}
    return pruned(document)


FORGERIES = [
    emptied,
    without_toolchain,
    without_userland,
    with_the_seed_of_another,
    of_no_stage,
    with_a_stage_less_in_one,
    with_empty_stages,
    with_the_last_stage_for_every_stage,
    with_an_outcome_that_is_another_object,
    with_one_stage_that_came_out_otherwise,
    with_another_tree,
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
    with_twins_that_nobody_suspects,
    with_a_realisation_less,
    with_a_realisation_more,
    with_a_seed_that_came_out_as_another_object,
    with_an_object_less,
    with_references_twice,
    with_an_output_twice,
    with_later_stages_of_sources_alone,
    with_a_derivation_of_no_output,
    with_an_output_that_is_not_there,
    with_a_hash_of_no_kind,
    with_a_hash_that_is_cut,
    with_a_mode_of_no_kind,
    with_more_toolchains,
    with_nothing_shared_where_something_is,
    with_a_better_first_line,
    with_an_alias_that_counts,
]
