# What builds that make libraries of any system are written with.
{
  mkDerivation,
  fetchurl,
  toolchain,
  unpack,
  m4,
}:

mkDerivation {
  pname = "libtool";
  version = "2.5.4";

  src = unpack {
    name = "libtool-source";
    src = fetchurl {
      name = "libtool_2.5.4.orig.tar.xz";
      urls = [
        "https://ftp.gnu.org/gnu/libtool/libtool-2.5.4.tar.xz"
        "debian-source:libtool/libtool_2.5.4.orig.tar.xz"
      ];
      sha256 = "d9189031edeaa6aa74695b2aeb80a8c26df50b29d8b72c991667e01adecea42c";
    };
  };

  broken = if toolchain.compiler == "tcc" then "its library for plug-ins asks nm for symbols, which tcc has none of" else null;

  style = "autoconf";
  tools = [ m4 ];
  runtime = [
    "/bin/sh"
    m4
  ];
  # `configure` wants to see one for C++, too.
  configureFlags = [ "CXXCPP=$CC -E -x c" ];
  # What it writes into scripts.
  CONFIG_SHELL = "/bin/sh";
  makeFlags = [ "MAKEINFO=true" ];

  postInstall = ''
    sed -i '1s|^#! */usr/bin/env sh|#!/bin/sh|' "$out/usr/bin/libtoolize"
  '';

  meta = {
    description = "scripts that make libraries of any system";
    homepage = "https://www.gnu.org/software/libtool/";
    license = "GPL-2.0-or-later WITH Libtool-exception";
    origin = "GNU";
  };
}
