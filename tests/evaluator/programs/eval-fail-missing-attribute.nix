let pkgs = { openssl = 1; zlib = 2; }; in { buildInputs = [ pkgs.zlib pkgs.opensssl ]; }
