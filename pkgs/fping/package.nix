# fping.
{
  mkDerivation,
  fetchurl,
  unpack,
}:

mkDerivation {
  pname = "fping";
  version = "5.1";

  src = unpack {
    name = "fping-source";
    src = fetchurl {
      name = "fping_5.1.orig.tar.gz";
      urls = [
        "https://fping.org/dist/fping-5.1.tar.gz"
        "debian-source:fping/fping_5.1.orig.tar.gz"
      ];
      sha256 = "1ee5268c063d76646af2b4426052e7d81a42b657e6a77d8e7d3d2e60fd7409fe";
    };
  };

  style = "autoconf";

  # musl's msghdr has other members between these; and the numbers of ICMP are no
  # matter of /etc/protocols.
  postPatch = ''
    sed -i -e '/struct msghdr recv_msghdr = {/,/};/{' \
      -e 's/^ *reply_src_addr,/.msg_name = reply_src_addr,/' \
      -e 's/^ *reply_src_addr_len,/.msg_namelen = reply_src_addr_len,/' \
      -e 's/^ *&msg_iov,/.msg_iov = \&msg_iov,/' \
      -e 's/^ *1,/.msg_iovlen = 1,/' \
      -e 's/^ *&msg_control,/.msg_control = \&msg_control,/' \
      -e 's/^ *sizeof(msg_control),/.msg_controllen = sizeof(msg_control)/' \
      -e '/^ *0$/d' -e '}' src/fping.c
    sed -i -e '/getprotobyname/d' -e '/icmp: unknown protocol/d' -e '/struct protoent/d' src/socket4.c src/socket6.c
    sed -i 's/proto->p_proto/IPPROTO_ICMP/' src/socket4.c
    sed -i 's/proto->p_proto/IPPROTO_ICMPV6/' src/socket6.c
  '';

  doCheck = true;
  checkPhase = ''
    src/fping --version | grep -q 'Version 5.1'
  '';

  # Raw sockets, where datagram sockets of ICMP are not permitted.
  modes."usr/bin/fping" = {
    mode = "4755";
  };

  meta = {
    description = "program that pings many hosts at once";
    homepage = "https://fping.org/";
    license = "LicenseRef-fping";
    origin = "independent";
  };
}
