# What a build system wants to be told: the phases of a package that names its
# `style` and does not write them itself.
#
# `configureFlags` and `makeFlags` are words for the program that configures and for
# the one that builds, whichever they are.
{
  pname,
  configureFlags ? [ ],
  makeFlags ? [ ],
  # Variables that a makefile is given on make's command line.
  makeVariables ? [
    "CC"
    "CXX"
    "AR"
    "RANLIB"
    "CFLAGS"
    "CXXFLAGS"
    "CPPFLAGS"
    "LDFLAGS"
  ],
  # Where to configure and build; the sources are not touched then.
  buildDirectory ? null,
  configureScript ? "./configure",
  autoreconf ? false,
  # The machines that builds run on and are for, as configure names them.
  buildAndHost ? throw "the package '${pname}' has a style that wants `buildAndHost`, { build, host }, as package sets say them",
  canRun ? true,
  sysroot ? null,
  LDFLAGS ? "-static",
  ...
}:

let
  inherit (import ./words.nix) command;
  inherit (builtins) concatStringsSep map;

  call = command (configureFlags ++ makeFlags);

  given = concatStringsSep "" (map (name: " \${${name}:+\"${name}=\$${name}\"}") makeVariables);

  directory = if buildDirectory == null then "build" else buildDirectory;

  # `configure` above the folder where it is called.
  script =
    if buildDirectory == null then
      configureScript
    else
      ''"$source"/${configureScript}'';
  enter =
    if buildDirectory == null then
      ""
    else
      ''
        source=$PWD
        mkdir -p ${buildDirectory}
        cd ${buildDirectory}
      '';

  configure = {
    configurePhase = enter + ''
      ${call "${script} --prefix=/usr $configureFlags"}
    '';
    buildPhase = ''
      ${call ''make -j"$NIX_BUILD_CORES" $makeFlags''}
    '';
    checkPhase = ''
      ${call "make check $makeFlags"}
    '';
    installPhase = ''
      ${call ''make install DESTDIR="$out" $makeFlags''}
    '';
  };

  # libtool takes -static for itself, and links programs with the shared C library where
  # there is one. It does not know the flag by its other name.
  isStatic =
    buildAndHost.libc or "" == "glibc"
    && builtins.elem "-static" (builtins.filter builtins.isString (builtins.split " " LDFLAGS));

  machine = builtins.head (builtins.split "-" buildAndHost.host);
in
{
  inherit configure;

  # A `configure` that autoconf made. Everything is linked statically; the archives of
  # libtool say nothing that pkg-config does not.
  autoconf = configure // {
    configurePhase =
      (if autoreconf then "autoreconf -f -i\n" else "")
      + enter
      + ''
        ${call (
          concatStringsSep " " [
            (if isStatic then "LDFLAGS=\"$LDFLAGS --static\" ${script}" else script)
            "--build=${buildAndHost.build} --host=${buildAndHost.host} --prefix=/usr --sbindir=/usr/bin --libdir=/usr/lib"
            "--sysconfdir=/etc --localstatedir=/var --mandir=/usr/share/man --infodir=/usr/share/info"
            "--disable-shared --enable-static --disable-nls --disable-dependency-tracking $configureFlags"
          ]
        )}
      '';
    installPhase = configure.installPhase + ''
      [ ! -d "$out/usr" ] || find "$out/usr" -name '*.la' -exec rm -f {} +
      rm -f "$out/usr/share/info/dir"
    '';
  };

  # A makefile that upstream wrote by hand.
  make = {
    configurePhase = "";
    buildPhase = ''
      ${call ''make -j"$NIX_BUILD_CORES"${given} $makeFlags''}
    '';
    checkPhase = ''
      ${call "make check${given} $makeFlags"}
    '';
    installPhase = ''
      ${call ''make install DESTDIR="$out" PREFIX=/usr prefix=/usr${given} $makeFlags''}
    '';
  };

  cmake = {
    configurePhase = ''
      ${call (
        concatStringsSep " " (
          [
            "cmake -S . -B ${directory} -DCMAKE_INSTALL_PREFIX=/usr -DCMAKE_INSTALL_LIBDIR=lib -DCMAKE_INSTALL_SBINDIR=bin"
            "-DCMAKE_BUILD_TYPE=None -DBUILD_SHARED_LIBS=OFF -DCMAKE_EXE_LINKER_FLAGS=\"$LDFLAGS\""
            "-DCMAKE_AR=\"$(command -v \"$AR\")\" -DCMAKE_RANLIB=\"$(command -v \"$RANLIB\")\""
          ]
          ++ (
            if canRun then
              [ ]
            else
              [
                "-DCMAKE_SYSTEM_NAME=Linux -DCMAKE_SYSTEM_PROCESSOR=${machine} -DCMAKE_FIND_ROOT_PATH_MODE_PROGRAM=NEVER"
                "-DCMAKE_FIND_ROOT_PATH_MODE_LIBRARY=ONLY -DCMAKE_FIND_ROOT_PATH_MODE_INCLUDE=ONLY -DCMAKE_FIND_ROOT_PATH_MODE_PACKAGE=ONLY"
              ]
          )
          ++ (if sysroot == null then [ ] else [ "-DCMAKE_FIND_ROOT_PATH=/${sysroot}" ])
          ++ [ "$configureFlags" ]
        )
      )}
    '';
    buildPhase = ''
      ${call ''cmake --build ${directory} --parallel "$NIX_BUILD_CORES" -- $makeFlags''}
    '';
    checkPhase = ''
      ctest --test-dir ${directory} --output-on-failure
    '';
    installPhase = ''
      DESTDIR="$out" cmake --install ${directory}
    '';
  };

  # By muon, which is Meson in C, and the ninja in it.
  meson = {
    configurePhase = ''
      ${call "muon setup -Dprefix=/usr -Dlibdir=lib -Dsbindir=bin -Dsysconfdir=/etc -Dlocalstatedir=/var -Dbuildtype=plain -Ddefault_library=static $configureFlags ${directory}"}
    '';
    buildPhase = ''
      ${call ''muon -C ${directory} samu -j "$NIX_BUILD_CORES" $makeFlags''}
    '';
    checkPhase = ''
      muon -C ${directory} test
    '';
    installPhase = ''
      DESTDIR="$out" muon -C ${directory} install
    '';
  };

  # Modules in Python alone, as they lie below `modules`, a folder.
  python = {
    configurePhase = "";
    buildPhase = "";
    checkPhase = "";
    installPhase = ''
      site=$(python3 -c 'import sysconfig; print(sysconfig.get_path("purelib", vars={"base": "/usr"}))')
      mkdir -p "$out$site"
      cp -Rp ''${modules:-${pname}} "$out$site/"
      find "$out" -name __pycache__ -type d -prune -exec rm -rf {} +
      python3 -m compileall -q --invalidation-mode unchecked-hash -s "$out" "$out$site"
    '';
  };

  # One program, compiled by one command: of `sources`, with `libs`, as `program`.
  command = {
    configurePhase = "";
    buildPhase = ''
      ''${CC:-cc} ''${CFLAGS-} ''${LDFLAGS-} -o "''${program:-${pname}}" ''${sources:-*.c} ''${libs-}
    '';
    checkPhase = "";
    installPhase = ''
      mkdir -p "$out/usr/bin"
      cp "''${program:-${pname}}" "$out/usr/bin/"
    '';
  };
}
