# CPython as one static program: what else loads its modules in C at run time has them
# in it from the start.
{
  mkDerivation,
  fetchurl,
  unpack,
  profile,
  buildProfile,
  buildPackages,
  toolchain,
  pkgconf,
  bzip2,
  xz,
  zlib,
}:

let
  isNative = profile.name == buildProfile.name;
in
mkDerivation {
  pname = "python3";
  version = "3.13.5";

  src = unpack {
    name = "python3-source";
    src = fetchurl {
      url = "debian-source:python3.13/python3.13_3.13.5.orig.tar.xz";
      sha256 = "93e583f243454e6e9e4588ca2c2662206ad961659863277afcdb96801647d640";
    };
  };

  broken = if toolchain.compiler == "tcc" then "tcc has no atomic operations of C11 on all types" else null;

  style = "autoconf";
  # Of another machine, it has a Python of the same version write what it brings.
  tools = [ pkgconf ] ++ (if isNative then [ ] else [ buildPackages.python3 ]);
  libraries = [
    bzip2
    xz
    zlib
  ];

  # All modules go into the program.
  postPatch = ''
    printf '%s\n' '*static*' > Modules/Setup.local
    sed -i 's/^\*shared\*$/*static*/' Modules/Setup.stdlib.in
  '';
  MODULE_BUILDTYPE = "static";
  configureFlags = [
    "--without-ensurepip"
    # Without debugging information, which holds the folder of the build.
    "OPT=-DNDEBUG"
    "--disable-test-modules"
    "py_cv_module__ctypes_test=n/a"
    "py_cv_module__tkinter=n/a"
  ]
  ++ (
    if isNative then
      [ ]
    else
      [
        "--with-build-python=/usr/bin/python3"
        "ac_cv_file__dev_ptmx=yes"
        "ac_cv_file__dev_ptc=no"
      ]
  );

  doCheck = true;
  checkPhase = ''
    test "$(./python -c 'import zlib, lzma, math, json; print(json.loads("42"))')" = 42
  '';

  postInstall = ''
    rm -rf "$out"/usr/lib/python3*/test "$out"/usr/lib/python3*/idlelib "$out"/usr/lib/python3*/turtledemo
    find "$out" -name __pycache__ -type d -prune -exec rm -rf {} +
    rm -rf "$out"/usr/lib/python3*/config-*
    # Modules that begin as scripts do.
    grep -rl '^#!' "$out/usr/lib" | while read -r file; do
      sed -i '1s|^#!.*python.*|#!/usr/bin/python3|' "$file"
    done
    sed -i "s|$PWD|/usr/src/python3|g" "$out"/usr/lib/python3*/_sysconfigdata*.py
    ln -s python3 "$out/usr/bin/python"
  '';

  runtime = [ "/bin/sh" ];

  meta = {
    description = "the language Python";
    homepage = "https://www.python.org/";
    license = "PSF-2.0";
  };
}
