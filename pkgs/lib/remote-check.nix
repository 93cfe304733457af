# A build that writes down all it can see, a file per topic: what `chx remote check` does here and there.
{ mkDerivation, side }:

mkDerivation {
  pname = "remote-check-${side}";
  version = "1";
  unpackPhase = "";
  configurePhase = "";
  buildPhase = ''
    mkdir seen
    id > seen/identity
    uname -s -n -m > seen/names
    cat /proc/sys/kernel/hostname >> seen/names 2>&1 || true
    # Names of outputs tell the side.
    env | grep -v -e remote-check -e '^_=' -e '^out=' -e '^side=' | sort > seen/environment
    ulimit -a > seen/limits
    umask > seen/umask
    grep -e '^Cap' -e '^NoNewPrivs' -e '^Seccomp' /proc/self/status > seen/rights
    for folder in / /build /chx /chx/store /dev /etc /proc /tmp; do
      stat -c '%n %a %u %g' "$folder"
    done > seen/folders
    for folder in / /usr /etc /chx/store; do
      if touch "$folder/remote-check" 2> /dev/null; then echo "$folder can be written"; else echo "$folder is read-only"; fi
    done > seen/writing
    rm -f /chx/store/remote-check
    find /bin/ /etc /usr -maxdepth 3 -type f -exec stat -c '%n %a %Y %s' '{}' ';' | sort > seen/inputs
    find /bin/ /etc /usr -maxdepth 3 -type d -exec stat -c '%n %a %Y' '{}' ';' | sort >> seen/inputs
    find /bin/ /etc /usr -maxdepth 3 -type l -exec stat -c '%n %N' '{}' ';' | sort > seen/links
    find /bin/ /etc /usr -maxdepth 3 -type l -exec stat -c '%n %Y' '{}' ';' | sort > seen/times-of-links
    ls -a /dev > seen/devices
    cat /proc/cmdline /proc/version /proc/meminfo > seen/proc 2>&1 || true
    (cat /proc/1/cmdline; ls /proc/1) >> seen/proc 2>&1 || true
    ls /proc | grep -v '[0-9]' > seen/entries-of-proc
    ls /proc | grep -c '[0-9]' > seen/processes
    ls -a /build /tmp > seen/work 2>&1
    cat /proc/net/dev > seen/network 2>&1 || true
    nproc > seen/processors
    # A system call that the filter refuses: the answer tells the filter.
    (mkfifo pipe && rm pipe; chmod u+s /build/seen 2>&1 || echo "no set-id") > seen/calls 2>&1
    date +%Z > seen/zone
  '';
  installPhase = ''
    mkdir "$out"
    cp seen/* "$out/"
  '';
}
