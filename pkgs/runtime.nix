# What every program of a system with LLVM's runtime is linked with, in the order in
# which one needs the other. A scope is what the packages see, whoever compiles:
# `headers` those of the kernel and the C library, `c` all of C besides, and
# `copied` no more than a shell.
{
  copied,
  # The compiler, and `headers`.
  intrinsics,
  # The compiler with its builtins, and `headers`.
  libc,
  # The compiler with its builtins, and `c`.
  cxx,
  # Where the compiler looks for what is its own, below `/`.
  resources,
}:

let
  packages = {
    linux-headers = copied.callPackage ./linux-headers/package.nix { };
    musl-headers = copied.callPackage ./musl/headers.nix { };
    fortify-headers = copied.callPackage ./fortify-headers/package.nix { };
    compiler-rt = intrinsics.callPackage ./compiler-rt/package.nix { inherit resources; };
    musl = libc.callPackage ./musl/full.nix { };
    libunwind = cxx.callPackage ./libunwind/package.nix { };
    libcxx-headers = copied.callPackage ./libcxx/headers.nix { };
    libcxxabi = cxx.callPackage ./libcxxabi/package.nix { inherit (packages) libcxx-headers; };
    libcxx = cxx.callPackage ./libcxx/package.nix { inherit (packages) libcxx-headers libcxxabi; };
  };
in
{
  inherit packages;
  headers = [
    packages.linux-headers
    packages.musl-headers
  ];
  # musl brings its own headers with it.
  c = [
    packages.linux-headers
    packages.musl
  ];
}
