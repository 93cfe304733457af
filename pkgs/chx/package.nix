# chx itself: the modules, the package set and the machines of this very copy of it. Where
# they lie, in a checkout or in an installed package, does not matter: what differs between
# the two is left out.
{
  mkDerivation,
  fetchurl,
  unpack,
  python3,
  python3-chx,
  # The sandbox. Where the set has none, one has to be found beside it.
  bubblewrap ? null,
}:

let
  inherit (builtins)
    baseNameOf
    elem
    head
    match
    stringLength
    substring
    ;

  root = ../..;
  # What a path is called below the folder.
  below = path: substring (stringLength (toString root) + 1) (-1) path;

  rooms = [
    "apk"
    "arch"
    "builder"
    "cli"
    "disk"
    "evaluator"
    "lang"
    "oci"
    "ops"
    "remote"
    "store"
  ];
  # Folders that are data to the last file.
  data = [
    "arch"
    "pkgs"
    "templates"
  ];

  isWanted =
    path: type:
    let
      name = below path;
      room = head (builtins.filter builtins.isString (builtins.split "/" name));
      isModule = match ".*[.](py|lark)" name != null;
    in
    if baseNameOf path == "__pycache__" then
      false
    else if elem room data then
      true
    else if elem room rooms then
      type == "directory" || isModule
    else
      name == "py.typed"
      || isModule
      && !(elem name [
        "conftest.py"
        "setup.py"
      ]);

  # Makes the tables of the parser, once.
  lark = unpack {
    name = "lark";
    strip = 0;
    src = fetchurl {
      url = "pypi:lark==1.3.1/lark-1.3.1-py3-none-any.whl";
      sha256 = "c629b661023a014c37da873b4ff58a817398d12635d3bbb2c5a03be7fe5d1e12";
    };
  };
in
mkDerivation {
  pname = "chx";
  version = head (match ".*\n__version__ = \"([^\"]*)\".*" (builtins.readFile (root + "/__init__.py")));

  src = builtins.path {
    name = "chx-source";
    path = root;
    filter = isWanted;
  };

  style = "python";
  tools = [ python3 ];

  unpackPhase = ''
    mkdir source
    cd source
    cp -Rp "$src" chx
    chmod -R u+w chx
  '';

  buildPhase = ''
    PYTHONPATH=$PWD:${lark} python3 -m chx.lang.parse_table chx/lang/table.bin
  '';

  # Evaluation reads these folders, and is to find what it finds elsewhere.
  postInstall = ''
    find "$out"/usr/lib/python3*/site-packages/chx/arch "$out"/usr/lib/python3*/site-packages/chx/pkgs \
      "$out"/usr/lib/python3*/site-packages/chx/templates -name __pycache__ -type d -prune -exec rm -rf {} +
    mkdir -p "$out/usr/bin"
    cat > "$out/usr/bin/chx" <<'end'
    #!/usr/bin/python3 -I
    import sys

    from chx.cli import main

    sys.exit(main())
    end
    chmod 755 "$out/usr/bin/chx"
  '';

  runtime = [ python3-chx ] ++ (if bubblewrap == null then [ ] else [ bubblewrap ]);

  lints.waive = {
    build-path = "it makes the folders of builds, and names them";
    store-path = "it names an object that there is none of, to compare builds with";
  };

  meta = {
    description = "evaluator, builder and store of packages, with a proof of their origin";
    homepage = "https://chimera-linux.org/";
    license = "BSD-2-Clause";
    origin = "independent";
  };
}
