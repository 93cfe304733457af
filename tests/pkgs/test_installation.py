"""What packages say to the maker of a root: complete when read, refused when wrong, and nothing to the build."""

from __future__ import annotations

import pytest

from chx.evaluator import EvalError


def package(attributes: str) -> str:
    return f'(set.mkDerivation {{ pname = "x"; version = "1"; {attributes} }})'


ALL = """
  modes."usr/bin/doas" = { mode = "4755"; };
  modes."var/lib/x" = { mode = "750"; owner = "x:adm"; };
  users.x = { uid = 101; groups = [ "adm" ]; };
  groups.adm = { gid = 4; };
  tmpfiles = [ { type = "d"; path = "/var/lib/x"; mode = "0750"; owner = "x:x"; } ];
  services.x = { command = "/usr/bin/x  -f"; user = "x"; restart = "on-failure"; dependsOn = [ "network" ]; };
  triggers."/usr/share/man/*" = "makewhatis /usr/share/man";
  alternatives."usr/bin/vi" = { target = "usr/bin/nvi"; };
  checks.boot = "x --version";
  boot.kernel = { file = "boot/vmlinuz"; console = "ttyS0"; };
  revision = 2;
  updateCheck = { url = "https://example.org/"; pattern = "x-([0-9.]+)"; };
"""


def test_what_is_said_is_given_complete(evaluate) -> None:
    said = evaluate(package(ALL) + ".installation")
    assert said["modes"] == {
        "usr/bin/doas": {"mode": "4755", "owner": "root:root"},
        "var/lib/x": {"mode": "0750", "owner": "x:adm"},
    }
    user = {"uid": 101, "group": None, "groups": ["adm"], "home": "/var/empty", "shell": "/usr/bin/nologin"}
    assert said["users"] == {"x": {**user, "description": None}}
    assert said["groups"] == {"adm": {"gid": 4, "members": []}}
    service = said["services"]["x"]
    assert service["command"] == ["/usr/bin/x", "-f"] and service["restart"] == "on-failure"
    assert (service["type"], service["dependsOn"], service["stop"]) == ("process", ["network"], None)
    kernel = {"file": "boot/vmlinuz", "console": "ttyS0", "commandLine": []}
    assert said["boot"] == {"kernel": kernel, "stub": None, "initramfs": None}
    assert said["tmpfiles"][0]["age"] is None and said["tmpfiles"][0]["owner"] == "x:x"
    assert said["triggers"] == {"/usr/share/man/*": "makewhatis /usr/share/man"}
    assert said["alternatives"] == {"usr/bin/vi": {"target": "usr/bin/nvi", "priority": 100}}
    assert said["checks"] == {"boot": "x --version"}
    assert (said["revision"], said["updateCheck"]["ignore"]) == (2, [])


def test_a_package_that_says_nothing_has_the_defaults(evaluate) -> None:
    said = evaluate(package("") + ".installation")
    assert said == {
        **{name: {} for name in ("modes", "users", "groups", "services", "triggers", "alternatives")},
        "tmpfiles": [],
        "boot": {"kernel": None, "stub": None, "initramfs": None},
        "revision": 0,
        "updateCheck": None,
        "checks": {"boot": None},
        "apk": {
            **{name: [] for name in ("depends", "provides", "replaces", "installIf")},
            **dict.fromkeys(("version", "providerPriority", "replacesPriority")),
            "rootLinks": False,
            "subpackages": {},
        },
    }


def test_nothing_of_it_reaches_the_build(evaluate) -> None:
    assert evaluate(f"{package(ALL)}.drvPath == {package('')}.drvPath") is True
    # Not even what is wrong, which who reads it is told.
    assert evaluate(f"{package('modes = 3;')}.drvPath == {package('')}.drvPath") is True


def test_overriding_attributes_changes_it(evaluate) -> None:
    assert evaluate("(set.zlib.overrideAttrs { revision = 7; }).installation.revision") == 7


WRONG = {
    'modes."/usr/bin/x".mode = "755";': """`modes."/usr/bin/x"` is wrong: '/usr/bin/x' is not as files are named""",
    'modes."usr/../x".mode = "755";': "'usr/../x' climbs",
    'modes."usr/bin/x".mode = 4755;': 'it is a number: write "4755"',
    'modes."usr/bin/x".mode = "u+s";': "it is not three or four octal digits",
    'modes."usr/bin/x".mdoe = "4755";': "there is no such thing; did you mean `mode`?",
    'modes."usr/bin/x".owner = "root";': "'root' is not USER:GROUP",
    'modes."usr/bin/x" = { };': "it has neither `mode` nor `owner`",
    'modes."usr/bin/x" = "4755";': "it is a string and not a set",
    "modes = 3;": "`modes` is wrong: it is an int and not a set",
    "users.X = { };": "'X' is not a name of small letters",
    "users.x.uid = 70000;": "it is 70000 and not between 0 and 65534",
    'users.x.uid = "7";': "it is a string and not a whole number",
    'users.x.home = "home";': "'home' is not an absolute path",
    "users.x.groups = [ 3 ];": "it is an int and not a string",
    "groups.x.mebers = [ ];": "did you mean `members`?",
    'tmpfiles = [ { path = "/x"; } ];': '`tmpfiles."1"` is wrong: it has no `type`',
    'tmpfiles = [ { type = "dd"; path = "/x"; } ];': "there is no 'dd'",
    'tmpfiles."/x" = { };': "it is a set and not a list",
    'services.x.command = "x";': "'x' is not the absolute path of a program",
    'services.x.command = "/bin/x | y";': "no shell reads it",
    'services.x.command = "/bin/${set.zlib}";': "it names an object of the store",
    "services.x = { };": "it has no `command`",
    'services.x = { command = "/bin/x"; type = "bgprocess"; };': "it has no `pidFile`",
    'services.x = { command = "/bin/x"; restart = true; };': "it is a bool and not a string",
    'services.x = { comand = "/bin/x"; };': "did you mean `command`?",
    'triggers."usr/share" = "x";': "'usr/share' is not an absolute path",
    'triggers."/usr/share" = "";': "it is empty",
    'alternatives."usr/bin/vi".target = "/usr/bin/nvi";': "write `usr/bin/nvi`",
    'alternatives."usr/bin/vi" = { };': "it has no `target`",
    'checks.boot = "";': "it is empty",
    "checks.boot = [ ];": "neither the text of a script nor a file",
    'checks.boot = "${set.zlib}/bin/x";': "it names an object of the store",
    'checks.bot = "x";': "did you mean `boot`?",
    'boot.kernel = { console = "ttyS0"; };': "it has no `file`",
    'boot.kernel.file = "/boot/vmlinuz";': "write `boot/vmlinuz`",
    'boot.kernel = { file = "vmlinuz"; commandLine = [ "a b" ]; };': "'a b' is not one word of a command line",
    'boot.stob = "x";': "did you mean `stub`?",
    "revision = -1;": "it is -1 and not 0 or more",
    'revision = "1";': "it is a string and not a whole number",
    'updateCheck.url = "example.org";': "'example.org' is not an address",
    'updateCheck.patern = "x";': "did you mean `pattern`?",
}


@pytest.mark.parametrize("attributes", WRONG)
def test_what_is_wrong_is_told_with_the_package(evaluate, attributes: str) -> None:
    with pytest.raises(EvalError) as error:
        evaluate(package(attributes) + ".installation")
    message = error.value.message
    assert message.startswith("the package 'x-1': `")
    assert WRONG[attributes] in message


def test_the_place_is_that_of_what_is_wrong(evaluate, tmp_path) -> None:
    (tmp_path / "set.nix").write_text(
        'set: set.mkDerivation {\n  pname = "x";\n  version = "1";\n  services.x = {\n    comand = "/bin/x";\n  };\n}\n'
    )
    with pytest.raises(EvalError) as error:
        evaluate(f"(import {tmp_path}/set.nix set).installation")
    assert f"at {tmp_path}/set.nix:5: `services.x.comand` is wrong" in error.value.message


@pytest.mark.parametrize(
    ("wrong", "right"), [("mode", "modes"), ("update_check", "updateCheck"), ("tmpFiles", "tmpfiles")]
)
def test_a_misspelt_attribute_is_no_variable(evaluate, wrong: str, right: str) -> None:
    with pytest.raises(EvalError, match=f"has `{wrong}`, which means nothing; `{right}` does"):
        evaluate(package(f"{wrong} = 1;") + ".drvPath")


def test_attributes_are_the_same_for_build_and_reader(evaluate) -> None:
    known = evaluate('(import <chx/lib/conventions.nix> { name = "x"; arguments = { }; }).installed')
    assert sorted(known) == sorted(evaluate(package("") + ".installation"))
