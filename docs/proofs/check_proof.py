"""A second opinion on a proof of chx: docs/formats.md implemented anew, with the packages blake3 and cryptography."""

import argparse
import json
import os
import re
import stat
from base64 import b64decode
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import chain, combinations, pairwise, zip_longest
from typing import Any

from blake3 import blake3
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

ALPHABET, SELF, STORE = "0123456789abcdfghijklmnpqrsvwxyz", b"zqxj0zqxj0zqxjnzqxjvzqxj5zqxjlzq", "/chx/store/"
BASE, HASH, NAME = slice(len(STORE), None), slice(len(STORE), len(STORE) + 32), slice(len(STORE) + 33, None)
HASHES = re.compile("md5:.{32}|sha1:.{40}|(?:sha256|blake3):.{64}|sha512:.{128}")
ROLES = ("compiler", "assembler", "linker", "archiver", "tool")
ROLE = re.compile(
    r"(?:.*-)?(?:(?P<assembler>as)|(?P<linker>ld(?:\.\w+)?|ld64(?:\.lld)?|lld(?:-link)?|wasm-ld|gold|dwp)"
    r"|(?P<archiver>ar|ranlib|lib|dlltool)|(?P<tool>addr2line|c\+\+filt|cxxfilt|elfedit|gp-\w+|gprof(?:ng)?|nm"
    r"|objcopy|objdump|readelf|size|strings|strip))(?:-[\d.]+)?|.*\.so(?:\.[\d.]+)?", re.ASCII,
)  # fmt: skip
PATH = re.compile(rf"{STORE}[{ALPHABET}]{{32}}-(?!\.\.?(?:-|\Z))[0-9a-zA-Z+\-._?=]{{1,211}}")
FILE, TEXT = re.compile(r"(?:(?!\.\.?(?:/|\Z))[^/\0]+(?:/(?!\Z)|\Z))*"), re.compile("[^\0\ud800-\udc7f\udd00-\udfff]*")
BASE64 = re.compile("(?:[0-9A-Za-z+/]{4})*(?:[0-9A-Za-z+/][AQgw]==|[0-9A-Za-z+/]{2}[AEIMQUYcgkosw048]=)?")
KEY, NAMED, ANY, HEX = map(re.compile, (f"ed25519:{BASE64.pattern}", "[!-~]{1,100}", "(?s:.*)", "[0-9a-f]{64}"))
PRODUCTS = ("repository", "image")
# A form is a type, value, pattern, (one of), [items], {sorted items}, {pattern of keys: form}, {field: form or ...}.
DOCUMENT: dict[str, Any] = {
    "format": "chx bootstrap proof 2", "set": NAMED, "realisations": {PATH: {ANY: PATH}},
    "chains": {NAMED: {
        "toolchain": [PATH], "userland": [PATH], "stages": [{NAMED: {"derivation": PATH, "outputs": [str]}}],
        **dict.fromkeys(PRODUCTS, ({"derivation": PATH, "outputs": [str]}, ...)),
    }},
    "derivations": {PATH: {
        "args": [TEXT], "builder": TEXT, "env": {TEXT: TEXT}, "inputDrvs": {PATH: {TEXT}}, "inputSrcs": {PATH},
        "name": TEXT, "outputs": [TEXT], "system": TEXT, "version": 1, "rootfs": ([TEXT], ...),
        "fixed": ({"algorithm": str, "digest": re.compile("[0-9a-f]*"), "mode": ("flat", "recursive")}, ...),
    }},
    "files": {PATH: {"references": {PATH}, "entries": [(
        {"path": FILE, "kind": "d"}, {"path": FILE, "kind": "l", "target": re.compile(r"[^\0]+")},
        {"path": FILE, "kind": ("f", "x"), "content": BASE64},
    )]}},
    "objects": {PATH: {"tree": HEX, "references": {PATH}, "self": bool, "programs": {ANY: HEX}}},
    "verdicts": {"fixedPoint": (bool, None), "hostIndependence": (bool, None), "noResidue": bool},
    "signature": {"key": KEY, "value": BASE64},
    # These are compared with what follows from the rest.
    "shows": str, "sources": dict, "shared": dict, "toolchains": list, "suspicions": list,
}  # fmt: skip
CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"))
ENDS = {False: " failed", None: " could not be shown with these seeds and stages"}
TITLES = ("form", "signature", "names", "wholeness", "shape", "seeds", "verdicts", "trees")


def need(condition: object, message: str) -> None:
    if not condition:
        raise ValueError(message)


def same(what: str, there: Any, wanted: Any) -> None:
    odd = f"missing or too much: {sorted(there ^ wanted)[:3]}" if isinstance(wanted, set) else f"should be {wanted!r}"
    need(there == wanted, f"{what}: {odd}")


def fits(value: Any, form: Any) -> bool:
    if isinstance(form, tuple):
        return any(fits(value, one) for one in form)
    if isinstance(form, re.Pattern):
        return isinstance(value, str) and form.fullmatch(value) is not None
    if isinstance(form, list | set):
        good = isinstance(value, list) and all(fits(item, one) for one in form for item in value)
        return good and (isinstance(form, list) or value == sorted(set(value)))
    if isinstance(form, dict) and isinstance(value, dict):
        ((key, inner), *_) = form.items()
        if isinstance(key, re.Pattern):
            return fits([*value], [key]) and fits([*value.values()], [inner])
        return value.keys() <= form.keys() and all(fits(value.get(key, ...), form[key]) for key in form)
    return form is type(value) or (type(form) is type(value) and form == value)


def check_name(path: str, name: str, tree: str, references: Collection[str], own: bool = False) -> None:
    lines = ["chx store path 1", tree, name, "self" if own else "", *sorted(it[BASE] for it in references)]
    number = int.from_bytes(blake3("\n".join(lines).encode()).digest()[:20], "little")
    digits = "".join(ALPHABET[number >> place & 31] for place in range(155, -1, -5))
    need(path == f"{STORE}{digits}-{name}" and path not in references, f"{path} is not what its name says")


def tree_digest(entries: Iterable[tuple[bytes, str, bytes]]) -> str:
    """Of the entries of a manifest: path, kind, and the content of a file or the target of a link."""
    manifest, paths, folders = blake3(b"chx manifest 1\n"), [], set()
    for path, kind, content in entries:
        about = b"%s %d " % (blake3(content).hexdigest().encode(), len(content)) if kind in "fx" else b""
        manifest.update(b"%s %s%s\0" % (kind.encode(), about, path) + (content + b"\0" if kind == "l" else b""))
        paths.append(path.replace(b"/", b"\0"))
        folders.update(paths[-1:] if kind == "d" else [])
    good = paths[:1] == [b""] and paths == sorted(set(paths))
    need(good and all(path.rpartition(b"\0")[0] in folders for path in paths[1:]), "the entries are no tree in order")
    return str(manifest.hexdigest())


def read_tree(root: bytes, own: bytes, programs: dict[str, str]) -> Iterator[tuple[bytes, str, bytes]]:
    """The entries of a tree, with SELF in the place of `own`. Adds the paths of programs by digest."""
    walk = () if os.path.islink(root) else os.walk(root)
    places = [root, *(os.path.join(folder, name) for folder, *names in walk for name in chain(*names))]
    for place in sorted(places, key=lambda place: place.replace(own, SELF).replace(b"/", b"\0")):
        path, mode, content = place[len(root) + 1 :], os.lstat(place).st_mode, b""
        kind = {stat.S_IFLNK: "l", stat.S_IFDIR: "d", stat.S_IFREG: "x" if mode & 0o100 else "f"}.get(stat.S_IFMT(mode))
        if kind == "l":
            content = os.readlink(place)
        elif kind in ("f", "x"):
            with open(place, "rb") as file:
                content = file.read()
            elf_type = int.from_bytes(content[16:18], "little" if content[5:6] == b"\1" else "big")
            if len(content) > 17 and content[:4] == b"\x7fELF" and elf_type in (2, 3):
                programs.setdefault(blake3(content).hexdigest(), path.decode("utf-8", "surrogateescape"))
        good = kind and (own == SELF or SELF not in path + content)
        need(good, f"{place!r} is neither file, directory nor link, or holds what stands for the object itself")
        yield path.replace(own, SELF), str(kind), content.replace(own, SELF)


def below(starts: Iterable[str], graph: Mapping[str, Iterable[str]], ends: Collection[str] = ()) -> set[str]:
    """`starts` and what they lead to, not going on behind `ends`."""
    found, todo = set[str](), set(starts)
    while todo:
        found |= todo
        todo = {inner for path in todo.difference(ends) for inner in graph.get(path, ())} - found
    return found


def opinion(text: bytes, folder: str | None) -> Iterator[str]:
    """An answer for each of TITLES, in the order of docs/formats.md. Raises ValueError or InvalidSignature."""
    # An object that has a key twice becomes what fits no form.
    document = json.loads(text.decode(), object_pairs_hook=lambda it: dict(it) if len(dict(it)) == len(it) else ())
    need(isinstance(document, dict) and document.get("format") == DOCUMENT["format"], "it is no proof of format 2")
    odd = document.keys() ^ DOCUMENT.keys() or {it for it in DOCUMENT if not fits(document[it], DOCUMENT[it])}
    need(not odd, f"fields that are missing, too much, or of another form: {sorted(odd)}")
    yield "ok: every field has its form"
    key, value = document["signature"]["key"], document["signature"]["value"]
    signed = CANONICAL.encode({field: it for field, it in document.items() if field != "signature"}).encode()
    Ed25519PublicKey.from_public_bytes(b64decode(key[8:])).verify(b64decode(value), signed)
    yield f"ok: by {key}"
    derivations, files, objects = document["derivations"], document["files"], document["objects"]
    drvs = {path: it["inputDrvs"] for path, it in derivations.items()}
    made_of = {path: {*it["inputDrvs"], *it["inputSrcs"]} for path, it in derivations.items()}
    results, hashes, sources = dict[tuple[str, str], str](), dict[str, str](), dict[str, Any]()
    for path, it in derivations.items():
        names = {out: it["name"] if out == "out" else f"{it['name']}-{out}" for out in it["outputs"]}
        lawful = [name for name in names.values() if PATH.fullmatch(f"{STORE}{'0' * 32}-{name}")]
        need(len(it["outputs"]) == len(lawful) > 0 and all(it["inputDrvs"].values()), f"{path}: wrong outputs")
        check_name(path, f"{it['name']}.drv", tree_digest([(b"", "f", CANONICAL.encode(it).encode())]), made_of[path])
        results |= {(path, out): name for out, name in names.items()}
        if "fixed" in it:
            hashes[path] = f"{it['fixed']['algorithm']}:{it['fixed']['digest']}"
            need(HASHES.fullmatch(hashes[path]) and [*names] == ["out"], f"{path} promises no hash that there is")
            urls = it["env"].get("urls", it["env"].get("url", "")).split()
            sources[path] = {"urls": urls, "hash": hashes[path], "mode": it["fixed"]["mode"]}
    for path, it in files.items():
        entries = []
        for one in it["entries"]:
            texts = [one["path"], one.get("target", "")]
            place, target = (text.encode("utf-8", "surrogateescape") for text in texts)
            need([it.decode("utf-8", "surrogateescape") for it in (place, target)] == texts, f"{path}: misspelt paths")
            entries.append((place, one["kind"], target or b64decode(one.get("content", ""))))
        check_name(path, path[NAME], tree_digest(entries), it["references"])
    for path, it in objects.items():
        check_name(path, path[NAME], it["tree"], it["references"], it["self"])
        need(len(set(it["programs"].values())) == len(it["programs"]), f"{path} has a program twice")
    yield f"ok: of {len(derivations)} derivations, {len(files)} files and {len(objects)} objects"
    chains = dict(sorted(document["chains"].items()))
    stages: dict[str, list[dict[str, tuple[str, str]]]] = {seed: [] for seed in chains}
    for seed, stage in ((seed, stage) for seed, it in chains.items() for stage in it["stages"]):
        outputs = [(name, it["derivation"], out) for name, it in stage.items() for out in it["outputs"]]
        stages[seed].append({name if out == "out" else f"{name}.{out}": (path, out) for name, path, out in outputs})
        full = all(it["outputs"] for it in stage.values()) and len(stages[seed][-1]) == len(outputs)
        need(full, f"{seed}: a package has no output, or a stage has an item twice")
    own = {seed: {*it["toolchain"], *it["userland"]} for seed, it in chains.items()}
    halves, items = {*chain(*own.values())}, {key for stage in chain(*stages.values()) for key in stage.values()}
    sold = {seed: {kind: it[kind] for kind in PRODUCTS if kind in it} for seed, it in chains.items()}
    need(len({frozenset(kinds) for kinds in sold.values()}) < 2, "only some seeds have a repository, or an image")
    shops = {seed: {it["derivation"] for it in kinds.values()} for seed, kinds in sold.items()}
    goals = items | {(path, "out") for paths in shops.values() for path in paths}
    need(all(it["outputs"] == ["out"] for kinds in sold.values() for it in kinds.values()), "a product is one output")
    same("derivations", derivations.keys(), below({path for path, _ in goals} | halves, drvs))
    inputs = {inner for it in derivations.values() for inner in it["inputSrcs"]}
    same("files", files.keys(), below(inputs, {path: it["references"] for path, it in files.items()}))
    uses = {path: {(inner, out) for inner, outs in drvs[path].items() for out in outs} for path in derivations}
    used = {key for keys in uses.values() for key in keys}
    same("outputs", results.keys(), used | goals | results.keys())
    builtin = {path for path, it in derivations.items() if it["system"] == "builtin"} - hashes.keys()
    named = goals | {it for it in results if it[0] in halves} | {it for it in used if it[0] in builtin}
    realised = {(path, out): made for path, it in document["realisations"].items() for out, made in it.items()}
    same("realisations", {(*it, made[NAME]) for it, made in realised.items()}, {(*it, results[it]) for it in named})
    same("realisations", document["realisations"].keys(), {path for path, _ in named})
    same("objects", objects.keys(), set(realised.values()))
    yield "ok: nothing is missing, nothing is too much"
    first: Any = next(iter(chains.values()), {"stages": []})["stages"]
    need(first and all(first), "there is no seed, or no stage, or a stage without a package")
    for seed, it in chains.items():
        need([stage.keys() for stage in it["stages"]] == [stage.keys() for stage in first], f"{seed}: other packages")
        paths = [{path for path, _ in stage.values()} for stage in stages[seed]]
        packages = set(chain(*paths))
        foreign = halves - packages | own[seed]
        seeded = {path for path in packages if below([path], made_of) & foreign}
        found = below(paths[0], made_of, foreign) & foreign
        need(found & {*it["toolchain"]} and found <= own[seed], f"{seed}: stage 0 is not made with this seed alone")
        for number, (before, stage) in enumerate(pairwise(paths)):
            need(stage & seeded, f"{seed}: nothing in stage {number + 1} is made with stage {number}")
            barred = foreign | (seeded & {*chain(*paths[:number])}) - before
            for path in stage & seeded:
                found = below(made_of[path], made_of, before | foreign)
                good = path not in before and found & before & seeded and not found & barred
                need(good, f"{seed}: {path} is not made with stage {number} alone")
        for path in shops[seed]:
            found = below([path], made_of, paths[-1] | foreign)
            barred = foreign | (seeded & {*chain(*paths[:-1])}) - paths[-1]
            need(found & paths[-1] and not found & barred, f"{seed}: {path} is not of the last stage alone")
        users = below(packages | shops[seed], made_of, foreign) - foreign & derivations.keys()
        mine = {key for stage in stages[seed] for key in stage.values()}
        unlisted = sorted(key for user in users for key in uses[user] - mine if key[0] in packages)
        need(not unlisted, f"{seed}: outputs are used that no stage lists: {unlisted[:3]}")
    yield f"ok: {len(first)} stages from {len(chains)} seeds, each made with the one before"
    same("sources", document["sources"], sources)
    # Fixed outputs, trees and programs of each seed, by hash; of several, what is last in a list counts.
    makeups: dict[str, list[dict[str, Any]]] = {}
    outputs_of = {path: [*it.values()] for path, it in document["realisations"].items()}
    for seed, it in chains.items():
        fixed = {path: below([path], drvs) & hashes.keys() for path in own[seed]}
        promised = sorted(((hashes[it], derivations[it]["name"]) for it in chain(*fixed.values())), reverse=True)
        made = [(made, sorted({hashes[it] for it in fixed[path]})) for path in fixed for made in outputs_of[path]]
        trees = sorted(((objects[path]["tree"], (path[NAME], those)) for path, those in made), reverse=True)
        programs: dict[str, list[str]] = {}
        for path in sorted({*chain(*(outputs_of[path] for path in it["toolchain"]))}, reverse=True):
            for file, digest in objects[path]["programs"].items():
                role = ROLE.fullmatch((file or path[NAME]).rpartition("/")[2])
                programs[digest] = [(role.lastgroup or "tool") if role else "compiler", file]
        makeups[seed] = [dict(promised), dict(trees), programs]
    shared = []
    for seeds in ([*chains], *(combinations(chains, 2) if len(chains) > 2 else ())):
        ours, theirs, common = (
            {key: it for key, it in one.items() if all(key in other for other in others)}
            for one, *others in zip(*(makeups[seed] for seed in seeds))
        )
        other = sorted(name for name, those in theirs.values() if not those or {*those} - ours.keys())
        order = sorted(common.values(), key=lambda it: (ROLES.index(it[0]), it[1]))
        shared.append({"seeds": [*seeds], "files": sorted(ours.values()), "trees": other, "programs": order})
    same("shared", document["shared"], {"common": shared[0] if len(chains) > 1 else None, "pairs": shared[1:]})
    outcomes = {seed: [{it: realised[key] for it, key in stage.items()} for stage in stages[seed]] for seed in chains}
    for kind in sold.get(next(iter(chains), ""), ()):
        ends = {realised[kinds[kind]["derivation"], "out"] for kinds in sold.values()}
        need(len(ends) < 2, f"seeds end in different products: {kind}")
    lasts = [those[-1] for those in outcomes.values()]
    digests = {path: set(it["programs"].values()) for path, it in objects.items()}
    ends = {digest for last in lasts for path in last.values() for digest in digests[path]}
    compilers = {seed: {it for it, (role, _) in makeups[seed][2].items() if role == "compiler"} for seed in chains}
    counted = {seed: those for seed, those in compilers.items() if those and not those & ends}
    every = {seed: {it for path in own[seed] for made in outputs_of[path] for it in digests[made]} for seed in counted}
    related = {one: [it for it in counted if counted[one] & every[it] or counted[it] & every[one]] for one in counted}
    toolchains = sorted({tuple(sorted(below([seed], related))) for seed in counted})
    same("toolchains", document["toolchains"], [*map(list, toolchains)])
    yield f"ok: {len(chains)} seeds are {len(toolchains)} toolchains"
    together = {pair for seeds in toolchains for pair in combinations(seeds, 2)}
    suspicions: list[tuple[str, str, list[str]]] = []
    for item in {item for those in outcomes.values() for item in those[0]}:
        cells = {}
        for seed in (seed for seed in chains if item in stages[seed][0]):
            packages = {path for path, _ in stages[seed][0].values()}
            graph = {path: inner - packages for path, inner in made_of.items()}
            direct = below([stages[seed][0][item][0]], graph, own[seed]) & {*chains[seed]["toolchain"]}
            new = digests[outcomes[seed][0][item]]
            if direct and new and not new & makeups[seed][2].keys():
                cells[seed] = [stage.get(item) for stage in outcomes[seed]]
        twins = {pair for pair in combinations(cells, 2) if cells[pair[0]][0] == cells[pair[1]][0]} - together
        suspicions += [("twins", item, sorted({*chain(*twins)}))] if twins else []
        suspicions += [("at-rest", item, [seed]) for seed, those in cells.items() if those[:1] == those[1:2]]
    same("suspicions", document["suspicions"], [dict(zip(("kind", "item", "seeds"), it)) for it in sorted(suspicions)])
    settled = None if len(first) < 2 else all(those[-1] == those[-2] for those in outcomes.values())
    agreed = all(last == lasts[0] for last in lasts) and (True if len(toolchains) > 1 and not suspicions else None)
    answers = {"fixedPoint": settled, "hostIndependence": agreed, "noResidue": document["verdicts"]["noResidue"]}
    same("verdicts", document["verdicts"], answers)
    words = dict(zip(("fixed point", "host independence", "no residue"), answers.values()))
    lists = {end: [it for it in words if words[it] is answer] for answer, end in ENDS.items()}
    bad = "; ".join(" and ".join(names) + end for end, names in lists.items() if names)
    shows = f"nothing: {bad}" if bad else "a fixed point and independence of the host; no residue of a seed was found"
    same("shows", document["shows"], shows)
    yield f"ok: the proof claims {shows}"
    there = [path for path in objects if folder and os.path.lexists(os.path.join(folder, path[BASE]))]
    for path in there:
        hash_part, tree_programs = path[HASH].encode() if objects[path]["self"] else SELF, dict[str, str]()
        entries_there = read_tree(os.fsencode(os.path.join(str(folder), path[BASE])), hash_part, tree_programs)
        need(tree_digest(entries_there) == objects[path]["tree"], f"{path} is another tree than in the proof")
        same(f"programs of {path}", tree_programs, {digest: file for file, digest in objects[path]["programs"].items()})
    yield f"ok: {len(there)} of {len(objects)} objects, with their programs" if there else "not checked: none is there"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, epilog="The exit status is 0 if nothing is wrong.")
    parser.add_argument("proof", metavar="PROOF", help="a file that `chx bootstrap --proof` wrote")
    parser.add_argument("--trees", metavar="DIRECTORY", help="objects called HASH-NAME, as in $CHX_HOME/store")
    arguments, answers = parser.parse_args(), list[str]()
    try:
        with open(arguments.proof, "rb") as file:
            answers += opinion(file.read(), arguments.trees)
    except (InvalidSignature, OSError, ValueError, RecursionError) as error:
        answers.append(f"WRONG: {str(error) or 'it was changed after it was signed'}")
    for title, answer in zip_longest(TITLES, answers, fillvalue="not checked"):
        print(re.sub("[^ -~]", "?", f"{title:<10} {answer}")[:300])
    return int(answers[-1].startswith("WRONG"))


if __name__ == "__main__":
    raise SystemExit(main())
