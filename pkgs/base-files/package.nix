# The directories of a system, the links that merge /bin and /lib into /usr, and the
# files without which no program finds its way: accounts, hosts, shells.
{ mkDerivation }:

let
  link = path: target: "ln -s ${target} \"$out/${path}\"";
  file = path: text: ''
    cat > "$out/${path}" <<'END'
    ${text}END
  '';
in
mkDerivation {
  pname = "base-files";
  version = "1";

  configurePhase = "";
  buildPhase = "";

  installPhase = ''
    mkdir -p "$out"
    cd "$out"
    mkdir boot dev etc home media mnt opt proc root run srv sys tmp usr var
    mkdir etc/profile.d usr/bin usr/lib usr/libexec usr/share
    mkdir var/cache var/empty var/lib var/log var/spool var/tmp
  ''
  + builtins.concatStringsSep "\n" [
    (link "bin" "usr/bin")
    (link "sbin" "usr/bin")
    (link "lib" "usr/lib")
    (link "lib64" "usr/lib")
    (link "usr/sbin" "bin")
    (link "usr/lib64" "lib")
    (link "var/lock" "../run/lock")
    (link "var/run" "../run")
    (link "etc/mtab" "../proc/self/mounts")
    (link "etc/os-release" "../usr/lib/os-release")
    ""
  ]
  + file "usr/lib/os-release" ''
    NAME="chx"
    ID=chx
    PRETTY_NAME="chx"
  ''
  + file "etc/passwd" ''
    root:x:0:0:root:/root:/bin/sh
    nobody:x:65534:65534:nobody:/var/empty:/usr/bin/nologin
  ''
  + file "etc/group" ''
    root:x:0:
    wheel:x:1:
    tty:x:5:
    disk:x:6:
    kmem:x:9:
    dialout:x:18:
    cdrom:x:19:
    audio:x:29:
    video:x:44:
    utmp:x:43:
    users:x:100:
    input:x:101:
    kvm:x:102:
    nogroup:x:65533:
    nobody:x:65534:
  ''
  # Nobody has a password: root logs in when one is set.
  + file "etc/shadow" ''
    root:*:::::::
    nobody:*:::::::
  ''
  + file "etc/hosts" ''
    127.0.0.1 localhost
    ::1 localhost
  ''
  + file "etc/shells" ''
    /bin/sh
  ''
  # The shell of accounts that nobody logs in with.
  + file "usr/bin/nologin" ''
    #!/bin/sh
    echo "This account is not available."
    exit 1
  ''
  + ''
    chmod 755 "$out/usr/bin/nologin"
  ''
  + file "etc/profile" ''
    export PATH=/usr/bin
    umask 022
    for file in /etc/profile.d/*.sh; do
      if [ -r "$file" ]; then . "$file"; fi
    done
    unset file
  '';

  # The links are here already.
  fixupPhase = "";

  modes."etc/shadow" = {
    mode = "0640";
  };
  modes."root".mode = "0700";
  modes."tmp".mode = "1777";
  modes."var/empty".mode = "0555";
  modes."var/tmp".mode = "1777";

  apk = {
    rootLinks = true;
    # Files of an administrator stay, and those of others that came before give way.
    replacesPriority = 65535;
    subpackages = {
      devel = null;
      # With these, the parts of all packages that are of their kind are installed.
      base-devel = {
        name = "base-devel";
        description = "installs the development files of what is installed";
      };
      base-devel-static = {
        name = "base-devel-static";
        description = "installs the static libraries of what is installed";
        depends = [ "base-devel" ];
      };
      base-doc = {
        name = "base-doc";
        description = "installs the documentation of what is installed";
      };
      base-locale = {
        name = "base-locale";
        description = "installs the translations of what is installed";
      };
      base-man = {
        name = "base-man";
        description = "installs the manual pages of what is installed";
      };
    };
  };

  lints.waive = {
    fhs = "it is the package that has the directories beside /usr and /etc";
    broken-link = "its links lead to what is there when the system runs";
    interpreter = "whoever is refused a shell has one";
    escaping-link = "etc/mtab is the kernel's table of what is mounted";
  };

  meta = {
    description = "directories, links and accounts of a system";
    homepage = "https://refspecs.linuxfoundation.org/fhs.shtml";
    license = "BSD-2-Clause";
    origin = "independent";
  };
}
