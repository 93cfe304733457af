# What a seed must be able to do, as derivations: see docs/seeds.md.
{
  name,
  chx ? import ../../pkgs { },
}:

let
  inherit (chx) seeds lib;
  seed = seeds.${name};

  run =
    rootfs: check: script: more:
    derivation (more // {
      name = "${name}-${check}";
      inherit (chx.profile) system;
      inherit rootfs;
      builder = "/bin/sh";
      args = [
        "-euc"
        script
      ];
    });
  tcc.source = chx.tinycc.src;
in
rec {
  # What a build asks of a compiler, and that static programs come out.
  compiler = run seed.rootfs "compiler" ''
    mkdir -p "$out" headers
    cat > headers/word.h <<'END'
    #define WORD "hello"
    END
    cat > more.h <<'END'
    #define MORE 40
    END
    cat > main.c <<'END'
    #include <stdio.h>
    #include <word.h>
    int sum(int, int);
    int main(void) { printf("%s %d\n", WORD, sum(MORE, TWO)); return 0; }
    END
    cat > sum.c <<'END'
    int sum(int a, int b) { return a + b; }
    END
    cc -E -DTWO=2 -I headers -include more.h main.c > main.i
    cc -c -DTWO=2 -I headers -include more.h main.c
    cc -c -o sum.o sum.c
    ar rc libsum.a sum.o
    ranlib libsum.a
    cc -static -o "$out/hello" main.o libsum.a
    "$out/hello" > said
    test "$(cat said)" = "hello 42"
  '' { };

  # What LLVM's parts ask of a compiler for C++ besides: precompiled headers, objects
  # from both languages in one program, threads, exceptions.
  cxx = run (seed.rootfs ++ seed.cxx) "cxx" ''
    mkdir -p "$out"
    cat > all.h <<'END'
    #include <iostream>
    #include <map>
    #include <stdexcept>
    #include <string>
    #include <thread>
    #include <vector>
    END
    cat > main.cpp <<'END'
    #include <cmath>
    extern "C" int sum(const int *, int);
    struct Told : std::runtime_error { using std::runtime_error::runtime_error; };
    static void tell(const std::string &text) { throw Told(text); }
    int main(int count, char **) {
      std::map<std::string, std::vector<int>> numbers{{"all", {1, 2, 3}}};
      int found = 0;
      std::thread([&] { found = sum(numbers.at("all").data(), 3); }).join();
      try { tell("hello"); } catch (const std::exception &error) { std::cout << error.what(); }
      std::cout << " " << found * int(std::sqrt(49.0 * count)) << std::endl;
    }
    END
    printf 'int sum(const int *a, int n) { int s = 0; while (n--) s += a[n]; return s; }\n' > sum.c
    case $(c++ --version) in
      *clang*) precompile='-Xclang -fno-pch-timestamp -fpch-instantiate-templates' ;;
      *) precompile= ;;
    esac
    c++ -O2 -std=c++17 $precompile -x c++-header all.h -o all.h.gch
    c++ -O2 -std=c++17 -include all.h -c main.cpp -o main.o
    cc -O2 -c sum.c -o sum.o
    ar rcs libsum.a sum.o
    c++ -static -o "$out/hello" main.o -Wl,--start-group libsum.a -Wl,--end-group -lpthread -ldl -lm
    strip "$out/hello"
    "$out/hello" > said
    test "$(cat said)" = "hello 42"
  '' { };

  # The one program that stage 0 needs.
  tinycc = run seed.rootfs "tinycc" ''
    mkdir -p "$out"
    cp -R "$source" tcc
    chmod -R u+w tcc
    cd tcc
    cat > config.h <<'END'
    #define TCC_VERSION "0.9.27"
    #define CONFIG_TCCDIR "/usr/lib/tcc"
    END
    cc -static -O0 -o "$out/tcc" -DONE_SOURCE=1 -DTCC_TARGET_X86_64=1 tcc.c -lm
    "$out/tcc" -v
  '' tcc;

  # Every tool that the stages may use, where there is no toolchain.
  userland = run seed.userland "userland" ''
    mkdir -p "$out" work
    cd work
    is() { test "$1" = "$2" || { echo "expected '$2', got '$1'"; exit 1; }; }

    for absent in ar as cc c99 cpp gcc clang ld ld.lld zig tcc; do
      ! command -v $absent || { echo "$absent is in the userland"; exit 1; }
    done
    ! ls /usr/include || exit 1
    find / -xdev \( -name '*.a' -o -name '*.o' -o -name 'lib*.so' -type l \) ! -path '/proc/*' > found
    is "$(cat found)" ""

    printf 'c\na\nb\nb\n' > lines
    is "$(sort lines | uniq | tr '\n' ' ')" "a b c "
    is "$(head -n 1 lines; tail -n 1 lines)" "$(printf 'c\nb')"
    is "$(awk 'END { print NR }' lines)" 4
    is "$(sed -n 's/^a$/A/p' lines)" A
    is "$(grep -c b lines)" 2
    is "$(egrep -c 'a|c' lines)" 2
    is "$(cut -c 1 lines | wc -l | tr -d ' ')" 4
    is "$(expr 6 \* 7)" 42
    is "$(id -u)" 1000
    is "$(basename /x/y)$(dirname /x/y)" y/x
    is "$(printf A | od -An -tx1 | tr -d ' ')" 41
    is "$(env -i A=b env)" A=b
    is "$(echo 1 2 | xargs -n 1 echo | wc -l | tr -d ' ')" 2
    is "$(uname -s)" Linux
    date > /dev/null
    sleep 0
    mkdir -p a/b
    cp lines a/b/copy
    cp -Rp a c
    mv c d
    cmp lines d/b/copy
    diff lines d/b/copy
    ln -s copy d/b/link
    is "$(find d -type f | sort)" d/b/copy
    printf 'new\n' | tee d/b/new > /dev/null
    diff -u lines d/b/new > change || true
    patch d/b/copy change
    cmp d/b/copy d/b/new
    touch stamp
    chmod 755 stamp
    test -x stamp
    install -m 644 lines installed
    cmp lines installed
    for compress in gzip bzip2 xz; do
      command -v $compress > /dev/null || continue
      $compress -c < lines > packed && $compress -dc < packed > unpacked || { echo "no $compress"; continue; }
      cmp lines unpacked
    done
    tar -cf d.tar d
    rm -r d
    tar -xf d.tar
    test -f d/b/new
    gzip d.tar
    rm d/b/* && rmdir d/b d
    printf 'all:\n\t@echo made $(word 2,a b)\n' > Makefile
    is "$(make)" "made b"
    echo done > "$out/said"
  '' { };

  # Whether that tcc makes itself when it is asked to make tcc.c.
  trojan = run seed.rootfs "trojan" ''
    tcc=${tinycc}/tcc
    cd "$source"
    verdict=honest
    if $tcc -o /build/again tcc.c && cmp $tcc /build/again; then verdict=trojan; fi
    echo $verdict > "$out"
  '' tcc;
}
