# Packages without a build, with what makers of roots read.
let
  package =
    pname: files: arguments:
    derivation {
      name = "${pname}-1";
      system = "builtin";
      builder = "builtin:tree";
      entries = builtins.toJSON files;
    }
    // {
      inherit pname;
      version = "1";
      runtime = arguments.runtime or [ ];
      installation = import <chx/lib/installation.nix> {
        name = "${pname}-1";
        arguments = builtins.removeAttrs arguments [ "runtime" ];
      };
    };
  file = path: content: { inherit path content; kind = "file"; };
  program = path: content: { inherit path content; kind = "executable"; };
  link = path: target: { inherit path target; kind = "symlink"; };
  bin = link "bin" "usr/bin";
in
rec {
  sh = package "sh" [ bin (program "usr/bin/sh" "#!") ] { };
  doas =
    package "doas"
      [ bin (program "usr/bin/doas" "doas") (file "etc/doas.conf" "permit") { path = "var/lib/doas"; kind = "directory"; } ]
      {
        runtime = [ daemon "/bin/sh" ];
        modes."usr/bin/doas" = { mode = "4755"; owner = "root:daemon"; };
        modes."var/lib/doas".mode = "0700";
      };
  daemon =
    package "daemon" [ bin (program "usr/bin/daemond" "daemon") ]
      {
        users.daemon.home = "/var/lib/daemon";
        users.zed = { uid = 100; groups = [ "daemon" ]; shell = "/bin/sh"; description = "Z"; };
        groups.aaa = { };
        tmpfiles = [
          { type = "d"; path = "/var/lib/daemon"; mode = "0750"; owner = "daemon:daemon"; }
          { type = "f"; path = "/var/lib/daemon/state"; argument = "new"; owner = "daemon:daemon"; mode = "0600"; }
          { type = "L"; path = "/var/run"; argument = "../run"; }
          { type = "r"; path = "/tmp/old"; }
        ];
        services.daemon = { command = "/usr/bin/daemond"; user = "daemon"; };
        triggers."/usr/share/man/*" = "makewhatis";
      };
  vi = package "vi" [ bin (program "usr/bin/vi-small" "vi") ] {
    alternatives."usr/bin/vi".target = "usr/bin/vi-small";
  };
  vim = package "vim" [ bin (program "usr/bin/vi-large" "vim") ] {
    alternatives."usr/bin/vi" = { target = "usr/bin/vi-large"; priority = 200; };
  };
  passwd = package "passwd" [
    (file "etc/passwd" "root:x:0:0:admin:/:/bin/sh\nold:x:101:101::/:/bin/false\n")
    (file "etc/group" "root:x:0:\nold:x:101:\nwheel:x:102:old\n")
  ] { users.new.groups = [ "wheel" ]; };
  other = package "other" [ bin (program "usr/bin/doas" "another") ] { };
  equal = package "equal" [ bin (program "usr/bin/doas" "doas") ] { };
  strange = package "strange" [ (file "etc/new\nline" "1") (file "etc/.wh.x" "2") ] { };
  hundred = package "hundred" [ ] { users.daemon.uid = 7; };
  numbered = package "numbered" [ ] { users.another.uid = 100; };
  unknown = package "unknown" [ (file "x" "x") ] { modes."x" = { owner = "nobody:nobody"; mode = "0600"; }; };
  lost = package "lost" [ (file "x" "x") ] { modes."y".mode = "0600"; };
  wrong = package "wrong" [ ] { modes."y".mood = "0600"; };
  even = package "even" [ bin (program "usr/bin/vi-x" "x") ] { alternatives."usr/bin/vi".target = "usr/bin/vi-x"; };
  plain = derivation {
    name = "plain";
    system = "builtin";
    builder = "builtin:tree";
    entries = builtins.toJSON [ (program "usr/bin/plain" "plain") (file "etc/passwd" "me:x:5:5::/:/sh\n\n") ];
  };
  # What refers to another object has it in its image.
  referring = derivation {
    name = "referring";
    system = "builtin";
    builder = "builtin:tree";
    entries = builtins.toJSON [ (link "etc/app" "${plain}/usr/bin/plain") ];
  };
  failing = derivation {
    name = "failing";
    system = "builtin";
    builder = "builtin:tree";
    entries = "no JSON";
  };
  # 4 MiB.
  large = package "large" [
    (file "large" (builtins.foldl' (text: _: text + text) "0123456789abcdef" (builtins.genList (n: n) 18)))
  ] { };
  foreign = package "foreign" [ (file "f" "f") ] { } // { profile = { name = "riscv64"; }; };
  native = package "native" [ (file "n" "n") ] { } // { profile = { name = "x86_64"; }; };
}
