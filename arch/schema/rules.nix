# How the attributes of a profile must fit together: name of its file -> profile -> rules.
#
# A rule speaks of an `attribute`, `within` sets that lie in each other.
name: profile:

let
  startsWith = prefix: text: builtins.substring 0 (builtins.stringLength prefix) text == prefix;

  equals = within: attribute: found: expected: why: {
    inherit within attribute;
    holds = found == expected;
    allowed = "${builtins.toJSON expected}, ${why}";
  };
in
[
  (equals [ ] "name" profile.name name "the name of the file")
  (equals [ ] "system" profile.system "${name}-linux" "the name and the kernel")
  (equals [ ] "triplet" profile.triplet "${profile.machine}-linux-musl"
    "the machine, the kernel and the C library"
  )
  (equals [ "elf" ] "class" profile.elf.class profile.wordSize "the word size")
  (equals [ "elf" ] "data" profile.elf.data profile.endian "the endianness")
  {
    within = [
      "elf"
      "flags"
    ];
    attribute = "value";
    holds =
      profile.elf.flags.value == 0
      || builtins.bitAnd profile.elf.flags.value profile.elf.flags.mask == profile.elf.flags.value;
    allowed = "within the mask, ${toString profile.elf.flags.mask}";
  }
  {
    within = [ ];
    attribute = "usualPageSize";
    holds = profile.usualPageSize <= profile.pageSize;
    allowed = "at most the page size, ${toString profile.pageSize}";
  }
  {
    # musl names its loader by its own name for the machine, and what it adds to that.
    within = [ ];
    attribute = "loader";
    holds = startsWith "ld-musl-${profile.musl}" profile.loader;
    allowed = "musl's, which begins with \"ld-musl-${profile.musl}\"";
  }
  {
    within = [ "lto" ];
    attribute = "thin";
    holds = profile.lto.thin -> profile.lto.supported;
    allowed = "false where link-time optimisation is not supported";
  }
]
