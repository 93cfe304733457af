"""Capture this machine's own compiler and tools as two trees: the seed 'host'.

chx asks the compiler for the files that it runs, reads and links, and the dynamic loader of each program for its
libraries. Where a compiler lacks an option of GCC and clang, chx tries another one, or does without. It copies the
files to the same paths in the tree, with two exceptions: `/bin` and `/usr/bin` are merged (likewise `/lib`, ...), and
a program outside of them gets a link in `/usr/bin`. So programs find their files on any distribution.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ...store import Derivation
from ..errors import RequestError
from .tree import MERGED, Tree, place

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ...store import StorePath
    from ..session import Session


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


TOOLS = _words(
    """
    awk basename bash bunzip2 bzcat bzip2 cat chmod cmp comm cp cut date dd diff dirname du echo egrep env expand expr
    false fgrep find fold grep gunzip gzip head hostname id install join kill ln ls make md5sum mkdir mkfifo mktemp mv
    nl nproc od paste patch printf pwd readlink realpath rm rmdir sed seq sh sha256sum sleep sort stat tac tail tar tee
    test timeout touch tr true truncate uname unexpand uniq unxz wc xargs xz xzcat yes zcat [
    """
)
NEEDED_TOOLS = frozenset({"sh", "make", "awk", "sed", "grep", "cp", "mv", "rm", "mkdir", "cat", "chmod"})
COMPILER_PARTS = ("cc1", "collect2", "lto-wrapper", "as", "ld")
COMPANIONS = ("ar", "ranlib", "as", "ld", "nm", "strip")
LIBRARIES = ("c", "m", "pthread", "dl", "rt", "util", "crypt", "gcc", "gcc_eh", "gcc_s", "c_nonshared")
START_FILES = _words(
    """
    crt1.o Scrt1.o rcrt1.o crti.o crtn.o crtbegin.o crtbeginS.o crtbeginT.o crtend.o crtendS.o liblto_plugin.so
    """
)
HEADERS = _words(
    """
    assert complex ctype errno fenv float inttypes iso646 limits locale math setjmp signal stdalign stdarg stdatomic
    stdbool stddef stdint stdio stdlib stdnoreturn string tgmath time uchar wchar wctype
    arpa/inet cpio dirent dlfcn fcntl fnmatch ftw glob grp iconv langinfo libgen monetary net/if netdb netinet/in
    netinet/tcp nl_types poll pthread pwd regex sched search semaphore spawn strings sys/ipc sys/mman sys/msg
    sys/resource sys/select sys/sem sys/shm sys/socket sys/stat sys/statvfs sys/time sys/times sys/types sys/uio sys/un
    sys/utsname sys/wait syslog tar termios ulimit unistd utime utmpx wordexp
    alloca byteswap elf endian err error execinfo features getopt link malloc memory mntent paths pty sys/cdefs
    sys/epoll sys/file sys/ioctl sys/mount sys/param sys/prctl sys/random sys/signal sys/statfs sys/syscall
    sys/sysinfo sys/sysmacros sys/ucontext sys/vfs ucontext values
    """
)
_CHECK = """
printf '#include <stdio.h>\\nint main(void) { printf("hello\\\\n"); return 0; }\\n' > hello.c
cc -static -o hello hello.c
test "$(./hello)" = hello
make -v > "$out"
"""


class Capture:
    """The files to copy; `work` is an empty directory for probes."""

    def __init__(self, compiler: str, work: str) -> None:
        self.compiler = compiler
        self._work = os.path.realpath(work)
        self.missing = [name for name in TOOLS if shutil.which(name) is None]
        lacking = sorted(NEEDED_TOOLS.intersection(self.missing))
        if lacking:
            raise RequestError(f"this machine has no {', '.join(lacking)}", hint="a build needs them: install them")
        self.userland = self._userland()
        self.toolchain = self._toolchain().without(self.userland)

    @cached_property
    def version(self) -> str:
        """The version message of the compiler."""
        return (self._try("--version") or self._run("-v")).strip()

    def _run(self, *arguments: str) -> str:
        """Run the compiler, and return its output. Raises `RequestError` if it fails."""
        run = subprocess.run(
            [self.compiler, *arguments],
            cwd=self._work,
            env={**os.environ, "LC_ALL": "C"},
            text=True,
            errors="surrogateescape",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        if run.returncode:
            raise RequestError(
                f"{self.compiler} {shlex.join(arguments)} failed: {run.stdout.strip()}",
                hint="the compiler must be able to link static programs; is its C library installed for that?"
                if "-static" in arguments
                else None,
            )
        return run.stdout

    def _try(self, *arguments: str) -> str | None:
        """Run the compiler, and return its output; None if it fails, as with an unknown option."""
        try:
            return self._run(*arguments)
        except RequestError:
            return None

    def _userland(self) -> Tree:
        tree = Tree()
        for name in TOOLS:
            found = shutil.which(name)
            if found is not None:
                tree.add_program(name, found)
        for name in MERGED:
            if os.path.islink(f"/{name}"):
                tree.links[name] = place(os.path.realpath(f"/{name}"))
            elif name in ("bin", "sbin", "lib", "lib64"):
                tree.links[name] = f"usr/{name}"
        return tree

    def _toolchain(self) -> Tree:
        tree = Tree()
        tree.add_program("cc", self.compiler)
        for name in (*COMPILER_PARTS, *COMPANIONS):
            printed = (self._try(f"-print-prog-name={name}") or "").strip()
            found = printed if printed.startswith("/") else shutil.which(name)
            if found is not None and os.path.isfile(found):
                if name in COMPANIONS:
                    tree.add_program(name, found)
                else:
                    tree.add_runnable(found)
        linked = self._linked()
        for path in {*self._headers(), *self._libraries(sorted(set(map(os.path.dirname, linked)))), *linked}:
            tree.add(path)
        for path in self._mentioned():
            tree.add_runnable(path)
        return tree

    def _probe(self, text: str) -> str:
        with open(os.path.join(self._work, "probe.c"), "w") as file:
            file.write(text)
        return "probe.c"

    def _headers(self) -> Iterable[str]:
        """Return the existing ones of `HEADERS`, and the headers that they include."""
        lines = [f"#if __has_include(<{name}.h>)\n#include <{name}.h>\n#endif\n" for name in HEADERS]
        probe = self._probe("".join(lines) + "int main(void) { return 0; }\n")
        found: set[str] = set()
        for options in ((), ("-D_GNU_SOURCE", "-O2", "-U_FORTIFY_SOURCE", "-D_FORTIFY_SOURCE=2"), ("-std=c99",)):
            output = self._try("-M", "-w", *options, probe)
            if output is None:
                return self._preprocessed()
            rule = output.replace("\\\n", " ")
            words = re.findall(r"(?:\\.|\S)+", rule.partition(":")[2])
            found.update(re.sub(r"\\(.)", r"\1", word) for word in words if word.startswith("/"))
        return found

    def _preprocessed(self) -> Iterable[str]:
        """Return the headers by line markers, for a compiler that has neither -M nor __has_include.

        tcc writes no line marker for a header that has only macros, but names it in its verbose output.
        """
        found: set[str] = set()
        for name in HEADERS:
            probe = self._probe(f"#include <{name}.h>\n")
            for options in ((), ("-D_GNU_SOURCE",)):
                marks = self._try("-E", *options, probe) or ""
                found.update(re.findall(r'^#\s*(?:line\s+)?\d+\s+"(/[^"\n]+)"', marks, re.MULTILINE))
                verbose = self._try("-vv", "-c", "-o", "probe.o", *options, probe) or ""
                found.update(re.findall(r"^->\s+(/\S+)$", verbose, re.MULTILINE))
        if not any(path.endswith("/stdio.h") for path in found):
            raise RequestError(f"{self.compiler} does not say which headers it reads, neither with -M nor with -E")
        return (path for path in found if os.path.isfile(path))

    def _libraries(self, folders: list[str]) -> Iterable[str]:
        """Yield start files and libraries, including those that a linker script names.

        Searches `folders` if the compiler does not print their paths.
        """
        names = [*START_FILES, *(f"lib{name}.{kind}" for name in LIBRARIES for kind in ("a", "so"))]
        for path in (path for name in names for path in self._files_named(name, folders)):
            yield path
            with open(path, "rb") as file:
                if file.read(8)[:4] in (b"\x7fELF", b"!<ar", b"!<th"):
                    continue
                file.seek(0)
                for word in re.findall(r"/[^\s()]+", os.fsdecode(file.read(1 << 16))):
                    if os.path.isfile(word):
                        yield word

    def _files_named(self, name: str, folders: list[str]) -> list[str]:
        printed = self._try(f"-print-file-name={name}")
        paths = [f"{folder}/{name}" for folder in folders] if printed is None else [printed.strip()]
        return [path for path in paths if path.startswith("/") and os.path.isfile(path)]

    def _linked(self) -> set[str]:
        """Return the files that the linker reads for a static and for a dynamic program."""
        probe = self._probe("#include <stdio.h>\nint main(void) { return puts(__FILE__) < 0; }\n")
        self._run("-static", "-o", "probe", probe, "-lm")
        # tcc has a linker of its own, which lists files only in verbose mode.
        for trace in ("-Wl,-t", "-vv"):
            static = self._try("-static", "-o", "probe", probe, trace, "-lm")
            if static is not None:
                # A machine may have only static libraries.
                dynamic = self._try("-o", "probe", probe, trace, "-lm") or ""
                paths = re.findall(r"/[^\s()]+", static + dynamic)
                return {path for path in paths if os.path.isfile(path) and not self._is_temporary(path)}
        raise RequestError(f"{self.compiler} does not say what it links, neither with -Wl,-t nor with -vv")

    def _mentioned(self) -> Iterable[str]:
        """Yield the files in the compiler's own command lines: passes, plug-ins, objects."""
        probe = self._probe("int main(void) { return 0; }\n")
        for mode in ((), ("-static",)):
            for line in (self._try("-###", *mode, "-o", "probe", probe) or "").splitlines():
                if not line.startswith(" "):
                    continue  # the compiler's configuration, and no command
                for word in shlex.split(line):
                    path = "/" + word.partition("/")[2]
                    if os.path.isfile(path) and not self._is_temporary(path):
                        yield path

    def _is_temporary(self, path: str) -> bool:
        return os.path.realpath(os.path.dirname(path)) == self._work


def capture_host(session: Session, name: str, compiler: str) -> dict[str, Any]:
    """Capture the program `compiler` and the host's tools into the store, and test them in a build.

    Returns the content of the lock. Raises `RequestError`, and `BuildError` if the captured programs do not work.
    """
    program = shutil.which(compiler)
    if program is None:
        raise RequestError(f"this machine has no `{compiler}`", hint="install a C compiler and its C library")
    store = session.store
    work = store.temporary("capture")
    probes = os.path.join(work, "probes")
    os.mkdir(probes)
    capture = Capture(os.path.abspath(program), probes)
    lock: dict[str, Any] = {
        "compiler": capture.version,
        "impure": True,
        "machine": os.uname().machine,
        "missing": capture.missing,
        "version": 1,
    }
    paths = []
    for part, tree in (("toolchain", capture.toolchain), ("userland", capture.userland)):
        root = os.path.join(work, part)
        tree.write(root)
        path = store.add_tree(root, f"{name}-{part}", consume=True)
        info = store.info(path)
        paths.append(path)
        lock[part] = {
            "files": len(tree.files),
            "path": str(path),
            "size": info.size,
            "tree": f"blake3:{info.tree_digest}",
        }
    shutil.rmtree(work)
    _try_out(session, name, paths)
    for part, path in zip(("toolchain", "userland"), paths):
        os.makedirs(os.path.join(store.home, "seeds"), exist_ok=True)
        store.add_root(os.path.join(store.home, "seeds", f"{name}-{part}"), path)
    return lock


def _try_out(session: Session, name: str, paths: list[StorePath]) -> None:
    machine = os.uname()
    check = Derivation(
        f"{name}-check",
        f"{machine.machine}-{machine.sysname.lower()}",
        "/bin/sh",
        ("-euc", _CHECK),
        input_srcs=tuple(sorted(paths)),
        rootfs=tuple(map(str, paths)),
    )
    added = session.store.add_bytes(check.to_json(), f"{check.name}.drv", check.input_srcs)
    session.realise([(added, ("out",))])
