"""`chx apk`: packages of apk, their repositories, and roots that are installed from them."""

from __future__ import annotations

import argparse

from .options.building import configure_building
from .options.evaluation import configure as configure_request

DESCRIPTION = """\
Make packages of apk (version 3) from packages of a set, and work with them. A package
comes with its parts as packages of their own: less with less-man, zlib with
zlib-devel and zlib-static. docs/apk.md says what goes where.
"""
_BUILD = """\
Build the packages of what is named, packages or sets of them (tiny), and put them
into the repository DIR, packed and signed, with its index. Packages that
the repository already has stay; a package that did not change costs nothing.
"""
_INDEX = "Rewrite the index of each architecture of the repository DIR, and sign it."
_KEY = """\
Make a key to sign with, and print the path of its public half, which clients put into
/etc/apk/keys. The keys are in $CHX_HOME/keys/apk, if NAME is no path. The key of the
store itself is of a kind that apk does not know.
"""
_SHOW = "Print what a package or an index says of itself, and who has signed it."
_VERIFY = """\
Check packages and indexes: that they are whole, that each file is what the package
says, and that a trusted key has signed them. Trusted are the keys of this store and
those of --keys.
"""
_CHECK = """\
Look over the packages of the repository DIR for what a client stumbles on: a path that
two packages have, a dependency that nobody provides, conditions of install-if in a
circle, what is no version, what cannot be read. The exit status is 1 if there is any.
"""
_ROOT = """\
Install packages and what they need from the repository REPO into the directory DIR,
which must be empty or not there. The result has the database of apk, so that its
client goes on from there. Of several packages that provide a name, the one with the
highest priority is taken; unlike the client, chx never tries another one later.
As an ordinary user, owners of files are written to the database only.
"""
EPILOG = """\
examples:
  chx apk key
  chx apk build tiny -o repository
  chx apk show repository/x86_64/dash-0.5.12-r0.apk
  chx apk check repository
  chx apk root system base-files dash toybox --from repository
"""


def configure(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")

    def add(name: str, function: str, summary: str, description: str) -> argparse.ArgumentParser:
        action = actions.add_parser(
            name, help=summary, description=description, formatter_class=argparse.RawDescriptionHelpFormatter
        )
        action.set_defaults(function=function)
        return action

    build = add("build", "building.build", "build packages into a repository", _BUILD)
    build.add_argument("-o", "--output", required=True, metavar="DIR", help="the repository")
    build.add_argument("--prune", action="store_true", help="remove packages from DIR that are not among these")
    _configure_writing(build)
    build.add_argument("--json", action="store_true", help="print JSON")
    configure_request(build)
    configure_building(build)

    index = add("index", "building.index", "rewrite the indexes of a repository", _INDEX)
    index.add_argument("directory", metavar="DIR", help="the repository")
    _configure_writing(index)
    index.add_argument("--json", action="store_true", help="print JSON")

    key = add("key", "signing.key", "make a key to sign with", _KEY)
    key.add_argument("name", nargs="?", metavar="NAME", help="its name or path (default: chx- and eight digits)")
    key.add_argument("--ec", action="store_true", help="a key on the curve P-256, whose signatures differ each time")
    key.add_argument("--list", action="store_true", help="make none, and list those of the store")

    show = add("show", "showing.show", "what packages and indexes say of themselves", _SHOW)
    show.add_argument("files", nargs="+", metavar="FILE", help="a package or an index")
    show.add_argument("--json", action="store_true", help="print JSON")

    verify = add("verify", "showing.verify", "check contents and signatures", _VERIFY)
    verify.add_argument("files", nargs="+", metavar="FILE", help="a package or an index")
    _configure_trust(verify)

    check = add("check", "checking.check", "look for what is wrong in a repository", _CHECK)
    check.add_argument("directory", metavar="DIR", help="the repository")
    check.add_argument("--json", action="store_true", help="print JSON")

    root = add("root", "installing.root", "install packages into a directory", _ROOT)
    root.add_argument("directory", metavar="DIR", help="where to")
    root.add_argument(
        "names", nargs="+", metavar="NAME", help="a package, or a dependency such as cmd:awk or zlib>=1.2"
    )
    root.add_argument("--from", dest="repository", required=True, metavar="REPO", help="the repository")
    root.add_argument("--arch", metavar="ARCH", help="the architecture, if REPO has several")
    root.add_argument("--no-scripts", action="store_true", help="run no scripts of packages")
    _configure_trust(root)


def _configure_writing(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("how to write")
    signer = group.add_mutually_exclusive_group()
    signer.add_argument("--key", metavar="KEY", help="the key to sign with: a name or a path (default: the only one)")
    signer.add_argument("--unsigned", action="store_true", help="sign nothing")
    group.add_argument(
        "--compression", default="zstd", metavar="HOW", help="none, deflate, deflate:N, zstd or zstd:N (default: zstd)"
    )
    group.add_argument(
        "--format", type=int, choices=(2, 3), default=3, help="of packages and index: 2 is for clients before 3.0"
    )
    group.add_argument("--description", default="", metavar="TEXT", help="what the index says of the repository")


def _configure_trust(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--keys",
        action="append",
        default=[],
        metavar="FILE",
        help="a public key, or a directory of them (may be repeated)",
    )


def run(arguments: argparse.Namespace) -> int:
    from importlib import import_module

    module, _, name = arguments.function.partition(".")
    status: int = getattr(import_module(f".apks.{module}", __package__), name)(arguments)
    return status
