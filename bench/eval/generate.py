"""Write a package collection and a configuration that resemble those people have, for `compare.py`.

    python bench/eval/generate.py DIRECTORY [--packages 1000] [--modules 600]

`packages.nix` in DIRECTORY instantiates the packages, each in a file of its own; `modules.nix` evaluates the modules.
What is written by hand is in `collection/` beside this file; the rest is made from patterns. Equal sizes make equal files.
"""

from __future__ import annotations

import argparse
import pathlib
import random
import shutil

HERE = pathlib.Path(__file__).resolve().parent
SEED = 20_340_800
WORDS = [
    "amber",
    "basalt",
    "cedar",
    "delta",
    "ember",
    "fjord",
    "garnet",
    "harbor",
    "indigo",
    "juniper",
    "kelp",
    "lichen",
    "marble",
    "nectar",
    "onyx",
    "pebble",
    "quartz",
    "raven",
    "slate",
    "tundra",
    "umber",
    "violet",
    "willow",
    "yarrow",
    "zephyr",
]
STYLES = ("autotools", "cmake", "meson", "plain")
FLAGS = 160
LICENSES = 150
MAINTAINERS = 240


def write(target: pathlib.Path, packages: int = 1000, modules: int = 600) -> None:
    """Write everything into an empty or new directory. OSError if that cannot be done."""
    shutil.copytree(HERE / "collection", target, dirs_exist_ok=True)
    shutil.copy(HERE / "module-system.nix", target)
    rng = random.Random(SEED)
    library = target / "lib"
    (library / "licenses.nix").write_text(_licenses(rng))
    (library / "maintainers.nix").write_text(_maintainers(rng))
    (library / "flags.nix").write_text(_flags(rng))
    _write_packages(target, rng, packages)
    _write_modules(target / "modules", rng, modules)


def _phrase(rng: random.Random, words: int) -> str:
    return " ".join(rng.choice(WORDS) for _ in range(words))


def _licenses(rng: random.Random) -> str:
    entries = [
        f"  license{i} = license {{\n"
        f'    shortName = "license{i}";\n'
        f'    fullName = "{_phrase(rng, 3).title()} License {i}";\n'
        f'    spdxId = "Lic-{i}.0";\n'
        f"    free = {'false' if i % 40 == 39 else 'true'};\n"
        "  };\n"
        for i in range(LICENSES)
    ]
    head = (
        "# Written by generate.py.\n{ lib }:\nlet\n"
        "  license = { shortName, free ? true, redistributable ? free, deprecated ? false, ... }@args: args // {\n"
        '    inherit free redistributable deprecated;\n    url = "https://licenses.example.org/${shortName}.html";\n'
        "  };\nin\n{\n"
    )
    return head + "".join(entries) + "}\n"


def _maintainers(rng: random.Random) -> str:
    entries = [
        f"  {WORDS[i % len(WORDS)]}{i} = {{\n"
        f'    name = "{_phrase(rng, 2).title()}";\n'
        f'    email = "{rng.choice(WORDS)}{i}@example.org";\n'
        f'    github = "{WORDS[i % len(WORDS)]}{i}";\n'
        f"    githubId = {rng.randrange(10**7)};\n"
        "  };\n"
        for i in range(MAINTAINERS)
    ]
    return "# Written by generate.py.\n{ lib }:\n{\n" + "".join(entries) + "}\n"


def _flags(rng: random.Random) -> str:
    """Functions of options to flags, each built on one before."""
    parts = [
        "# Written by generate.py.\n{ lib }:\nlet\n  inherit (lib) concatStringsSep optional optionals;\nin\nrec {\n"
    ]
    for i in range(FLAGS):
        word = rng.choice(WORDS)
        before = f"flags{rng.randrange(i)} {{ inherit level; }}" if i % 4 == 3 else "[ ]"
        parts.append(
            f"  # Flags for {_phrase(rng, 4)}.\n"
            f"  flags{i} = {{ enable ? true, level ? {i % 5}, names ? [ ] }}:\n"
            "    let\n"
            f'      feature = lib.enableFeature enable "{word}";\n'
            f'      listed = map (name: "--{word}=${{name}}") names;\n'
            "    in\n"
            f'    [ feature ] ++ optional (level > 2) "--{word}-level=${{toString level}}"\n'
            f"    ++ optionals (names != [ ]) listed ++ {before};\n\n"
        )
    return "".join(parts) + "}\n"


def _write_packages(target: pathlib.Path, rng: random.Random, count: int) -> None:
    folder = target / "packages"
    folder.mkdir()
    lines = []
    for i in range(count):
        (folder / f"package{i}.nix").write_text(_package(rng, i))
        arguments = rng.choice(("{ }", "{ }", "{ }", f"{{ level = {i % 4}; }}", "{ withDocs = true; }"))
        lines.append(f"  package{i} = callPackage ./packages/package{i}.nix {arguments};\n")
    head = "# Written by generate.py.\n{ callPackage, pkgs, lib }:\n"
    (target / "all-packages.nix").write_text(head + "{\n" + "".join(lines) + "}\n")
    aliases = "".join(f"  alias{i} = final.package{i};\n" for i in range(0, count, 9))
    (target / "aliases.nix").write_text("# Written by generate.py.\nfinal: prev: {\n" + aliases + "}\n")
    (target / "names.nix").write_text("[ " + " ".join(f'"package{i}"' for i in range(count)) + " ]\n")


def _package(rng: random.Random, number: int) -> str:
    earlier = sorted(rng.sample(range(number), min(number, rng.randrange(1, 7))))
    if number == 9:
        earlier = [1, 3, 7]
    names = [f"package{i}" for i in earlier]
    native, needed, optional = names[:1], names[1:-1], names[-1:]
    style = rng.choice(STYLES)
    version = f"{rng.randrange(9)}.{rng.randrange(30)}.{rng.randrange(10)}"
    words = _phrase(rng, 5)
    flag = rng.randrange(FLAGS)
    return f"""\
{{ lib
, stdenv
, fetchurl
{"".join(f", {name}{' ? null' if name in optional else ''}" + chr(10) for name in names)}\
, withDocs ? false
, withTests ? !stdenv.isCross
, level ? {rng.randrange(5)}
}}:

stdenv.mkDerivation {"(finalAttrs: " if number % 3 == 0 else "rec "}{{
  pname = "package{number}";
  version = "{version}";

  src = fetchurl {{
    url = "https://example.org/package{number}/package{number}-${{{"finalAttrs." if number % 3 == 0 else ""}version}}.tar.gz";
    sha256 = "{rng.randbytes(32).hex()}";
  }};

  outputs = [ {'"out" "dev"' if number % 4 == 0 else '"out"'} ]{' ++ lib.optional withDocs "doc"' if number % 5 else ""};

  nativeBuildInputs = [ {" ".join(native)} ];
  buildInputs = [ {" ".join(needed)} ]{"".join(f" ++ lib.optionals (level > 2) [ {name} ]" for name in optional)};
{_style(rng, style, flag)}
  postPatch = ''
    substituteInPlace src/{rng.choice(WORDS)}.c \\
      --replace /usr/bin "${{placeholder "out"}}/bin"
  '' + lib.optionalString stdenv.isLinux ''
    patchShebangs tools/${{lib.escapeShellArg "{rng.choice(WORDS)} {number}"}}
  '';

  doCheck = withTests;
  {"hardeningDisable = [ " + '"' + rng.choice(("format", "pic", "fortify")) + '" ];' if number % 6 == 0 else ""}
  env.{rng.choice(WORDS).upper()} = toString (level * {number % 17 + 1});

  passthru = {{
    inherit level;
    tests.version = lib.versionAtLeast "{version}" "2.0";
    isNew = lib.versionOlder "4.0" "{version}";
  }};

  meta = with lib; {{
    description = "{words.capitalize()}";
    homepage = "https://example.org/package{number}";
    longDescription = ''
      {_phrase(rng, 9).capitalize()}.
      {_phrase(rng, 11).capitalize()}.
    '';
    license = {_license(rng)};
    maintainers = with maintainers; [ {" ".join(_maintainer(rng) for _ in range(rng.randrange(1, 4)))} ];
    platforms = platforms{number % 3};
    mainProgram = "package{number}";
  }};
}}{")" if number % 3 == 0 else ""}
""".replace(f"platforms{number % 3}", ("systems.linux", "systems.unix", "systems.linux ++ systems.x86")[number % 3])


def _license(rng: random.Random) -> str:
    one = f"licenses.license{rng.randrange(LICENSES)}"
    return one if rng.random() < 0.8 else f"[ {one} licenses.license{rng.randrange(LICENSES)} ]"


def _maintainer(rng: random.Random) -> str:
    i = rng.randrange(MAINTAINERS)
    return f"{WORDS[i % len(WORDS)]}{i}"


def _style(rng: random.Random, style: str, flag: int) -> str:
    word = rng.choice(WORDS)
    if style == "cmake":
        return (
            f"\n  cmakeFlagsSet = {{\n    BUILD_{word.upper()} = withDocs;\n    LEVEL = level;\n  }};\n"
            f"  cmakeFlags = lib.flags.flags{flag} {{ enable = withDocs; }};\n"
        )
    if style == "meson":
        return f"\n  mesonFlagsSet.{word} = withTests;\n  mesonFlags = lib.flags.flags{flag} {{ inherit level; }};\n"
    if style == "autotools":
        return (
            f'\n  configureFlags = [ "--disable-static" (lib.withFeature withDocs "{word}") ]\n'
            f'    ++ lib.flags.flags{flag} {{ names = [ "{word}" "{rng.choice(WORDS)}" ]; }};\n'
        )
    return f'\n  makeFlags = [ "PREFIX=$(out)" ] ++ map lib.toUpper (lib.flags.flags{flag} {{ }});\n'


def _write_modules(folder: pathlib.Path, rng: random.Random, count: int) -> None:
    folder.mkdir()
    (folder / "base.nix").write_text(BASE)
    for i in range(count):
        (folder / f"service{i}.nix").write_text(_module(rng, i))
    files = "".join(f"  ./service{i}.nix\n" for i in range(count))
    (folder / "default.nix").write_text(f"[\n  ./base.nix\n{files}]\n")


BASE = """\
{ lib, ... }:
{
  options = {
    environment.packages = lib.mkOption { type = lib.types.listOf lib.types.str; default = [ ]; };
    environment.variables = lib.mkOption { type = lib.types.attrsOf lib.types.str; default = { }; };
    environment.profile = lib.mkOption { type = lib.types.lines; default = ""; };
    environment.etc = lib.mkOption {
      default = { };
      type = lib.types.attrsOf (lib.types.submodule ({ name, config, ... }: {
        options = {
          target = lib.mkOption { type = lib.types.str; };
          text = lib.mkOption { type = lib.types.nullOr lib.types.lines; default = null; };
          mode = lib.mkOption { type = lib.types.enum [ "0444" "0644" "0755" ]; default = "0444"; };
          enable = lib.mkOption { type = lib.types.bool; default = config.text != null; };
        };
        config.target = lib.mkDefault "/etc/${name}";
      }));
    };
    networking.ports = lib.mkOption { type = lib.types.listOf lib.types.int; default = [ ]; };
    networking.hosts = lib.mkOption { type = lib.types.attrsOf (lib.types.listOf lib.types.str); default = { }; };
  };
}
"""


def _module(rng: random.Random, number: int) -> str:
    word, other = rng.choice(WORDS), f"service{rng.randrange(number)}" if number else ""
    forced = rng.choice(("mkForce", "mkOverride 60", "mkOverride 40"))
    influence = (
        f"    (lib.mkIf (cfg.enable && cfg.port > 1200) {{\n"
        f"      services.{other} = {{ enable = lib.{forced} true; settings.from{number} = cfg.port; }};\n    }})\n"
        if number and number % 4 == 0
        else ""
    )
    return f"""\
{{ config, lib, ... }}:
let
  cfg = config.services.service{number};
in
{{
  options.services.service{number} = {{
    enable = lib.mkOption {{
      type = lib.types.bool;
      default = {"true" if number % 3 else "false"};
      description = "Whether to run the service {_phrase(rng, 4)}.";
    }};
    port = lib.mkOption {{ type = lib.types.int; default = {1000 + number}; }};
    level = lib.mkOption {{ type = lib.types.enum [ "debug" "info" "error" ]; default = "info"; }};
    user = lib.mkOption {{
      type = lib.types.nullOr lib.types.str;
      default = null;
      apply = user: if user == null then "{word}" else user;
    }};
    settings = lib.mkOption {{ type = lib.types.attrsOf lib.types.int; default = {{ }}; }};
    instances = lib.mkOption {{
      default = {{ }};
      type = lib.types.attrsOf (lib.types.submodule ({{ name, ... }}: {{
        options.address = lib.mkOption {{ type = lib.types.str; default = "10.0.{number % 250}.${{toString (builtins.stringLength name)}}"; }};
        options.weight = lib.mkOption {{ type = lib.types.int; default = {rng.randrange(1, 9)}; }};
      }}));
    }};
  }};

  config = lib.mkMerge [
    {{ services.service{number}.level = lib.mkDefault "error"; }}
{influence}\
    (lib.mkIf cfg.enable {{
      services.service{number} = {{
        level = {"lib.mkForce " if number % 7 == 0 else ""}"{rng.choice(("debug", "info"))}";
        instances.{word}.weight = lib.mkOverride 900 {number % 11 + 1};
        instances.{rng.choice(WORDS)} = {{ }};
      }};
      environment.packages = lib.mkOrder {500 + number % 100} [ "service{number}" ];
      environment.variables.SERVICE_{number}_PORT = toString cfg.port;
      environment.profile = "export {word.upper()}_{number}=${{cfg.level}}";
      environment.etc."service{number}.conf" = {{
        text = "user = ${{cfg.user}}\\nlevel = ${{cfg.level}}\\n";
        mode = lib.mkDefault "{rng.choice(("0444", "0644"))}";
      }};
      networking.ports = [ cfg.port ];
      networking.hosts."{word}{number % 20}" = lib.optionals (cfg.instances ? {word}) [ cfg.instances.{word}.address ];
    }})
  ];
}}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=pathlib.Path)
    parser.add_argument("--packages", type=int, default=1000)
    parser.add_argument("--modules", type=int, default=600)
    arguments = parser.parse_args()
    write(arguments.directory, arguments.packages, arguments.modules)


if __name__ == "__main__":
    main()
