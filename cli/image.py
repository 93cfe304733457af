"""`chx image`: write packages as a root file system for others: an archive, an OCI image, or what a machine starts."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from ..ops.errors import RequestError
from .options import evaluation
from .options.building import configure_building
from .options.numbers import size
from .output import put, tell

if TYPE_CHECKING:
    from ..ops.images import ImageOptions, WrittenImage
    from ..ops.installed import InstalledRoot
    from ..ops.session import Session

DESCRIPTION = """\
Build packages and what they need where they run, and write them as one root file
system with owners, modes, accounts and links as the packages say:

  chx image tar X... -o FILE     a pax archive; `-o -` is standard output
  chx image oci X... -o DIR      an OCI image layout, a layer for each package
  chx image disk X... -o FILE    a disk that a machine starts from by UEFI
  chx image initramfs X... -o FILE   a root that a kernel starts directly

X is what `chx build` takes, a store path or a result link. The same packages give
the same bytes on every machine; how layers are compressed depends on the version of
zlib or zstd, and the digests of the uncompressed layers do not.
"""
EPILOG = """\
examples:
  chx image tar tiny.dash tiny.toybox -o root.tar
  chx image oci tiny.dash tiny.toybox -o image
  chx image oci -f default.nix -A app -o image --push registry.example/app:1.0
  chx image oci root -o image && skopeo inspect oci:image:latest
  chx image disk tiny.{base-minimal,linux,early-init,efi-stub} -o disk.img --size 1G
"""


def configure(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    tar = actions.add_parser("tar", help="write an archive (pax)", description="Write packages as a pax archive.")
    evaluation.configure(tar, "X", evaluation.MEANING)
    tar.add_argument("-o", "--output", required=True, metavar="FILE", help="the archive; - is standard output")
    _configure_both(tar)

    oci = actions.add_parser(
        "oci", help="write an OCI image layout", description="Write packages as an OCI image layout."
    )
    evaluation.configure(oci, "X", evaluation.MEANING)
    oci.add_argument("-o", "--output", metavar="DIR", help="the layout; an existing image is replaced")
    group = oci.add_argument_group("the image")
    group.add_argument(
        "--tag", default="latest", metavar="TAG", help="name of the image in the layout (default: latest)"
    )
    group.add_argument(
        "--layers", choices=["package", "one"], default="package", help="a layer for each package, or one"
    )
    group.add_argument(
        "--compression", choices=["gzip", "zstd", "none"], default="gzip", help="of layers (default: gzip)"
    )
    group.add_argument(
        "--cmd", metavar="WORDS", help="what it runs, as a shell would split it (default: its program, or /bin/sh)"
    )
    group.add_argument("--entrypoint", metavar="WORDS", help="the program that gets the command as arguments")
    group.add_argument("--env", action="append", default=[], metavar="NAME=VALUE", help="a variable (may be repeated)")
    group.add_argument("--user", metavar="USER[:GROUP]", help="who the program runs as, by name or number")
    group.add_argument("--workdir", metavar="PATH", help="where the program starts")
    group.add_argument(
        "--label", action="append", default=[], metavar="NAME=VALUE", help="a label of the configuration"
    )
    group.add_argument(
        "--annotation", action="append", default=[], metavar="NAME=VALUE", help="an annotation of the manifest"
    )
    group.add_argument(
        "--proof", metavar="FILE", help="annotate it with the digest of a proof (`chx bootstrap --proof`)"
    )
    group = oci.add_argument_group("the registry")
    group.add_argument("--push", metavar="REF", help="push it to HOST/NAME:TAG, by skopeo or oras")
    group.add_argument("--insecure", action="store_true", help="--push: allow a registry without TLS")
    _configure_both(oci)

    disk = actions.add_parser(
        "disk", help="write a disk that a machine starts from", description="Write packages as a disk for UEFI."
    )
    evaluation.configure(disk, "X", evaluation.MEANING)
    disk.add_argument("-o", "--output", required=True, metavar="FILE", help="the disk; an existing file is replaced")
    disk.add_argument(
        "--size", type=size, metavar="SIZE", help="of the disk, as 1G; what the packages leave is for what changes"
    )
    disk.add_argument(
        "--append", action="append", default=[], metavar="WORD", help="a word of the kernel's command line (repeatable)"
    )
    _configure_both(disk)

    initramfs = actions.add_parser(
        "initramfs", help="write a root that a kernel starts", description="Write packages as an initramfs (cpio)."
    )
    evaluation.configure(initramfs, "X", evaluation.MEANING)
    initramfs.add_argument("-o", "--output", required=True, metavar="FILE", help="the archive")
    _configure_both(initramfs)


def _configure_both(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print digests and contents as JSON")
    configure_building(parser)


def run(arguments: argparse.Namespace) -> int:
    actions = {"tar": write_tar, "oci": write_oci, "disk": write_disk, "initramfs": write_initramfs}
    return actions[arguments.action](arguments)


def write_tar(arguments: argparse.Namespace) -> int:
    """Write an archive, and print its digest."""
    import json

    from ..ops import images
    from .output import OutputFailed, raw_output

    output = arguments.output
    if output == "-":
        if arguments.json:
            raise RequestError("--json and the archive cannot both go to standard output", hint="name a file with -o")
        output = raw_output()
        if output is None:
            raise RequestError("an archive is no text for a terminal", hint="-o FILE, or a pipe")
    with evaluation.open_session(arguments) as session:
        root = _root(arguments, session)
        try:
            written = images.write_tar(root, output)
            if not isinstance(output, str):
                output.flush()
        except OSError as error:
            # A file is opened and written by the operation, which has an error of its own for it.
            raise OutputFailed(error) from error
    if arguments.json:
        put(
            json.dumps({"file": output, "sha256": written.sha256, "size": written.size, **_contents(root)}, indent=2)
            + "\n"
        )
    elif isinstance(output, str):
        put(f"sha256:{written.sha256}  {output}\n")
    return 0


def write_oci(arguments: argparse.Namespace) -> int:
    """Write an image, push it if that is asked for, and print its digest."""
    import json
    import tempfile

    from ..ops import images

    if arguments.output is None and arguments.push is None:
        raise RequestError("where shall the image be?", hint="-o DIR, or --push HOST/NAME:TAG")
    if arguments.insecure and arguments.push is None:
        raise RequestError("--insecure is for --push")
    options = _options(arguments)
    options.check()
    if arguments.push is not None:
        images.check_push(arguments.push)
    with tempfile.TemporaryDirectory() as scratch, evaluation.open_session(arguments) as session:
        directory = arguments.output or f"{scratch}/image"
        root = _root(arguments, session)
        image = images.write_oci(session, root, directory, options)
        if arguments.push is not None:
            images.push_image(directory, image.tag, arguments.push, arguments.insecure)
    if arguments.json:
        put(json.dumps({"directory": arguments.output, **image.to_dict(), **_contents(root)}, indent=2) + "\n")
    else:
        where = arguments.output if arguments.push is None else arguments.push
        put(f"{image.written.manifest.digest}  {where}\n")
    return 0


def write_disk(arguments: argparse.Namespace) -> int:
    """Write a disk, and print its digest."""
    from ..ops import images

    options = images.DiskOptions(size=arguments.size, command_line=tuple(arguments.append))
    with evaluation.open_session(arguments) as session:
        root = _root(arguments, session)
        written, layout = images.write_disk(root, arguments.output, options)
    _tell_file(arguments, root, written, layout.to_dict())
    return 0


def write_initramfs(arguments: argparse.Namespace) -> int:
    """Write an initramfs, and print its digest."""
    from ..ops import images

    with evaluation.open_session(arguments) as session:
        root = _root(arguments, session)
        written = images.write_initramfs(root, arguments.output)
    _tell_file(arguments, root, written, {})
    return 0


def _tell_file(arguments: argparse.Namespace, root: InstalledRoot, written: WrittenImage, more: dict[str, Any]) -> None:
    import json

    if arguments.json:
        facts = {"file": arguments.output, "sha256": written.sha256, "size": written.size, **more, **_contents(root)}
        put(json.dumps(facts, indent=2) + "\n")
    else:
        put(f"sha256:{written.sha256}  {arguments.output}\n")


def _options(arguments: argparse.Namespace) -> ImageOptions:
    from ..ops.images import ImageOptions

    return ImageOptions(
        tag=arguments.tag,
        layers=arguments.layers,
        compression=arguments.compression,
        command=_words("--cmd", arguments.cmd),
        entrypoint=_words("--entrypoint", arguments.entrypoint),
        environment=tuple(arguments.env),
        user=arguments.user,
        directory=arguments.workdir,
        labels=_pairs("--label", arguments.label),
        annotations=_pairs("--annotation", arguments.annotation),
        proof=arguments.proof,
    )


def _words(option: str, text: str | None) -> tuple[str, ...] | None:
    import shlex

    if text is None:
        return None
    try:
        return tuple(shlex.split(text))
    except ValueError as error:
        raise RequestError(f"{option} '{text}' cannot be split into words: {error}") from error


def _pairs(option: str, texts: list[str]) -> dict[str, str]:
    found = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not name or not equals:
            raise RequestError(f"{option} '{text}' has no name or no value", hint=f"write {option} NAME=VALUE")
        found[name] = value
    return found


def _root(arguments: argparse.Namespace, session: Session) -> InstalledRoot:
    """Build what is asked for, and tell what the root lacks."""
    from ..ops.installed import install_root
    from .options.building import options_of
    from .options.reporting import notices_of, reporter_of
    from .progress.late import LateReporter

    request = evaluation.request_of(arguments, takes_objects=True)
    reporter = LateReporter(lambda: reporter_of(arguments))
    root = install_root(session, request, options_of(arguments), reporter, notices_of(arguments))
    if not arguments.quiet:
        for title, path in root.unmet:
            tell(f"chx: {title} needs /{path} where it runs, and no package of the image has it\n")
        for line in root.unapplied:
            tell(
                f"chx: a line of tmpfiles of {line.package} is for a running system: {line.fields['type']} {line.name}\n"
            )
        for trigger in root.triggers:
            tell(f"chx: a trigger of {trigger.package} was not run: {trigger.name}\n")
    return root


def _contents(root: InstalledRoot) -> dict[str, object]:
    return {
        "packages": [
            {"name": package.title, "attribute": package.attribute or None, "objects": list(map(str, package.objects))}
            for package in root.packages
        ],
        "users": [{"name": user.name, "uid": user.uid, "gid": user.gid} for user in root.accounts.users],
        "services": [service.name for service in root.services],
        "unmet": [{"package": title, "path": f"/{path}"} for title, path in root.unmet],
    }
