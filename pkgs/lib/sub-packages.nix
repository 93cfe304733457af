# The packages of apk that are made of parts of a package, after Chimera's: which paths
# go where, and with what each is installed by itself. The first rule that a path fits
# takes it; what no rule takes stays in the package. A path fits if it, or a directory
# that it is in, is like one of `paths`, in which `*` stands for any text without a
# slash. `links` are paths of symbolic links.
#
# `installWith` names the package that, beside the parent, has this one installed;
# `needsParent` says that it is of no use without the parent.
[
  {
    suffix = "dbg";
    description = "debugging information";
    paths = [ "usr/lib/debug" ];
    needsParent = true;
  }
  {
    suffix = "static";
    description = "static libraries";
    paths = [ "usr/lib/*.a" ];
    needsParent = true;
    installWith = "base-devel-static";
  }
  {
    suffix = "devel";
    description = "development files";
    paths = [
      "usr/include"
      "usr/lib/*.o"
      "usr/lib/cmake"
      "usr/lib/pkgconfig"
      "usr/bin/*-config"
      "usr/share/aclocal"
      "usr/share/cmake"
      "usr/share/man/man2"
      "usr/share/man/man3"
      "usr/share/man/man3*"
      "usr/share/pkgconfig"
    ];
    # Names that only the linker asks for.
    links = [ "usr/lib/*.so" ];
    needsParent = true;
    installWith = "base-devel";
  }
  {
    suffix = "man";
    description = "manual pages";
    paths = [ "usr/share/man" ];
    installWith = "base-man";
  }
  {
    suffix = "doc";
    description = "documentation";
    paths = [
      "usr/share/doc"
      "usr/share/gtk-doc"
      "usr/share/html"
      "usr/share/info"
    ];
    installWith = "base-doc";
  }
  {
    suffix = "locale";
    description = "translations";
    paths = [ "usr/share/locale" ];
    needsParent = true;
    installWith = "base-locale";
  }
  {
    suffix = "bashcomp";
    description = "completions for bash";
    paths = [ "usr/share/bash-completion" ];
    needsParent = true;
    installWith = "bash-completion";
  }
  {
    suffix = "zshcomp";
    description = "completions for zsh";
    paths = [ "usr/share/zsh/site-functions" ];
    needsParent = true;
    installWith = "zsh";
  }
  {
    suffix = "fishcomp";
    description = "completions for fish";
    paths = [ "usr/share/fish/vendor_completions.d" ];
    needsParent = true;
    installWith = "fish-shell";
  }
]
