# Flags of the compiler that a profile's data stand for.
#
# `hardening` says what protects a program by itself; each is left out where the
# machine or the compiler has no such thing.
profile:

let
  hardening = profile.hardening or { };
  has = name: hardening.${name} or false;
  when = name: flags: if has name then flags else [ ];
  words = builtins.concatStringsSep " ";
in
{
  # Everywhere.
  machine = words (profile.flags or [ ]);

  compile = words (
    when "pie" [ "-fPIE" ]
    ++ when "stackProtector" [ "-fstack-protector-strong" ]
    ++ when "stackClash" [ "-fstack-clash-protection" ]
    ++ when "autoVarInit" [ "-ftrivial-auto-var-init=zero" ]
    # The headers are a package of their own, fortify-headers.
    ++ when "fortify" [
      "-D_FORTIFY_SOURCE=2"
      "-iwithsysroot/usr/include/fortify"
    ]
    ++ when "integerSanitizers" [
      "-fsanitize=signed-integer-overflow,integer-divide-by-zero"
      "-fsanitize-trap=signed-integer-overflow,integer-divide-by-zero"
    ]
    ++ hardening.branchProtection or [ ]
  );

  link = words (
    (if has "pie" then [ "-static-pie" ] else [ "-static" ])
    ++ when "relro" [ "-Wl,-z,relro" ]
    ++ when "now" [ "-Wl,-z,now" ]
  );
}
