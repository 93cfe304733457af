"""Table of commands: name, module, and one line of help.

A module has `configure(parser)` and `run(arguments) -> int`; it is imported only
when its command is called.
"""

from __future__ import annotations

COMMANDS: dict[str, tuple[str, str]] = {
    "build": ("build", "evaluate expressions, build what they describe, and link the results"),
    "bootstrap": ("bootstrap", "build a system in stages from several toolchains, and prove it independent of them"),
    "run": ("run", "run a command in a container whose / is a build result"),
    "image": ("image", "write packages as a root file system: an archive, an OCI image"),
    "vm": ("vm", "start a machine from packages in qemu: its console, or a command in it"),
    "shell": ("shell", "enter the container that a build gets"),
    "eval": ("eval", "print the value of an expression"),
    "repl": ("repl", "evaluate expressions one after the other"),
    "parse": ("parse", "print an expression as the parser understood it"),
    "log": ("log", "show the log of a build"),
    "diff": ("diff", "compare packages, stages, objects or lock files: inputs, closures, files, bytes"),
    "why": ("why", "explain why something would be rebuilt"),
    "lock": ("lock", "pin inputs and outputs in chx.lock, move pins, check them"),
    "sbom": ("sbom", "print a bill of materials (CycloneDX) of build results"),
    "provenance": ("provenance", "print signed statements (in-toto, SLSA) of how something was built"),
    "init": ("init", "begin a project: an expression, its inputs, its lock"),
    "derivation": ("derivation", "show what an expression asks to be built"),
    "store": ("store", "ask the store about its objects, add, remove and check them"),
    "why-depends": ("why_depends", "show how one object comes to refer to another"),
    "ledger": ("ledger", "list builds: who built what and when, and which results differ"),
    "gc": ("gc", "remove objects that nothing keeps"),
    "copy": ("copy", "move objects to and from caches"),
    "serve": ("serve", "give the store over HTTP, as a cache"),
    "fetch": ("fetch", "fetch a source, and print its hash"),
    "apk": ("apk", "make packages of apk, their repositories, and roots installed from them"),
    "pkgs": ("pkgs", "list, search, show, check and write packages, and draw their dependencies"),
    "remote": ("remote", "check the machines that --remote builds on"),
    "seed": ("seed", "list, pin, check, make and capture seeds"),
    "sandbox": ("sandbox", "check whether sandboxes can be made here, print an AppArmor profile for them"),
    "arch": ("arch", "list and show the architectures that programs can be built for"),
    "completion": ("completion", "print a completion script for a shell"),
}

DESCRIPTION = """\
chx evaluates package expressions written in the Nix language, builds them in
containers that hold nothing but declared inputs, and names every result by its
content.
"""

EXAMPLES = """\
  chx build tinycc                       build a package of the bundled set
  chx build -E 'with import <chx> {}; hello'
  chx build -f default.nix -A app        build an attribute of your own file
  chx eval -E '1 + 1'                    print a value
  chx run root -- sh                     a shell in the final tiny system
  chx repl                               try expressions at a prompt
  chx log ./result                       what a build printed
  chx diff ./result ./result-2           what differs in two results, and why
  chx lock check --rebuild               does this machine give what chx.lock pins?
  chx why hello                          why it would be built again
"""


def overview() -> str:
    """Return the text of `chx --help`."""
    width = max(map(len, COMMANDS))
    lines = [f"  {name:<{width}}  {summary}" for name, (_, summary) in COMMANDS.items()]
    return (
        "usage: chx COMMAND [OPTION...] [ARGUMENT...]\n\n"
        + DESCRIPTION
        + "\ncommands:\n"
        + "\n".join(lines)
        + "\n\nexamples:\n"
        + EXAMPLES
        + "\n`chx COMMAND --help` explains a command, `chx help topics` lists pages of the manual,\n"
        "and `chx help CODE` explains an error. The store is in $CHX_HOME,\n"
        "else $XDG_DATA_HOME/chx, else ~/.local/share/chx.\n"
    )
