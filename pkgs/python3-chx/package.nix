# The language Python with what chx needs beside it: SQLite, which CPython's own build
# finds, and BLAKE3. It takes the place of python3 where chx runs.
{
  python3,
  sqlite,
  blake3,
}:

python3.overrideAttrs (old: {
  pname = "python3-chx";

  libraries = old.libraries ++ [
    blake3
    sqlite
  ];

  postPatch = old.postPatch + ''
    cp ${./blake3module.c} Modules/blake3module.c
    printf '%s\n' 'blake3 blake3module.c -lblake3' >> Modules/Setup.local
  '';

  # The digests are those of the test vectors that come with BLAKE3.
  checkPhase = old.checkPhase + ''
    ./python - <<'end'
    import sqlite3
    from blake3 import blake3

    assert sqlite3.connect(":memory:").execute("select 6 * 7").fetchone() == (42,)
    data = bytes(number % 251 for number in range(1025))
    assert blake3().hexdigest() == "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"
    assert blake3(data).hexdigest().startswith("d00278ae47eb27b34faecf67b4fe263f")
    assert blake3(data, key=b"whats the Elvish word for friend").digest(8) == bytes.fromhex("357dc55de0c7e382")
    context = "BLAKE3 2019-12-27 16:29:52 test vectors context"
    assert blake3(data, derive_key_context=context).digest(8) == bytes.fromhex("effaa245f065fbf8")
    parts = blake3(max_threads=blake3.AUTO)
    for number in data:
        parts.update(bytes([number]))
    assert parts.digest() == parts.copy().digest() == blake3(data).digest()
    assert parts.digest(5, seek=3) == blake3(data).digest(8)[3:]
    parts.reset()
    assert parts.digest() == blake3().digest()
    end
  '';

  meta = old.meta // {
    description = "the language Python, with the modules that chx needs";
  };
})
