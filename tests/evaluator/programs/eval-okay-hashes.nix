map (a: builtins.hashString a "abc") [ "md5" "sha1" "sha256" "sha512" ]
++ map (f: builtins.convertHash { hash = builtins.hashString "sha256" "x"; hashAlgo = "sha256"; toHashFormat = f; }) [ "base16" "nix32" "base64" "sri" ]
