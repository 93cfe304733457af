"""Push an image layout to a registry, by skopeo or oras: both speak the registry's protocol and know its accounts."""

from __future__ import annotations

import shutil
import subprocess

from .errors import PushFailed, WrongOption

_LONGEST = 2000


def check_push(reference: str) -> list[str]:
    """Return the program that pushes, before anything is written. Raises `PushFailed` if there is none, `WrongOption`."""
    if not reference or reference.startswith("-") or any(c.isspace() or not c.isprintable() for c in reference):
        raise WrongOption(f"{reference!r} names no image of a registry", hint="write HOST/NAME:TAG")
    for name in ("skopeo", "oras"):
        found = shutil.which(name)
        if found is not None:
            return [name, found]
    raise PushFailed(
        "pushing needs skopeo or oras, and neither is here",
        hint="install one of them; or copy the directory to where one is",
    )


def push_image(directory: str, tag: str, reference: str, insecure: bool = False) -> None:
    """Push the image `tag` of a layout to `reference` (`HOST/NAME:TAG`), with the digests that it has.

    `insecure` allows a registry without TLS. The program reads its own configuration, such as accounts of registries.
    Raises `PushFailed`, `WrongOption`.
    """
    name, program = check_push(reference)
    reference = reference.removeprefix("docker://")
    if name == "skopeo":
        # What is signed or not is decided by who pulls; this image is one's own.
        command = [program, "--insecure-policy", "copy", "--quiet", "--preserve-digests"]
        command += ["--dest-tls-verify=false"] if insecure else []
        command += [f"oci:{directory}:{tag}", f"docker://{reference}"]
    else:
        command = [program, "cp", "--from-oci-layout", f"{directory}:{tag}", reference]
        command += ["--to-plain-http"] if insecure else []
    run = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if run.returncode != 0:
        said = run.stderr.decode("utf-8", "replace").strip()[-_LONGEST:]
        raise PushFailed(f"{name} cannot push '{reference}' (exit status {run.returncode}): {said}")
