# Which of the outputs beside `out` gets what, and the shell text that moves it there.
#
# Only outputs that a package lists get anything: without `static`, archives stay
# where the build put them. The rules are tried in this order, and the first one
# takes.
outputs:

let
  inherit (builtins)
    concatStringsSep
    elem
    filter
    map
    ;

  rules = [
    {
      output = "dbg";
      paths = [ "usr/lib/debug" ];
    }
    {
      # Wherever they are.
      output = "static";
      named = [ "*.a" ];
    }
    {
      output = "devel";
      paths = [
        "usr/include"
        "usr/lib/pkgconfig"
        "usr/share/pkgconfig"
        "usr/lib/cmake"
        "usr/share/cmake"
        "usr/share/aclocal"
        "usr/bin/*-config"
        "usr/share/man/man2"
        "usr/share/man/man3"
        "usr/share/man/man3*"
        "usr/lib/*.o"
      ];
      # Names that only the linker asks for.
      links = [ "usr/lib/*.so" ];
    }
    {
      output = "doc";
      paths = [
        "usr/share/doc"
        "usr/share/gtk-doc"
        "usr/share/html"
        "usr/share/info"
        "usr/share/man"
      ];
    }
  ];

  others = filter (output: output != "out") outputs;
  known = map (rule: rule.output) rules;
  unknown = filter (output: !(elem output known)) others;

  take =
    rule:
    map (path: "move ${rule.output} ${path}") (rule.paths or [ ])
    ++ map (path: "move_links ${rule.output} ${path}") (rule.links or [ ])
    ++ map (
      name: "find . ! -type d -name '${name}' > \"$TMPDIR/split\"; while read -r file; do move ${rule.output} \"$file\"; done < \"$TMPDIR/split\""
    ) (rule.named or [ ]);

  # Programs without what debuggers want, and that beside them.
  detach = ''
    find . -type f > "$TMPDIR/split"
    while read -r file; do
      case $(head -c 4 "$file" | tr -d '\177') in ELF) ;; *) continue ;; esac
      case $file in *.o | *.a) continue ;; esac
      mkdir -p "$dbg/usr/lib/debug/''${file%/*}"
      chmod u+w "$file"
      ''${OBJCOPY:-objcopy} --only-keep-debug "$file" "$dbg/usr/lib/debug/$file.debug"
      ''${OBJCOPY:-objcopy} --strip-debug "$file"
      (cd "$dbg/usr/lib/debug/''${file%/*}" && ''${OBJCOPY:-objcopy} --add-gnu-debuglink="''${file##*/}.debug" "$OLDPWD/$file")
    done < "$TMPDIR/split"
  '';
in
if builtins.head outputs != "out" then
  throw "`outputs` begins with \"out\", and not with \"${builtins.head outputs}\""
else if unknown != [ ] then
  throw "there is no rule for what goes to the output '${builtins.head unknown}'; there are rules for ${concatStringsSep ", " known}; a `splitPhase` of the package's own needs none"
else
  ''
    move() {
      eval "to=\$$1"
      shift
      for one; do
        if [ -e "$one" ] || [ -L "$one" ]; then
          mkdir -p "$to/''${one%/*}"
          mv "$one" "$to/$one"
          rmdir -p "''${one%/*}" 2>/dev/null || true
        fi
      done
    }
    move_links() {
      name=$1
      shift
      for one; do if [ -L "$one" ]; then move "$name" "$one"; fi; done
    }
    mkdir -p ${concatStringsSep " " (map (output: "\"\$${output}\"") others)}
    came_from=$PWD
    cd "$out"
    ${concatStringsSep "\n" (builtins.concatMap (rule: if elem rule.output others then take rule else [ ]) rules)}
    ${if elem "dbg" others then detach else ""}
    cd "$came_from"
    mkdir -p "$out"
  ''
